"""Read one landing file of any format (LND-2) into texts, the way they were delivered."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
import zlib
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow
import pyarrow.parquet

from tests.oracle.forms import Cut, Typed
from tests.oracle.tables import is_header

EXTENSIONS = (
    *("csv", "csv.gz", "json", "parquet", "xlsx"),
    *("jsonl", "jsonl.gz", "ndjson", "ndjson.gz"),
)
Cells = dict[str, str | None]


class Refused(Exception):
    """A file of which nothing is loaded; the message says why."""


def extension_of(name: str) -> str | None:
    """LND-1: the extension that a file name ends in."""
    return next(
        (extension for extension in EXTENSIONS if name.lower().endswith(f".{extension}")), None
    )


def timestamp_in(name: str) -> datetime | None:
    """LND-3: the first timestamp in a file name, in UTC.

    Raises:
        Refused: it is no date of the calendar.
    """
    for found in re.finditer(r"(?<!\d)(\d{4})([-.]?)(\d\d)\2(\d\d)", name):
        behind = name[found.end() :]
        try:
            day = datetime(int(found.group(1)), int(found.group(3)), int(found.group(4)))
        except ValueError as error:
            if found.group(2) or not behind[:1].isdigit():
                raise Refused(f"the name says {found.group()!r}: {error}") from None
            continue
        if not 1990 <= day.year <= 2100:
            continue
        clock = re.match(r"[Tt_ ]?(?:(\d\d)(\d\d)(\d\d)?|(\d\d)-(\d\d)(?:-(\d\d))?)(?!\d)", behind)
        is_another_date = re.match(r"[Tt_ ]?\d{4}-?\d\d-?\d\d(?!\d)", behind)
        if clock and not is_another_date:
            hour, minute, second = (
                int(one or other or 0)
                for one, other in zip(clock.group(1, 2, 3), clock.group(4, 5, 6), strict=True)
            )
            if hour < 24 and minute < 60 and second < 60:
                day += timedelta(hours=hour, minutes=minute, seconds=second)
        return day
    return None


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


def read_file(
    path: Path, table: str, *, keys_alone: bool = False
) -> tuple[list[str] | None, list[Cells], list[str]]:
    """Headers (None where a file of no rows has none), rows, and lines above the header of a file.

    Raises:
        Refused: it is empty or cannot be read to its end.
    """
    extension = extension_of(path.name)
    content = path.read_bytes()
    if content == b"":
        raise Refused("the file is empty")
    if extension == "parquet":
        return *_read_parquet(content), []
    if extension == "xlsx":
        return _read_workbook(content, table, keys_alone)
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
        return _read_csv(text, table, keys_alone)
    return *_read_json(text, is_lines=extension != "json"), []


def _read_csv(text: str, table: str, keys_alone: bool) -> tuple[list[str], list[Cells], list[str]]:
    """LND-20: the header is the first of 21 lines of text that has all required columns."""
    lines = text.splitlines(keepends=True)
    above: list[str] = []
    for number, line in enumerate(lines):
        if not line.strip(' \t\r\n";,'):
            continue
        for separator in ",;\t":
            first = next(csv.reader([line.strip("\r\n")], delimiter=separator))
            if is_header(first, table, keys_alone=keys_alone):
                rest = "".join(lines[number:])
                return *_read_rows(rest, separator), above
        above.append(line.strip())
        if len(above) > 20:
            break
    raise Refused("there is no line with all required columns")


def _read_rows(text: str, separator: str) -> tuple[list[str], list[Cells]]:
    try:
        lines = [
            line
            for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
            if line
        ]
    except csv.Error as error:
        raise Refused(str(error)) from None
    headers, *rows = lines
    if len(headers) == 1:  # LND-2: a quoted nothing is a blank line, too
        rows = [row for row in rows if row != [""]]
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


def _read_workbook(
    content: bytes, table: str, keys_alone: bool
) -> tuple[list[str], list[Cells], list[str]]:
    """LND-23: the first sheet, all of it at once; its formats 14 and 164 are those of dates."""
    try:
        book = zipfile.ZipFile(io.BytesIO(content))
        texts = ["".join(item.itertext()) for item in _xml(book.read(_STRINGS))]
        formats = [xf.get("numFmtId") for xf in _all(_xml(book.read(_STYLES)), "cellXfs/xf")]
        sheet = _xml(book.read("xl/worksheets/sheet1.xml"))
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError) as error:
        raise Refused(f"not readable as a workbook: {error}") from None
    rows = [
        {
            str(cell.get("r")).rstrip("0123456789"): _workbook_text(cell, texts, formats)
            for cell in _all(row, "c")
        }
        for row in _all(sheet, "sheetData/row")
    ]
    above: list[str] = []
    for number, row in enumerate(rows):
        headers = [str(text) for text in row.values()]
        if is_header(headers, table, keys_alone=keys_alone):
            columns = dict(zip(headers, row, strict=True))
            cells = [
                {header: one.get(column) for header, column in columns.items()}
                for one in rows[number + 1 :]
            ]
            return headers, cells, above
        above.append(", ".join(headers))
    raise Refused("there is no row with all required columns")


_STRINGS, _STYLES = "xl/sharedStrings.xml", "xl/styles.xml"


def _xml(part: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(part)  # noqa: S314 - made by tests


def _all(element: ElementTree.Element, path: str) -> list[ElementTree.Element]:
    return element.findall("/".join(f"{{*}}{name}" for name in path.split("/")))


def _workbook_text(
    cell: ElementTree.Element, texts: list[str], formats: list[str | None]
) -> str | None:
    text = "".join(cell.itertext())
    kind, form = cell.get("t"), formats[int(cell.get("s", "0"))]
    if kind == "s":
        return texts[int(text)]
    if kind == "b":
        return Typed("true" if text == "1" else "false")
    if kind is not None:
        return text
    if form in ("14", "164"):
        milliseconds = round(float(text) * 86_400_000)
        moment = datetime(1899, 12, 30) + timedelta(milliseconds=milliseconds)
        return f"{moment:%Y-%m-%d}" if form == "14" else moment.isoformat()
    number = float(text)
    if not number.is_integer():
        return Typed(repr(number))
    return (Cut if abs(number) >= 10**15 else Typed)(int(number))
