"""Landing files in every format, with odd headers and unknown columns."""

import csv
import gzip
import io
import json
import random
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pyarrow
import pyarrow.parquet

from tests.scenarios.broken_rows import Odd
from tests.scenarios.files import cell, choose_headers
from tests.scenarios.tables import TABLES, Row
from tests.scenarios.workbooks import workbook

FORMATS = (
    *("csv", "csv.gz", "json", "parquet", "xlsx"),
    *("jsonl", "jsonl.gz", "ndjson", "ndjson.gz"),
)

ABOVE_HEADER = (
    "",
    "",
    "Exported by A. Clerk, 5:00\r\n\n",
    "sep=;\n",
    '#TYPE PSCustomObject\n"A title\n;;;\n' + "more\n" * 10,
)


def _local_cell(rng: random.Random, kind: str, value: Any, mark: str, order: str) -> str:
    """A text of a cell, also the way that people and spreadsheets write it (RAW-20, RAW-21)."""
    if isinstance(value, Odd | None):
        return cell(rng, kind, value)
    if mark == "," and kind in ("decimal", "id"):
        swapped = str.maketrans(".,", ",.")
        return _local_cell(rng, kind, value, ".", order).translate(swapped)
    if kind in ("date", "ts") and order != "ymd" and rng.random() < 0.5:
        day = {"mdy": "%m{0}%d{0}%Y", "dmy": "%d{0}%m{0}%Y"}[order].format(rng.choice("/-."))
        return f"{value:{day}}" + (f"{value: %I:%M:%S %p}" if kind == "ts" else "")
    if kind != "decimal" or value != round(value, 2) or rng.random() < 0.8:
        return cell(rng, kind, value)
    written = f"{abs(value):,.2f}"
    if rng.random() < 0.3:
        written = written.replace(",", rng.choice([" ", "'", "\u00a0"]))
    if value < 0:
        return rng.choice([f"({written})", f"{written}-", f"-${written}", f"-{written}"])
    return rng.choice([written, f"${written}", f"{written} USD", f"EUR {written}"])


def _as_csv(
    rng: random.Random,
    headers: dict[str, str],
    table: str,
    rows: list[Row],
    mark: str = ".",
    order: str = "ymd",
) -> bytes:
    separator = rng.choice([",", ",", ";", "\t"])
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=rng.choice(["\n", "\r\n"]))
    has_unknown = rng.random() < 0.3
    writer.writerow([*headers.values(), *(["UDF: Region"] if has_unknown else [])])
    for row in rows:
        cells = [
            _local_cell(rng, TABLES[table][column][0], row[column], mark, order)
            for column in headers
        ]
        writer.writerow([*cells, *(["North"] if has_unknown else [])])
    mark = rng.choice(["", "", "\ufeff"])
    # Of the rows alone, so that all else that chance decides stays as it is.
    above = ABOVE_HEADER[len(rows) % len(ABOVE_HEADER)]
    return (mark + above + text.getvalue()).encode()


def _json_value(rng: random.Random, kind: str, value: Any) -> str:
    """A JSON literal; numbers and bools as such or as text."""
    if value is None or (value == "" and rng.random() < 0.5):
        return rng.choice(["null", "null", "NaN", "false" if kind == "text" else "null"])
    text = cell(rng, kind, value)
    if isinstance(value, bool) and rng.random() < 0.5:
        return "true" if value else "false"
    is_number = re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", text)
    if is_number and rng.random() < 0.6:
        # Also in a text column, which keeps the literal, but for a fraction of zeros.
        return f"{text}.00" if kind in ("id", "text") and text.isdigit() else text
    return json.dumps(text, ensure_ascii=rng.random() < 0.5)


def _json_items(
    rng: random.Random, headers: dict[str, str], table: str, rows: list[Row]
) -> list[str]:
    has_unknown = rng.random() < 0.3
    items = []
    for row in rows:
        fields = []
        for column, header in headers.items():
            if row[column] is None and rng.random() < 0.3:
                continue  # what is null may be left out
            value = _json_value(rng, TABLES[table][column][0], row[column])
            fields.append(f"{json.dumps(header)}: {value}")
        if has_unknown:
            fields.append(
                '"userDefinedFields": [{"name": "Region", "value": {"de": ["Nord"]}}, '
                '{"name": "Client PO", "value": "PO-77"}]'
            )
        items.append("{" + ", ".join(fields) + "}")
    return items


def _as_json(rng: random.Random, headers: dict[str, str], table: str, rows: list[Row]) -> bytes:
    array = "[" + ",\n".join(_json_items(rng, headers, table, rows)) + "]"
    if rng.random() < 0.5:
        array = '{"items": ' + array + ', "pageDetails": {"count": 500, "nextPageUrl": null}}'
    return array.encode()


def _as_lines(rng: random.Random, headers: dict[str, str], table: str, rows: list[Row]) -> bytes:
    lines = "\n".join(_json_items(rng, headers, table, rows))
    return (lines + rng.choice(["", "\n"])).encode()


_ARROW_TYPES: dict[str, list[pyarrow.DataType]] = {
    "id": [pyarrow.int64(), pyarrow.int64(), pyarrow.float64()],
    "decimal": [pyarrow.decimal128(30, 8), pyarrow.float64()],
    "bool": [pyarrow.bool_()],
    "date": [pyarrow.date32(), pyarrow.timestamp("us"), pyarrow.timestamp("us", "UTC")],
    "ts": [pyarrow.timestamp("us"), pyarrow.timestamp("us", "UTC"), pyarrow.timestamp("ms")],
    "text": [pyarrow.string(), pyarrow.large_string()],
}


def _as_parquet(rng: random.Random, headers: dict[str, str], table: str, rows: list[Row]) -> bytes:
    arrays = {}
    for column, header in headers.items():
        kind = TABLES[table][column][0]
        values = [row[column] for row in rows]
        is_odd = any(isinstance(value, Odd) for value in values)
        if is_odd or rng.random() < 0.2:
            texts = [None if value is None else cell(rng, kind, value) for value in values]
            arrays[header] = pyarrow.array(texts, pyarrow.string())
            continue
        arrow_type = rng.choice(_ARROW_TYPES[kind])
        if arrow_type == pyarrow.float64():
            values = [None if value is None else float(value) for value in values]
        if kind == "date" and arrow_type != pyarrow.date32():
            hour = timedelta(hours=rng.choice([0, 23]))
            values = [
                None if value is None else datetime(value.year, value.month, value.day) + hour
                for value in values
            ]
        arrays[header] = pyarrow.array(values, arrow_type)
    if rng.random() < 0.3:
        arrays["UDFs"] = pyarrow.array([["a", "b"]] * len(rows), pyarrow.list_(pyarrow.string()))
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.table(arrays), sink)
    return bytes(sink.getvalue())


def _as_workbook(
    rng: random.Random,
    headers: dict[str, str],
    table: str,
    rows: list[Row],
    mark: str = ".",
    order: str = "ymd",
) -> bytes:
    """Cells of their own types, some of them typed as text."""

    def typed(kind: str, value: Any) -> Any:
        if value is None or value == "":
            return None
        is_typed = not isinstance(value, Odd) and kind != "text" and rng.random() < 0.8
        if not is_typed:
            return _local_cell(rng, kind, value, mark, order)
        # A workbook has 15 digits and milliseconds.
        if kind in ("id", "decimal"):
            has_room = len(str(value).replace(".", "")) < 15
            return float(value) if has_room else _local_cell(rng, kind, value, mark, order)
        return value

    title = [("Exported by A. Clerk",)] if len(rows) % 2 else []
    body = [[typed(TABLES[table][column][0], row[column]) for column in headers] for row in rows]
    return workbook([*title, list(headers.values()), *body])


_Writer = Callable[[random.Random, dict[str, str], str, list[Row]], bytes]
_LOCAL_WRITERS = {"csv": _as_csv, "xlsx": _as_workbook}
_WRITERS: dict[str, _Writer] = {
    "json": _as_json,
    "jsonl": _as_lines,
    "ndjson": _as_lines,
    "parquet": _as_parquet,
}


def encode(
    rng: random.Random,
    table: str,
    rows: list[Row],
    extension: str,
    mark: str = ".",
    order: str = "ymd",
) -> bytes:
    """One file of these rows: columns in any order, headers in any spelling.

    Args:
        rng: the only source of randomness.
        table: the table of the rows.
        rows: some of them broken.
        extension: which tells the format.
        mark: decimal mark of the texts of a CSV or a workbook.
        order: of the dates of these.
    """
    headers = choose_headers(rng, table, rows)
    columns = list(headers)
    rng.shuffle(columns)
    kind, _, packed = extension.partition(".")
    write = _WRITERS.get(kind) or partial(_LOCAL_WRITERS[kind], mark=mark, order=order)
    content = write(rng, {column: headers[column] for column in columns}, table, rows)
    return gzip.compress(content, mtime=0) if packed else content
