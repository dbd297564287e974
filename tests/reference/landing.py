"""Read a landing folder by SPEC 1 and 2: batches, headers, values, current rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from tests.reference.texts import tidy

Row = dict[str, Any]

# column -> (type, aliases). `id` keeps 0, `foreign_key` reads 0 as null (SPEC 2). Columns that no
# mart of this module needs are left out.
_Columns = dict[str, tuple[str, tuple[str, ...]]]

TABLES: dict[str, tuple[str, tuple[str, ...], _Columns]] = {
    "companies": (
        "autotask",
        ("id",),
        {
            "id": ("id", ("company_id",)),
            "company_name": ("text", ()),
            "is_active": ("bool", ()),
            "parent_company_id": ("foreign_key", ()),
            "po_required": ("bool", ("requirePurchaseOrder", "poRequired")),
        },
    ),
    "contracts": (
        "autotask",
        ("id",),
        {
            "id": ("id", ("contract_id",)),
            "company_id": ("id", ()),
            "contract_name": ("text", ()),
            "contract_number": ("text", ()),
            "contract_type_name": ("text", ("contractType",)),
            "status_name": ("text", ("status", "contract_status_name")),
            "purchase_order_number": ("text", ()),
            "start_date": ("date", ()),
            "end_date": ("date", ()),
            "renewed_contract_id": ("foreign_key", ()),
            "last_modified_at": ("ts", ("lastModifiedDateTime",)),
        },
    ),
    "projects": (
        "autotask",
        ("id",),
        {
            "id": ("id", ("project_id",)),
            "company_id": ("id", ()),
            "project_name": ("text", ()),
            "project_number": ("text", ()),
            "contract_id": ("foreign_key", ()),
            "purchase_order_number": ("text", ()),
            "status_name": ("text", ("status", "project_status_name")),
            "last_modified_at": ("ts", ("lastActivityDateTime",)),
        },
    ),
    "tasks": (
        "autotask",
        ("id",),
        {
            "id": ("id", ("task_id",)),
            "project_id": ("foreign_key", ()),
            "task_number": ("text", ()),
            "purchase_order_number": ("text", ()),
            "last_modified_at": ("ts", ("lastActivityDateTime",)),
        },
    ),
    "tickets": (
        "autotask",
        ("id",),
        {
            "id": ("id", ("ticket_id",)),
            "company_id": ("id", ()),
            "ticket_number": ("text", ()),
            "title": ("text", ()),
            "contract_id": ("foreign_key", ()),
            "project_id": ("foreign_key", ()),
            "purchase_order_number": ("text", ()),
            "problem_ticket_id": ("foreign_key", ()),
            "last_modified_at": ("ts", ("lastTrackedModificationDateTime",)),
        },
    ),
    "charges": (
        "autotask",
        ("charge_kind", "id"),
        {
            "id": ("id", ("charge_id",)),
            "charge_kind": ("charge_kind", ()),
            "company_id": ("id", ()),
            "contract_id": ("foreign_key", ()),
            "project_id": ("foreign_key", ()),
            "task_id": ("foreign_key", ()),
            "ticket_id": ("foreign_key", ()),
            "milestone_id": ("foreign_key", ()),
            "purchase_order_number": ("text", ()),
            "internal_po_number": ("text", ("internalPurchaseOrderNumber",)),
            "material_code_name": ("text", ("materialCode", "billingCodeName")),
            "name": ("text", ()),
            "description": ("text", ()),
            "quantity": ("decimal", ("unitQuantity",)),
            "billable_amount": ("decimal", ()),
            "extended_cost": ("decimal", ()),
            "is_billable": ("bool", ("isBillableToCompany",)),
            "invoice_number": ("text", ()),
            "status_name": ("text", ("status", "charge_status_name")),
            "date_purchased": ("date", ()),
        },
    ),
    "time_entries": (
        "autotask",
        ("id",),
        {
            "id": ("id", ("time_entry_id",)),
            "resource_id": ("foreign_key", ()),
            "contract_id": ("foreign_key", ()),
            "task_id": ("foreign_key", ()),
            "ticket_id": ("foreign_key", ()),
            "date_worked": ("date", ()),
            "hours_worked": ("decimal", ()),
            "hours_to_bill": ("decimal", ()),
            "billing_amount": ("decimal", ()),
            "is_non_billable": ("bool", ()),
            "invoice_number": ("text", ()),
        },
    ),
    "contract_milestones": (
        "autotask",
        ("id",),
        {
            "id": ("id", ("contract_milestone_id",)),
            "contract_id": ("foreign_key", ()),
            "project_id": ("foreign_key", ()),
            "project_number": ("text", ()),
            "title": ("text", ()),
            "amount": ("decimal", ()),
            "status_name": ("text", ("status", "contract_milestone_status_name")),
            "date_due": ("date", ()),
        },
    ),
    "purchase_orders": (
        "reference",
        ("company_id", "purchase_order_number"),
        {
            "company_id": ("id", ()),
            "purchase_order_number": ("text", ()),
            "authorized_amount": ("decimal", ()),
            "authorized_hours": ("decimal", ()),
            "valid_from": ("date", ()),
            "valid_to": ("date", ()),
        },
    ),
    "milestone_conflict_waivers": (
        "reference",
        ("milestone_id", "conflict_type"),
        {
            "milestone_id": ("foreign_key", ()),
            "conflict_type": ("lower_case", ()),
            "reason": ("text", ()),
            "until": ("date", ()),
        },
    ),
    "po_required_companies": (
        "reference",
        ("company_id",),
        {"company_id": ("id", ()), "has_disputed_invoice": ("bool", ())},
    ),
}


@dataclass(frozen=True)
class Batch:
    """One delivery of one table (SPEC 1): its rows are typed, one a key, the last one."""

    batch_id: str
    is_full: bool
    extracted_at: datetime
    rows: list[Row]


def extracted_at_of(path: Path) -> datetime:
    """SPEC 1: the first timestamp in the file name, else the file's modification time; UTC."""
    found = re.search(
        r"(?<!\d)(\d{4}-\d{2}-\d{2}|\d{8})(?!\d)(?:T(\d{2})(\d{2})(\d{2})Z)?", path.name
    )
    if found is None:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None)
    digits = found.group(1).replace("-", "")
    hour, minute, second = (int(part or "0") for part in found.group(2, 3, 4))
    return datetime(
        int(digits[:4]), int(digits[4:6]), int(digits[6:]), hour, minute, second, tzinfo=None
    )


def normalise_header(header: str) -> str:
    """SPEC 1: headers match ignoring case and everything but letters and digits."""
    return re.sub(r"[^a-z0-9]", "", header.lower())


def parse_number(text: str) -> Decimal:
    """SPEC 2: `[+-]?digits[.digits][e±n]`, trimmed, read from its text."""
    trimmed = text.strip()
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", trimmed):
        raise ValueError(f"not a number: {text!r}")
    return Decimal(trimmed)


def parse_id(text: str) -> int:
    """SPEC 2: an int64 that may have an all-zero fraction."""
    number = parse_number(text)
    if number != int(number):
        raise ValueError(f"not an id: {text!r}")
    return int(number)


def parse_decimal(text: str) -> Decimal:
    """SPEC 2: four decimals; further ones round half away from zero."""
    return parse_number(text).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)


def parse_bool(text: str) -> bool:
    """SPEC 2: true/false/1/0/yes/no/y/n in any case."""
    lowered = text.lower()
    if lowered in ("true", "1", "yes", "y"):
        return True
    if lowered in ("false", "0", "no", "n"):
        return False
    raise ValueError(f"not a bool: {text!r}")


def parse_date(text: str) -> date:
    """SPEC 2: an ISO date, or the date part of an ISO timestamp without a zone shift."""
    datetime.fromisoformat(text)
    return date.fromisoformat(text[:10])


def parse_timestamp(text: str) -> datetime:
    """SPEC 2: a UTC timestamp; an offset is converted, a missing one means UTC."""
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is not None:
        parsed = parsed.astimezone(UTC).replace(tzinfo=None)
    return parsed


def parse_value(column_type: str, text: str | None) -> Any:
    """SPEC 2: one cell. `""` and a missing column are null; a foreign key of 0 is null."""
    if text is None or text == "":
        return "charge" if column_type == "charge_kind" else None
    if column_type == "id":
        return parse_id(text)
    if column_type == "foreign_key":
        parsed = parse_id(text)
        return None if parsed == 0 else parsed
    if column_type == "decimal":
        return parse_decimal(text)
    if column_type == "bool":
        return parse_bool(text)
    if column_type == "date":
        return parse_date(text)
    if column_type == "ts":
        return parse_timestamp(text)
    if column_type in ("charge_kind", "lower_case"):
        return text.lower()
    return text


def key_of(table: str, row: Row) -> tuple[Any, ...]:
    """SPEC 2: what a row is known by; in the register the *clean* PO is part of it."""
    return tuple(
        tidy(row[column])
        if (table, column) == ("purchase_orders", "purchase_order_number")
        # a valid row of the register has no placeholder, so that tidy is clean
        else row[column]
        for column in TABLES[table][1]
    )


def choose_header(headers: list[str], column: str, aliases: Iterable[str]) -> str | None:
    """SPEC 1: the canonical name wins, then the aliases as listed."""
    for wanted in (column, *aliases):
        for header in headers:
            if normalise_header(header) == normalise_header(wanted):
                return header
    return None


def read_rows(path: Path, table: str) -> list[Row]:
    """Read one CSV file into typed rows; of a key delivered twice the last row stays (SPEC 3)."""
    columns = TABLES[table][2]
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        headers = list(reader.fieldnames or [])
        chosen = {
            column: choose_header(headers, column, aliases)
            for column, (_, aliases) in columns.items()
        }
        last_of_key: dict[tuple[Any, ...], Row] = {}
        for raw in reader:
            row: Row = {}
            for column, (column_type, _) in columns.items():
                header = chosen[column]
                row[column] = parse_value(column_type, None if header is None else raw[header])
            last_of_key[key_of(table, row)] = row
    return list(last_of_key.values())


def read_batches(landing: Path, table: str) -> list[Batch]:
    """SPEC 1: all batches of a table in the order of (extracted_at, batch id)."""
    source = TABLES[table][0]
    batches = []
    whole = landing / source / f"{table}.csv"
    if whole.exists():
        batches.append(Batch(whole.name, True, extracted_at_of(whole), read_rows(whole, table)))
    for path in (landing / source / table).glob("*.csv"):
        is_full = "full" in re.split(r"[.\-_]", path.name)
        batch_id = f"{table}/{path.name}"
        batches.append(Batch(batch_id, is_full, extracted_at_of(path), read_rows(path, table)))
    return sorted(batches, key=lambda batch: (batch.extracted_at, batch.batch_id))


def current_rows(batches: list[Batch], table: str) -> list[Row]:
    """SPEC 1: the latest row of every key that the newest full batch or a later one holds."""
    newest_full = 0
    latest: dict[tuple[Any, ...], tuple[int, Row]] = {}
    for position, batch in enumerate(batches):
        if batch.is_full:
            newest_full = position
        for row in batch.rows:
            latest[key_of(table, row)] = (position, row)
    return [row for position, row in latest.values() if position >= newest_full]
