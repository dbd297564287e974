"""Read one landing file of any format (LND-2) into texts, the way they were delivered."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from tests.oracle.forms import Typed

EXTENSIONS = (
    *("csv", "csv.gz", "json", "parquet"),
    *("jsonl", "jsonl.gz", "ndjson", "ndjson.gz"),
)
Cells = dict[str, str | None]


class Refused(Exception):
    """A file of which nothing is loaded; the message says why."""


def extension_of(name: str) -> str | None:
    """LND-1: the extension that a file name ends in."""
    return next((extension for extension in EXTENSIONS if name.endswith(f".{extension}")), None)


def timestamp_in(name: str) -> datetime | None:
    """LND-3: the first timestamp in a file name, in UTC.

    Raises:
        Refused: it is no date of the calendar.
    """
    found = re.search(r"(?<!\d)(\d{4}-\d{2}-\d{2}|\d{8})(?!\d)(?:T(\d{2})(\d{2})(\d{2})Z)?", name)
    if found is None:
        return None
    digits = found.group(1).replace("-", "")
    hour, minute, second = (int(part or "0") for part in found.group(2, 3, 4))
    try:
        return datetime(int(digits[:4]), int(digits[4:6]), int(digits[6:]), hour, minute, second)
    except ValueError as error:
        raise Refused(f"the name says {found.group()!r}: {error}") from None


def _text(value: Any) -> str | None:
    """A value of JSON or parquet as the text that CSV would have, marked where it is no text."""
    if value is None or (isinstance(value, Typed) and value == "NaN"):
        return None
    if isinstance(value, bool):
        return Typed("true" if value else "false")
    if isinstance(value, float):
        if value != value:
            return None
        return Typed(int(value) if value.is_integer() else repr(value))
    if isinstance(value, Decimal):
        return Typed(f"{value:f}")
    if isinstance(value, int):
        return Typed(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, dict | list):
        return Typed(json.dumps(value))
    return value if isinstance(value, Typed) else str(value)


def read_file(path: Path) -> tuple[list[str] | None, list[Cells]]:
    """Headers (None where a file of no rows has none) and rows of a file.

    Raises:
        Refused: it is empty or cannot be read to its end.
    """
    extension = extension_of(path.name)
    content = path.read_bytes()
    if content == b"":
        raise Refused("the file is empty")
    if extension == "parquet":
        return _read_parquet(content)
    if str(extension).endswith(".gz"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise Refused(f"not readable as gzip: {error}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"not UTF-8: {error}") from None
    if str(extension).startswith("csv"):
        return _read_csv(text)
    return _read_json(text, is_lines=extension != "json")


def _read_csv(text: str) -> tuple[list[str], list[Cells]]:
    first_line = next((line for line in text.splitlines() if line), "")
    separator = max(",;\t", key=first_line.count)
    try:
        lines = [
            line
            for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
            if line
        ]
    except csv.Error as error:
        raise Refused(str(error)) from None
    if not lines:
        raise Refused("there is no header")
    headers, *rows = lines
    for row in rows:
        if len(row) != len(headers):
            raise Refused(f"{len(row)} fields instead of {len(headers)}: {row}")
    return headers, [dict(zip(headers, row, strict=True)) for row in rows]


def _read_json(text: str, *, is_lines: bool) -> tuple[list[str] | None, list[Cells]]:
    def load(part: str) -> Any:
        try:
            return json.loads(part, parse_int=Typed, parse_float=Typed, parse_constant=Typed)
        except ValueError as error:
            raise Refused(f"not readable as JSON: {error}") from None

    items: Any
    if is_lines:
        items = [load(line) for line in text.split("\n") if line.strip()]
    else:
        items = load(text)
        if isinstance(items, dict):
            items = items.get("items")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Refused("not a list of objects")
    headers = list(dict.fromkeys(header for item in items for header in item))
    rows = [{header: _text(value) for header, value in item.items()} for item in items]
    return headers if items else None, rows


def _read_parquet(content: bytes) -> tuple[list[str], list[Cells]]:
    try:
        table = pyarrow.parquet.read_table(pyarrow.BufferReader(content))
    except (pyarrow.ArrowException, OSError) as error:
        raise Refused(f"not readable as parquet: {error}") from None
    columns = [[_text(value) for value in column.to_pylist()] for column in table.columns]
    rows = [
        dict(zip(table.column_names, values, strict=True)) for values in zip(*columns, strict=True)
    ]
    return table.column_names, rows
