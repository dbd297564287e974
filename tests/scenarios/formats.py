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
from tests.scenarios.files import choose_headers, spell
from tests.scenarios.tables import TABLES, Row

FORMATS = (
    *("csv", "csv.gz", "json", "parquet"),
    *("jsonl", "jsonl.gz", "ndjson", "ndjson.gz"),
)


def _cell(rng: random.Random, kind: str, value: Any) -> str:
    return str(value) if isinstance(value, Odd) else spell(rng, kind, value)


def _csv_cell(rng: random.Random, kind: str, value: Any, mark: str, order: str) -> str:
    """A cell of a CSV, also the way that people and spreadsheets write it (RAW-20, RAW-21)."""
    if isinstance(value, Odd | None):
        return _cell(rng, kind, value)
    if mark == "," and kind in ("decimal", "id"):
        swapped = str.maketrans(".,", ",.")
        return _csv_cell(rng, kind, value, ".", order).translate(swapped)
    if kind in ("date", "ts") and order != "ymd" and rng.random() < 0.5:
        day = {"mdy": "%m{0}%d{0}%Y", "dmy": "%d{0}%m{0}%Y"}[order].format(rng.choice("/-."))
        return f"{value:{day}}" + (f"{value: %I:%M:%S %p}" if kind == "ts" else "")
    if kind != "decimal" or value != round(value, 2) or rng.random() < 0.8:
        return _cell(rng, kind, value)
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
            _csv_cell(rng, TABLES[table][column][0], row[column], mark, order) for column in headers
        ]
        writer.writerow([*cells, *(["North"] if has_unknown else [])])
    mark = rng.choice(["", "", "\ufeff"])
    return (mark + text.getvalue()).encode()


def _json_value(rng: random.Random, kind: str, value: Any) -> str:
    """A JSON literal; numbers and bools as such or as text."""
    if value is None or (value == "" and rng.random() < 0.5):
        return rng.choice(["null", "null", "NaN", "false" if kind == "text" else "null"])
    text = _cell(rng, kind, value)
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
            texts = [None if value is None else _cell(rng, kind, value) for value in values]
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


_Writer = Callable[[random.Random, dict[str, str], str, list[Row]], bytes]
_WRITERS: dict[str, _Writer] = {
    "csv": _as_csv,
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
        mark: decimal mark of a CSV.
        order: of the dates of a CSV.
    """
    headers = choose_headers(rng, table, rows)
    columns = list(headers)
    rng.shuffle(columns)
    kind, _, packed = extension.partition(".")
    write = partial(_as_csv, mark=mark, order=order) if kind == "csv" else _WRITERS[kind]
    content = write(rng, {column: headers[column] for column in columns}, table, rows)
    return gzip.compress(content, mtime=0) if packed else content
