"""Deliveries as they come in practice: every format, odd headers, broken rows, files overwritten.

The rows are those of `worlds`. What should become of them is none of this module's business: see
`reference`.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from tests import worlds
from tests.worlds import Delivery, Row

FORMATS = (
    *("csv", "csv.gz", "json", "parquet"),
    *("jsonl", "jsonl.gz", "ndjson", "ndjson.gz"),
)


class Odd(str):
    """A text that stands in a file as it is, whatever the type of its column."""

    __slots__ = ()


@dataclass
class Step:
    """What happens to a landing directory between two refreshes."""

    files: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)  # path -> bytes, time
    removed: list[str] = field(default_factory=list)

    def apply(self, landing: Path) -> None:
        """Let it happen."""
        for name in self.removed:
            (landing / name).unlink()
        for name, (content, modified_at) in self.files.items():
            path = landing / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            stamp = modified_at.replace(tzinfo=UTC).timestamp()
            os.utime(path, (stamp, stamp))


# ---------------------------------------------------------------------------------------------
# Broken rows
# ---------------------------------------------------------------------------------------------

_ODD_IDS = ("x12", "12.5", "9223372036854775808", "1,000", "0x1", "1e999999999", "--1")
_ODD_TEXTS = {
    "id": _ODD_IDS,
    "decimal": ("abc", "1,5", "$5", "1e99", "100000000000000", ".5", "NaN", "1 000"),
    "date": ("2026-02-30", "31.12.2026", "today", "2026-2-3", "2026-02-03T25:00:00"),
    "ts": ("yesterday", "2026-02-30T10:00:00Z", "03/02/2026"),
    "bool": ("maybe", "2", "wahr"),
}
_LONGEST = {
    **dict.fromkeys(("company_name", "contract_name", "project_name", "name"), 100),
    **dict.fromkeys(("contract_number", "project_number", "task_number", "ticket_number"), 50),
    **dict.fromkeys(("purchase_order_number", "internal_po_number"), 50),
    "material_code_name": 200,
    "title": 255,
    "currency": 3,
}
_FURTHER: dict[tuple[str, str], tuple[str, ...]] = {
    ("time_entries", "hours_worked"): ("-0.25", "24.0001", "100000000"),
    ("time_entries", "hours_to_bill"): ("100000000",),
    ("contract_milestones", "amount"): ("-0.01",),
    ("purchase_orders", "authorized_amount"): ("-1",),
    ("purchase_orders", "authorized_hours"): ("-0.5", "100000000"),
    ("purchase_orders", "purchase_order_number"): ("n/a", " TBD\u00a0", "\u200b"),
    ("charges", "charge_kind"): ("subscription",),
    ("charges", "description"): ("é" * 8001,),
    ("charges", "invoice_number"): ("9" * 101,),
    ("time_entries", "invoice_number"): ("9" * 101,),
    ("contract_milestones", "description"): ("é" * 8001,),
    ("milestone_conflict_waivers", "conflict_type"): ("late", "waived"),
    ("milestone_conflict_waivers", "milestone_id"): ("0",),
}
_PERIODS = {"contracts": ("start_date", "end_date"), "purchase_orders": ("valid_from", "valid_to")}


def ways_to_break(table: str, column: str) -> list[str]:
    """Texts that break a rule of one column."""
    kind = worlds.TABLES[table][column][0]
    texts = [*_ODD_TEXTS.get(kind, ()), *_FURTHER.get((table, column), ())]
    if kind == "date" and column not in ("start_date", "end_date", "valid_from", "valid_to"):
        texts += ["1989-12-31", "2101-01-01"]
    if column in worlds.REQUIRED[table]:
        texts.append("")
    if column in _LONGEST and kind == "text":
        texts.append("é" * (_LONGEST[column] + 1))
    return texts


class Breaker:
    """Breaks rows in every way that their table knows, one after the other."""

    def __init__(self, rng: random.Random) -> None:
        """Start with all ways ahead."""
        self.rng = rng
        self.ahead: dict[str, list[tuple[str, str]]] = {}

    def _next_way(self, table: str) -> tuple[str, str]:
        if not self.ahead.get(table):
            ways = []  # every column once, then every column again, …
            for column in worlds.TABLES[table]:
                texts = ways_to_break(table, column)
                shuffled = self.rng.sample(texts, len(texts))
                ways += [(-turn, column, text) for turn, text in enumerate(shuffled)]
            self.rng.shuffle(ways)
            self.ahead[table] = [way[1:] for way in sorted(ways, key=lambda way: way[0])]
        return self.ahead[table].pop()

    def broken(self, table: str, row: Row) -> Row:
        """The row with one broken rule or several."""
        if table in _PERIODS and self.rng.random() < 0.2:
            first, last = _PERIODS[table]
            return {**row, first: date(2026, 3, 2), last: date(2026, 3, 1)}
        ways = [self._next_way(table) for _ in range(self.rng.choice([1, 1, 1, 2, 3]))]
        return {**row, **{column: Odd(text) for column, text in ways}}

    def spoil(self, table: str, rows: list[Row]) -> list[Row]:
        """The rows with some broken ones and some twice, within what a batch may hold."""
        rng = self.rng
        budget = max(10, len(rows) // 20)
        count = rng.choice([0, 1, 5, 10, budget]) if table in self.ahead else budget
        spoiled = list(rows)
        for _ in range(min(count, len(rows) - 1)):
            place = rng.randrange(len(spoiled))
            if rng.random() < 0.5:  # beside the good row, before or after it
                spoiled.insert(place, self.broken(table, rng.choice(rows)))
            else:
                spoiled[place] = self.broken(table, spoiled[place])
        for row in rng.sample(rows, len(rows) // 20):
            spoiled.insert(rng.randrange(len(spoiled)), dict(row))
        return spoiled


# ---------------------------------------------------------------------------------------------
# Formats
# ---------------------------------------------------------------------------------------------


def _cell(rng: random.Random, kind: str, value: Any) -> str:
    return str(value) if isinstance(value, Odd) else worlds.spell(rng, kind, value)


def _as_csv(rng: random.Random, headers: dict[str, str], table: str, rows: list[Row]) -> bytes:
    separator = rng.choice([",", ",", ";", "\t"])
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=rng.choice(["\n", "\r\n"]))
    has_unknown = rng.random() < 0.3
    writer.writerow([*headers.values(), *(["UDF: Region"] if has_unknown else [])])
    for row in rows:
        cells = [_cell(rng, worlds.TABLES[table][column][0], row[column]) for column in headers]
        writer.writerow([*cells, *(["North"] if has_unknown else [])])
    mark = rng.choice(["", "", "\ufeff"])
    return (mark + text.getvalue()).encode()


def _json_value(rng: random.Random, kind: str, value: Any) -> str:
    """A literal: numbers and bools as such or as text."""
    if value is None or (value == "" and rng.random() < 0.5):
        return "null"
    text = _cell(rng, kind, value)
    if isinstance(value, bool) and rng.random() < 0.5:
        return "true" if value else "false"
    is_number = re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", text)
    if is_number and rng.random() < 0.6:
        return text  # in a text column too: there it keeps its literal
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
            value = _json_value(rng, worlds.TABLES[table][column][0], row[column])
            fields.append(f"{json.dumps(header)}: {value}")
        if has_unknown:
            fields.append('"userDefinedFields": [{"name": "Region", "value": {"de": ["Nord"]}}]')
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
        kind = worlds.TABLES[table][column][0]
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


def encode(rng: random.Random, table: str, rows: list[Row], extension: str) -> bytes:
    """One file of these rows: columns in any order, headers in any spelling."""
    headers = worlds.choose_headers(rng, table, rows)
    columns = list(headers)
    rng.shuffle(columns)
    kind, _, packed = extension.partition(".")
    content = _WRITERS[kind](rng, {column: headers[column] for column in columns}, table, rows)
    return gzip.compress(content, mtime=0) if packed else content


# ---------------------------------------------------------------------------------------------
# Sequences of deliveries
# ---------------------------------------------------------------------------------------------


def _corrected(rng: random.Random, table: str, rows: list[Row]) -> list[Row]:
    """A later content of the same file: some rows are gone, some are new copies of others."""
    kept = [row for row in rows if rng.random() < 0.9] or rows[:1]
    if table in ("contracts", "projects", "tasks", "tickets"):
        kept = [
            {**row, "purchase_order_number": "PO-2002"} if rng.random() < 0.1 else row
            for row in kept
        ]
    return kept


def _extensions(rng: random.Random, deliveries: list[Delivery]) -> list[str]:
    """A format for each delivery, all of them in turn; one without rows needs one to say so."""
    turn = rng.sample(FORMATS, len(FORMATS))
    silent = ("jsonl", "ndjson")  # without a row they are empty files, which are refused
    return [
        rng.choice(["csv", "csv.gz", "json", "parquet"])
        if not delivery.rows and turn[number % len(turn)].startswith(silent)
        else turn[number % len(turn)]
        for number, delivery in enumerate(deliveries)
    ]


def make_steps(
    rng: random.Random, count: int, *, steps: int = 3, **shape: bool | None
) -> list[Step]:
    """Deliveries of many worlds, spread over several refreshes in any order.

    Later steps bring older files, overwrite earlier ones with other bytes or with the same, put
    the same rows under a second name, and remove files that were taken in.

    Args:
        rng: the only source of randomness.
        count: how many worlds.
        steps: between how many refreshes the deliveries are spread.
        **shape: the switches of `worlds.make_worlds`.
    """
    made = [Step() for _ in range(steps)]
    breaker = Breaker(rng)
    tables = worlds.make_worlds(rng, count, **shape)
    everything = [delivery for deliveries in tables.values() for delivery in deliveries]
    extensions = iter(_extensions(rng, everything))
    for table, deliveries in tables.items():
        folder = worlds.source_of(table)
        first = rng.randrange(len(deliveries))  # a required table has to be there from the start
        for number, delivery in enumerate(deliveries):
            extension = next(extensions)
            name = f"{folder}/{delivery.file.removesuffix('csv')}{extension}"
            at = 0 if number == first else rng.randrange(steps)
            rows = breaker.spoil(table, delivery.rows) if delivery.rows else []
            content = encode(rng, table, rows, extension)
            made[at].files[name] = content, delivery.modified_at
            if at + 1 == steps:
                continue
            fate = rng.random()
            if fate < 0.25 and delivery.rows:
                later = _corrected(rng, table, delivery.rows)
                again = encode(rng, table, breaker.spoil(table, later), extension)
                made[at + 1].files[name] = again, delivery.modified_at + timedelta(hours=1)
                if fate < 0.08 and at + 2 < steps:
                    # put back what was there before: known bytes change nothing
                    made[at + 2].files[name] = content, delivery.modified_at
            elif fate < 0.35:
                # an overwritten time does not make a new extract of the same bytes
                made[at + 1].files[name] = content, delivery.modified_at + timedelta(days=300)
            elif fate < 0.45:
                made[at + 1].removed.append(name)
            elif fate < 0.5 and delivery.rows and "/" in delivery.file:
                made[at + 1].files[f"{folder}/{table}/2026-11-19_copy.{extension}"] = (
                    content,
                    delivery.modified_at,
                )
    made[0].files |= {name: (b"id\n1\n", datetime(2026, 5, 1)) for name in _IGNORED}
    return made


_IGNORED = (
    "autotask/companies/.hidden.csv",
    "autotask/companies/_unfinished.csv",
    "autotask/companies/2026-11-18.csv.part",
    "autotask/companies/2026-11-18.csv.tmp",
    "autotask/companies/notes.txt",
    "autotask/invoices.csv",
)


# ---------------------------------------------------------------------------------------------
# Files that are refused
# ---------------------------------------------------------------------------------------------


def refused_files(rng: random.Random, deliveries: dict[str, list[Delivery]]) -> tuple[Step, Step]:
    """Files that have to be refused as a whole, each for a reason of its own; and good ones.

    Returns:
        The bad files, and files of the same names that mend them.
    """
    rows = {
        table: max((delivery.rows for delivery in batches), key=len)
        for table, batches in deliveries.items()
    }
    good = {
        name: encode(rng, table, rows[table], name.split(".", 1)[1])
        for table, names in {
            "companies": (
                *("empty.csv", "truncated.json", "truncated.parquet", "no-list.json", "twins.csv"),
                *("no-name.csv", "latin.csv", "quote.csv", "all-broken.csv"),
            ),
            "charges": ("truncated.csv.gz", "shrinking_full.csv"),
            "time_entries": ("over-budget.jsonl",),
        }.items()
        for name in names
    }
    breaker = Breaker(rng)
    entries = rows["time_entries"]
    broken = [breaker.broken("time_entries", entry) for entry in entries[:11]]
    half = {name: content[: len(content) // 2] for name, content in good.items()}
    bad = {
        "empty.csv": b"",
        "truncated.json": half["truncated.json"],
        "truncated.parquet": half["truncated.parquet"],
        "no-list.json": b'{"item": {"id": 1, "company_name": "a"}}',
        "twins.csv": b"id,Company Name,companyName\n1,a,b\n",
        "no-name.csv": b"id,isActive\n1,true\n",
        "latin.csv": "id,company_name\n1,Müller\n".encode("latin-1"),
        "quote.csv": b'id,company_name\n1,"a\n',
        "all-broken.csv": b"id,company_name\nx,a\ny,b\n",
        "truncated.csv.gz": half["truncated.csv.gz"],
        "shrinking_full.csv": encode(rng, "charges", rows["charges"][:3], "csv"),
        "over-budget.jsonl": encode(rng, "time_entries", [*broken, *entries[11:60]], "jsonl"),
    }
    tables = {"truncated.csv.gz": "charges", "shrinking_full.csv": "charges"}
    tables["over-budget.jsonl"] = "time_entries"
    latest = datetime(2026, 11, 19, 12)  # after every other delivery

    def step(files: dict[str, bytes]) -> Step:
        return Step(
            {
                f"autotask/{tables.get(name, 'companies')}/{name}": (content, latest)
                for name, content in files.items()
            }
        )

    return step(bad), step(good)
