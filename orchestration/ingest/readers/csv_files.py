"""CSV as RFC 4180 has it, delimited by commas, semicolons or tabs; read by DuckDB."""

import csv
import glob
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa

from orchestration.ingest.readers.delivery import (
    HEADER_CHARACTERS,
    HEADER_COLUMNS,
    PIECE_ROWS,
    Delivery,
    chunks,
    long_header,
)
from orchestration.ingest.readers.stream import is_packed, unpacked
from orchestration.ingest.rejections import RefusedFile
from schemas import RawTable

DELIMITERS = (",", ";", "\t")


def open_csv(path: Path, file: str, table: type[RawTable], most_lines: int) -> Delivery:
    """Read a CSV as far as its header, the delimiter being the one that makes most of it known."""
    with unpacked(path) as stream:
        text = io.TextIOWrapper(stream, "utf-8-sig", newline="").read(HEADER_CHARACTERS + 1)
    readings = [(*_csv_header(text, delimiter), delimiter) for delimiter in DELIMITERS]
    blank_lines, header, delimiter = max(
        readings, key=lambda reading: table.headers().count_known(reading[1])
    )
    if not header:
        raise RefusedFile(file, "no_header")
    if len(header) > HEADER_COLUMNS or (
        len(text) > HEADER_CHARACTERS and len(text.splitlines()) <= blank_lines + 1
    ):
        raise long_header(file)

    def columns(positions: Sequence[int]) -> Iterator[pl.DataFrame]:
        # Strict, because a lenient parser takes a missing quote for one long value and loses rows.
        options = {
            "auto_detect": False,
            "header": True,
            "skip": blank_lines,
            "columns": {str(position): "VARCHAR" for position in range(len(header))},
            "delim": delimiter,
            "quote": '"',
            "escape": '"',
            "strict_mode": True,
            "nullstr": "",
            "allow_quoted_nulls": True,
            "null_padding": False,
            "compression": "gzip" if is_packed(path) else "none",
        }
        wanted = ", ".join(f'"{position}"' for position in positions)
        named = ", ".join(f"{option} = ${option}" for option in options)
        # A blank line is no row; only in a file of one column could it be taken for one.
        no_blank_lines = 'where "0" is not null' if len(header) == 1 else ""
        try:
            with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
                result = connection.execute(
                    f"select {wanted} from read_csv($path, {named}) {no_blank_lines}",  # noqa: S608 - own names only
                    # The name is a pattern to the engine; this file and no other is meant.
                    {"path": glob.escape(str(path)), **options},
                )
                for chunk in chunks(result.to_arrow_reader(PIECE_ROWS)):
                    yield pl.DataFrame(pl.from_arrow(chunk))
        except (duckdb.Error, pa.ArrowException, OSError, pl.exceptions.PolarsError) as error:
            # What the engine finds beyond the first chunk, Arrow hands on as an OSError.
            raise RefusedFile(file, "broken_csv", reason=_csv_reason(error)) from None

    return Delivery(header, columns, most_lines)


def _csv_header(text: str, delimiter: str) -> tuple[int, list[str]]:
    """Find the first line that is not blank; returns how many are before it, and its fields."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for blank_lines, fields in enumerate(reader):
            if fields:
                return blank_lines, fields
    except csv.Error:  # a field of more than 128 KiB
        return 0, [""] * (HEADER_COLUMNS + 1)
    return 0, []


def _csv_reason(error: Exception) -> str:
    """Keep what the reader says of the place and the cause; its hints are about its own options."""
    said = str(error).split("Possible")[0].removeprefix("Invalid Input Error: ").strip()
    if "state machine" in said:
        return "its line ends are of several kinds, or it is no CSV as RFC 4180 has it"
    at_line = re.match(r"CSV Error on Line: (\d+)\nOriginal Line: (.*)\n(.*)", said, re.DOTALL)
    if at_line:
        number, line, cause = at_line.groups()
        return f"line {number}: {cause.rstrip('.')}: {line.strip()[:80]!r}"
    return ", ".join(line.strip().rstrip(".") for line in said.splitlines() if line.strip())[:300]
