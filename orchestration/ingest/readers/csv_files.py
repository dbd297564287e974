"""CSV as RFC 4180 has it, delimited by commas, semicolons or tabs; read by DuckDB."""

import codecs
import csv
import glob
import io
import itertools
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb
import polars as pl
import pyarrow as pa

from orchestration.ingest.readers.delivery import (
    HEADER_CHARACTERS,
    HEADER_COLUMNS,
    LINES_ABOVE,
    PIECE_ROWS,
    Delivery,
    chunks,
    long_header,
)
from orchestration.ingest.readers.stream import BLOCK_BYTES, is_of_disk, is_packed, unpacked
from orchestration.ingest.rejections import RefusedFile
from schemas import RawTable

DELIMITERS = (",", ";", "\t")
SHOWN_CHARACTERS = 80  # of a record that breaks its file
_WIDTHS = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_AT_RECORD = re.compile(  # what the record itself says comes before the cause
    r"CSV Error on Line: (\d+)\nOriginal Line: (.*)\n"
    r"(Expected Number of Columns: \d+ Found: \d+|Value with unterminated quote found)",
    re.DOTALL,
)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


class _Header(NamedTuple):
    """A line of a file as its header.

    Attributes:
        fields: what it says.
        delimiter: by which it was read.
        line: how many lines of the file stand before it, blank ones included.
        offset: how many bytes they are, a byte order mark apart.
        above: those of them that say something.
        is_whole: whether its end was seen.
    """

    fields: list[str]
    delimiter: str
    line: int
    offset: int
    above: list[str]
    is_whole: bool


def open_csv(path: Path, file: str, table: type[RawTable], most_lines: int) -> Delivery:
    """Read a CSV as far as its header."""
    with unpacked(path, file) as stream:
        text = io.TextIOWrapper(stream, "utf-8-sig", newline="").read(HEADER_CHARACTERS + 1)
    header = _find_header(text, table)
    if header is None:
        raise RefusedFile(file, "no_header")
    width = len(header.fields)
    if width > HEADER_COLUMNS or not header.is_whole:
        raise long_header(file)

    def columns(positions: Sequence[int]) -> Iterator[pl.DataFrame]:
        # Strict, because a lenient parser takes a missing quote for one long value and loses rows.
        options = {
            "auto_detect": False,
            "header": True,
            "columns": {str(position): "VARCHAR" for position in range(width)},
            "delim": header.delimiter,
            "quote": '"',
            "escape": '"',
            "strict_mode": True,
            "nullstr": "",
            "allow_quoted_nulls": True,
            "null_padding": False,
        }
        wanted = ", ".join(f'"{position}"' for position in positions)
        # A blank line is no row; only in a file of one column could it be taken for one.
        no_blank_lines = 'where "0" is not null' if width == 1 else ""
        try:
            with (
                _from_header(path, file, header.offset) as (source, compression),
                duckdb.connect(config={"memory_limit": "1GB"}) as connection,
            ):
                options["compression"] = compression
                named = ", ".join(f"{option} = ${option}" for option in options)
                result = connection.sql(
                    f"select {wanted} from read_csv($path, {named}) {no_blank_lines}",  # noqa: S608 - own names only
                    # The name is a pattern to the engine; this file and no other is meant.
                    params={"path": glob.escape(str(source)), **options},
                )
                for chunk in chunks(result.to_arrow_reader(PIECE_ROWS)):
                    yield pl.DataFrame(pl.from_arrow(chunk))
        except (duckdb.Error, pa.ArrowException, OSError, pl.exceptions.PolarsError) as error:
            # What the engine finds beyond the first chunk, Arrow hands on as an OSError.
            if is_of_disk(error):
                raise
            reason = _reason(error, path, file, header)
            raise RefusedFile(file, "broken_csv", reason=reason) from None

    return Delivery(header.fields, columns, most_lines, header.above)


def _find_header(text: str, table: type[RawTable]) -> _Header | None:
    """Find the first line that has all required columns, judged together with the delimiter.

    Returns:
        Without such a line the one that has most of the table's columns; None in a file of blanks.
    """
    lines = [line for line in _LINE.findall(text) if line]
    spoken = [number for number, line in enumerate(lines) if line.strip(' \t\r\n";,')]
    headers = table.headers()
    best: tuple[tuple[bool, int, int], _Header] | None = None
    for above in range(min(len(spoken), LINES_ABOVE + 1)):
        number = spoken[above]
        for delimiter in DELIMITERS:
            fields, is_whole = _fields(lines[number:], delimiter, len(text) > HEADER_CHARACTERS)
            rank = (headers.has_required(fields), headers.count_known(fields), -number)
            if best is None or rank > best[0]:
                said = [lines[earlier].strip() for earlier in spoken[:above]]
                offset = len("".join(lines[:number]).encode())
                best = rank, _Header(fields, delimiter, number, offset, said, is_whole)
        if best and best[0][0]:
            break
    return best[1] if best else None


def _fields(lines: list[str], delimiter: str, is_cut: bool) -> tuple[list[str], bool]:
    """The fields of the record that begins with the first line, and whether all of it is there."""
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        fields = next(reader)
    except csv.Error:  # a field of more than 128 KiB
        return [], False
    return fields, not is_cut or reader.line_num < len(lines)


@contextmanager
def _from_header(path: Path, file: str, offset: int) -> Iterator[tuple[Path, str]]:
    """Yield a file that begins with the header, and how it is packed.

    The engine can skip lines, but it reads quotes and line ends of those, too: a title with a
    single quote, or with the other kind of line end, would take rows away with it.
    """
    if not offset:
        yield path, "gzip" if is_packed(path) else "none"
        return
    with tempfile.NamedTemporaryFile(suffix=".csv") as copy:
        with unpacked(path, file) as stream:
            start = stream.read(len(codecs.BOM_UTF8) + offset)
            mark = len(codecs.BOM_UTF8) if start.startswith(codecs.BOM_UTF8) else 0
            copy.write(start[mark + offset :])
            shutil.copyfileobj(stream, copy, BLOCK_BYTES)
        copy.flush()
        yield Path(copy.name), "none"


def _reason(error: Exception, path: Path, file: str, header: _Header) -> str:
    """Keep what the engine says of the place and the cause; its hints are about its own options."""
    said = str(error).removeprefix("Invalid Input Error: ").strip()
    if at_record := _AT_RECORD.match(said):
        number, text, cause = at_record.groups()
        line = _line_of(int(number), path, file, header)
        text = text.strip()
        excerpt = f"{text[:SHOWN_CHARACTERS]}…" if len(text) > SHOWN_CHARACTERS else text
        cause = _WIDTHS.sub(r"\2 fields instead of \1", cause)
        return f"line {line}: {cause}: {excerpt!r}"
    if "state machine" in said:
        return "its line ends are of several kinds, or it is no CSV as RFC 4180 has it"
    said = said.split("Possible")[0]
    return ", ".join(line.strip().rstrip(".") for line in said.splitlines() if line.strip())[:300]


def _line_of(record: int, path: Path, file: str, header: _Header) -> int:
    """The line of a file, as an editor shows it, in which a record begins; the header is the first.

    The engine numbers records, of which one can have many lines.
    """
    try:
        with unpacked(path, file) as stream:
            text = io.TextIOWrapper(stream, "utf-8-sig", newline="")
            for _ in range(header.line):
                text.readline()
            # As the engine has it, a quote may follow one blank.
            reader = csv.reader(text, delimiter=header.delimiter, skipinitialspace=True)
            for _ in itertools.islice(reader, record - 1):
                pass
    except (csv.Error, OSError):  # a field of more than 128 KiB
        return header.line + record
    return header.line + reader.line_num + 1
