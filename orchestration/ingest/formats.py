"""How each file format is read: headers, then columns in chunks, in bounded memory.

What a column must hold is not known here. A value is handed on as the text that the file has, or,
from parquet, in the file's own type; no number passes through a float.
"""

import codecs
import csv
import glob
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet

from orchestration.ingest.rejections import RefusedFile
from schemas import RawTable

EXTENSIONS = (
    ".csv",
    ".csv.gz",
    ".json",
    ".jsonl",
    ".ndjson",
    ".jsonl.gz",
    ".ndjson.gz",
    ".parquet",
)
CHUNK_ROWS, CHUNK_BYTES = 131_072, 64 << 20
PIECE_ROWS = 16_384  # what readers are asked for at once, as rows of long texts are large
BLOCK_BYTES = 1 << 20
HEADER_CHARACTERS, HEADER_COLUMNS = 1 << 20, 5_000
RECORD_BYTES = 16 << 20
# What real exports stay far below: gzip makes them 5 to 30 times smaller, parquet keeps more than
# a byte for a hundred rows.
UNPACKED_RATIO, UNPACKED_BYTES = 200, 256 << 20
ROWS_PER_BYTE = 100
DELIMITERS = (",", ";", "\t")
UTC_NAMES = ("UTC", "Etc/UTC", "Z", "+00:00")


@dataclass(frozen=True)
class Delivery:
    """A file that has been opened far enough to know its headers.

    Attributes:
        headers: as delivered, in the order of the file.
        columns: reads the columns at the given positions: frames of all rows in file order, whose
            columns are named by the positions as text.
        most_rows: how many rows the file can have at most.
    """

    headers: list[str]
    columns: Callable[[Sequence[int]], Iterator[pl.DataFrame]]
    most_rows: int


def extension_of(path: Path) -> str | None:
    """The extension of a file that can be read, in lower case, `.gz` included; else None."""
    name = path.name.lower()
    return max((end for end in EXTENSIONS if name.endswith(end)), key=len, default=None)


def open_delivery(path: Path, file: str, table: type[RawTable]) -> Delivery:
    """Open a file for reading.

    Args:
        path: the file; `extension_of` tells its format.
        file: what messages call it.
        table: the table whose columns tell one delimiter of a CSV from another.

    Raises:
        RefusedFile: the file cannot be read; reading its columns can raise it, too.
    """
    extension = extension_of(path) or ""
    if extension.startswith(".csv"):
        lines = _check_text(path, file, longest_line=RECORD_BYTES)
        return _open_csv(path, file, table, lines)
    if extension == ".parquet":
        return _open_parquet(path, file)
    _check_text(path, file)
    return _open_json(path, file, is_array=extension == ".json")


def chunks(pieces: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Join pieces of a file until they are as many rows, or as many bytes, as a chunk may have."""
    gathered: list[pa.RecordBatch] = []
    for piece in pieces:
        gathered.append(piece)
        rows = sum(map(len, gathered))
        if rows >= CHUNK_ROWS or sum(part.nbytes for part in gathered) >= CHUNK_BYTES:
            yield pa.concat_batches(gathered)
            gathered = []
    if gathered:
        yield pa.concat_batches(gathered)


def _bytes_of(path: Path) -> BinaryIO:
    return gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")  # type: ignore[return-value]


def _check_text(path: Path, file: str, longest_line: int | None = None) -> int:
    """Read all of a text file once: it is UTF-8, unpacks to its end, has lines of some length.

    Returns:
        How many lines it can have at most.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    limit = max(UNPACKED_BYTES, UNPACKED_RATIO * path.stat().st_size)
    position = line_start = new_lines = returns = 0
    try:
        with _bytes_of(path) as stream:
            while True:
                block = stream.read(BLOCK_BYTES)
                pending = len(decoder.getstate()[0])
                try:
                    decoder.decode(block, final=not block)
                except UnicodeDecodeError as error:
                    position += error.start - pending
                    raise RefusedFile(file, "not_utf8", position=position) from None
                if longest_line:
                    last = max(block.rfind(b"\n"), block.rfind(b"\r"))
                    line_start = position + last if last >= 0 else line_start
                    if position + len(block) - line_start > longest_line:
                        limits = {"limit": longest_line, "position": line_start}
                        raise RefusedFile(file, "long_line", **limits)
                position += len(block)
                new_lines, returns = new_lines + block.count(b"\n"), returns + block.count(b"\r")
                if not block:
                    return 1 + max(new_lines, returns)
                if position > limit and path.name.lower().endswith(".gz"):
                    raise RefusedFile(file, "bomb", ratio=UNPACKED_RATIO)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RefusedFile(file, "broken_gzip", reason=str(error).rstrip(".")) from None


# --- CSV ---------------------------------------------------------------------------------------


def _open_csv(path: Path, file: str, table: type[RawTable], lines: int) -> Delivery:
    with _bytes_of(path) as stream:
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
        limits = {"limit": HEADER_CHARACTERS, "columns": HEADER_COLUMNS}
        raise RefusedFile(file, "long_header", **limits)

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
            "compression": "gzip" if path.name.lower().endswith(".gz") else "none",
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
        except (duckdb.Error, pa.ArrowException, pl.exceptions.PolarsError) as error:
            raise RefusedFile(file, "broken_csv", reason=_csv_reason(error)) from None

    return Delivery(header, columns, lines)


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


# --- JSON --------------------------------------------------------------------------------------


class _JsonText:
    """Takes one value after another from a JSON text of any length, numbers as they are written."""

    def __init__(self, stream: io.TextIOBase, file: str) -> None:
        self._stream, self._file = stream, file
        self._text, self._at, self._ended = "", 0, False
        literal: dict[str, Any] = dict.fromkeys(("parse_int", "parse_float", "parse_constant"), str)
        self._decode = json.JSONDecoder(strict=False, **literal).raw_decode
        self.records = 0

    def peek(self) -> str:
        """The next character that is not white space, or "" at the end."""
        while True:
            found = re.compile(r"[^\s]").search(self._text, self._at)
            if found:
                self._at = found.start()
                return found[0]
            self._at = len(self._text)
            if not self._read():
                return ""

    def skip(self, character: str) -> None:
        """Pass over a character that must come next."""
        if self.peek() != character:
            self.refuse(f"{character!r} is missing")
        self._at += 1

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._read():
                    self.refuse(error.msg)
                continue
            except RecursionError:
                self.refuse("it is nested too deeply")
            if end == len(self._text) and self._read():  # a number may go on
                continue
            self._at = end
            return value

    def refuse(self, reason: str) -> None:
        """Say what is wrong, and where."""
        raise RefusedFile(
            self._file, "broken_json", reason=f"after record {self.records:,}: {reason}"
        )

    def _read(self) -> bool:
        if self._ended:
            return False
        if len(self._text) - self._at > RECORD_BYTES:
            self.refuse(f"a record of more than {RECORD_BYTES:,} characters")
        # In proportion to what is pending, so that a long value is not tried too often.
        block = self._stream.read(max(BLOCK_BYTES, len(self._text) - self._at))
        self._text, self._at = self._text[self._at :] + block, 0
        self._ended = not block
        return not self._ended


def _records(path: Path, file: str, is_array: bool) -> Iterator[dict[str, Any]]:
    """All records of a JSON file: of an array, of `items`, or one after another."""
    with _bytes_of(path) as stream:
        text = _JsonText(io.TextIOWrapper(stream, "utf-8-sig"), file)
        values = _elements(text) if is_array else _values(text)
        for record in values:
            text.records += 1
            if not isinstance(record, dict):
                reason = f"record {text.records:,} is {json.dumps(record)[:40]}, no object"
                raise RefusedFile(file, "odd_json", reason=reason)
            yield record
        if text.peek():
            text.refuse("the file goes on after its end")


def _values(text: _JsonText) -> Iterator[Any]:
    while text.peek():
        yield text.value()


def _elements(text: _JsonText) -> Iterator[Any]:
    """The elements of an array, or of the array under `items` in an object."""
    if text.peek() != "{":
        yield from _array(text)
        return
    text.skip("{")
    has_items = False
    while text.peek() != "}":
        name = text.value()
        text.skip(":")
        if name == "items" and text.peek() == "[":
            has_items = True
            yield from _array(text)
        else:
            text.value()
        if text.peek() != "}":
            text.skip(",")
    text.skip("}")
    if not has_items:
        raise RefusedFile(text._file, "odd_json", reason="it is an object without an array `items`")


def _array(text: _JsonText) -> Iterator[Any]:
    text.skip("[")
    while text.peek() != "]":
        yield text.value()
        if text.peek() != "]":
            text.skip(",")
    text.skip("]")


def _open_json(path: Path, file: str, *, is_array: bool) -> Delivery:
    # Records may differ in their names, so all of them are read once before the first is used.
    names: dict[str, None] = {}
    rows = 0
    for record in _records(path, file, is_array):
        names |= dict.fromkeys(record)
        rows += 1
    headers = list(names)
    half = "a text holds half of a character (a lone surrogate)"
    if any(re.search("[\ud800-\udfff]", name) for name in headers):
        raise RefusedFile(file, "broken_json", reason=half)
    if len(headers) > HEADER_COLUMNS:
        limits = {"limit": HEADER_CHARACTERS, "columns": HEADER_COLUMNS}
        raise RefusedFile(file, "long_header", **limits)

    def columns(positions: Sequence[int]) -> Iterator[pl.DataFrame]:
        records = _records(path, file, is_array)
        while chunk := list(islice(records, CHUNK_ROWS // 8)):
            try:
                yield pl.DataFrame(
                    {
                        str(position): _json_texts(
                            [record.get(headers[position]) for record in chunk]
                        )
                        for position in positions
                    }
                )
            except UnicodeEncodeError:
                raise RefusedFile(file, "broken_json", reason=half) from None

    return Delivery(headers, columns, rows)


def _json_texts(values: list[Any]) -> pl.Series:
    if any(not isinstance(value, str) and value is not None for value in values):
        values = [
            value if isinstance(value, str) or value is None else json.dumps(value)
            for value in values
        ]
    return pl.Series(values, dtype=pl.String)


# --- Parquet -----------------------------------------------------------------------------------


def _open_parquet(path: Path, file: str) -> Delivery:
    broken = (pa.ArrowException, OSError, pl.exceptions.PolarsError)
    try:
        with pyarrow.parquet.ParquetFile(path) as parquet:
            headers, rows = parquet.schema_arrow.names, parquet.metadata.num_rows
    except broken as error:
        raise RefusedFile(file, "broken_parquet", reason=_one_line(error)) from None
    if len(headers) > HEADER_COLUMNS:
        limits = {"limit": HEADER_CHARACTERS, "columns": HEADER_COLUMNS}
        raise RefusedFile(file, "long_header", **limits)
    if rows > ROWS_PER_BYTE * path.stat().st_size:
        raise RefusedFile(file, "bomb", ratio=UNPACKED_RATIO)

    def columns(positions: Sequence[int]) -> Iterator[pl.DataFrame]:
        names = [headers[position] for position in positions]
        # Columns that the table does not know may have one name.
        earlier = [headers[:position].count(headers[position]) for position in positions]
        try:
            with pyarrow.parquet.ParquetFile(path) as parquet:
                for chunk in chunks(parquet.iter_batches(PIECE_ROWS, columns=names)):
                    chunk.validate(full=True)
                    alike = chunk.schema.get_all_field_indices
                    yield pl.DataFrame(
                        {
                            str(position): _from_arrow(chunk[alike(name)[nth]], file, name)
                            for position, name, nth in zip(positions, names, earlier, strict=True)
                        }
                    )
        except broken as error:
            raise RefusedFile(file, "broken_parquet", reason=_one_line(error)) from None

    return Delivery(headers, columns, rows)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300].rstrip(".")


def _from_arrow(array: pa.Array, file: str, column: str) -> pl.Series:
    """Hand a column on in its own type where polars has it, else as text."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _from_arrow(array.dictionary_decode(), file, column)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return _zoned(array)
    is_plain = (
        pa.types.is_null,
        pa.types.is_boolean,
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_string_view,
        pa.types.is_decimal128,
        pa.types.is_date,
        pa.types.is_timestamp,
    )
    if any(test(kind) for test in is_plain):
        return pl.Series(pl.from_arrow(array))
    try:
        return pl.Series([_text(value) for value in array.to_pylist()], dtype=pl.String)
    except (ValueError, OverflowError, pa.ArrowException, UnicodeError):
        raise RefusedFile(file, "odd_column", column=column, type=kind) from None


def _zoned(array: pa.Array) -> pl.Series:
    """Hand a timestamp on in its zone; polars knows no zone that is only an offset."""
    zone = array.type.tz
    instants = pl.Series(pl.from_arrow(array.cast(pa.timestamp(array.type.unit))))
    if zone in UTC_NAMES:
        return instants.dt.replace_time_zone("UTC")
    offset = re.fullmatch(r"([+-])(\d{2}):?(\d{2})", zone)
    if not offset:
        return pl.Series(pl.from_arrow(array))
    sign, hours, minutes = offset.groups()
    shift = pl.duration(minutes=int(f"{sign}1") * (60 * int(hours) + int(minutes)))
    local = pl.select(pl.lit(instants) + shift).to_series()
    return local.dt.to_string(f"%Y-%m-%dT%H:%M:%S%.f{sign}{hours}:{minutes}")


def _text(value: object) -> str | None:
    if value is None:
        return None
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
