"""The raw tables as a list to read, and the grammar of a single value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from tests.oracle.forms import PLAIN, Forms, Typed, day_there, local_date, local_number, text_of
from tests.oracle.texts import clean_po, read_placeholders, tidy_po

Row = dict[str, Any]
Key = tuple[Any, ...]

# RAW-10: the tables of one kind of charges each.
CHARGE_KINDS = {
    "contract_charges": "contract",
    "project_charges": "project",
    "ticket_charges": "ticket",
    "change_order_charges": "change_order",
}

# One line a column: its name, its type, `!` when it is required and not null, the greatest length
# of a text, and the aliases. `fk` reads 0 as null, `id` keeps it.
_TABLES = {
    "companies": """
        id id! company_id
        company_name text100!
        is_active bool
        parent_company_id fk
        po_required bool requirePurchaseOrder poRequired
        last_modified_at ts lastTrackedModifiedDateTime lastActivityDate""",
    "contracts": """
        id id! contract_id
        company_id id!
        contract_name text100!
        contract_number text50
        contract_type_name text contractType
        status_name text status contract_status_name
        purchase_order_number text50
        start_date date
        end_date date
        renewed_contract_id fk
        last_modified_at ts lastModifiedDateTime""",
    "projects": """
        id id! project_id
        company_id id!
        project_name text100!
        project_number text50
        contract_id fk
        purchase_order_number text50
        status_name text status project_status_name
        project_type_name text projectType
        start_date date startDateTime
        end_date date endDateTime
        last_modified_at ts lastActivityDateTime""",
    "tasks": """
        id id! task_id
        project_id fk
        title text255!
        task_number text50
        purchase_order_number text50
        status_name text status task_status_name
        last_modified_at ts lastActivityDateTime""",
    "charges": """
        id id! charge_id
        charge_kind kind
        company_id id
        contract_id fk
        project_id fk
        task_id fk
        ticket_id fk
        milestone_id fk
        billing_code_id fk
        purchase_order_number text50
        internal_po_number text50 internalPurchaseOrderNumber
        material_code_name text200 materialCode billingCodeName
        name text100
        description text8000
        quantity money unitQuantity
        billable_amount money!
        extended_cost money
        is_billable bool isBillableToCompany
        is_billed bool
        invoice_number text100
        status_name text status charge_status_name
        date_purchased date!
        last_modified_at ts statusLastModifiedDate createDate""",
    "time_entries": """
        id id! time_entry_id
        resource_id fk
        contract_id fk
        task_id fk
        ticket_id fk
        date_worked date!
        hours_worked hours!
        hours_to_bill hours
        billing_amount money
        is_non_billable bool
        is_billed bool
        invoice_number text100
        last_modified_at ts lastModifiedDateTime""",
    "contract_milestones": """
        id id! contract_milestone_id
        contract_id fk
        project_id fk
        project_number text50
        title text255!
        amount money!
        status_name text! status contract_milestone_status_name
        date_due date
        description text8000
        last_modified_at ts""",
    "tickets": """
        id id! ticket_id
        company_id id!
        ticket_number text50
        title text255!
        contract_id fk
        project_id fk
        purchase_order_number text50
        problem_ticket_id fk
        status_name text status ticket_status_name
        last_modified_at ts lastTrackedModificationDateTime""",
    "purchase_orders": """
        company_id id!
        purchase_order_number text50!
        authorized_amount money
        authorized_hours hours
        valid_from date
        valid_to date
        currency text3
        notes text""",
    "po_required_companies": """
        company_id id!
        has_disputed_invoice bool
        notes text""",
    "milestone_conflict_waivers": """
        milestone_id fk!
        conflict_type conflict_type!
        reason text!
        until date""",
}

for _table in CHARGE_KINDS:
    _lines = [line for line in _TABLES["charges"].splitlines() if "charge_kind" not in line]
    _lines = [line.replace("charge_id", f"{_table[:-1]}_id charge_id") for line in _lines]
    _aliases = f"{_table[:-1]}_status_name charge_status_name"
    _TABLES[_table] = "\n".join(_lines).replace("charge_status_name", _aliases)

REFERENCE_TABLES = ("purchase_orders", "po_required_companies", "milestone_conflict_waivers")
KEYS: dict[str, tuple[str, ...]] = {
    **{table: ("id",) for table in _TABLES},
    "charges": ("charge_kind", "id"),
    "purchase_orders": ("company_id", "purchase_order_number"),
    "po_required_companies": ("company_id",),
    "milestone_conflict_waivers": ("milestone_id", "conflict_type"),
}
# VAL-6: what the accounting adds up beside rows.
MEASURES = {
    "charges": "billable_amount",
    "time_entries": "hours_worked",
    "contract_milestones": "amount",
    **dict.fromkeys(CHARGE_KINDS, "billable_amount"),
}
RANGES: dict[tuple[str, str], tuple[int, int | None]] = {
    ("time_entries", "hours_worked"): (0, 24),
    ("purchase_orders", "authorized_amount"): (0, None),
    ("purchase_orders", "authorized_hours"): (0, None),
}
# A rule over two columns is broken by the second.
PERIODS = {"contracts": ("start_date", "end_date"), "purchase_orders": ("valid_from", "valid_to")}
CHOICES = {
    "kind": ("contract", "project", "ticket", "change_order", "charge"),
    "conflict_type": (
        "contract_reference_mismatch",
        "project_without_contract",
        "missing_billing_target",
        "missing_charge_allocation",
        "duplicate_allocation",
        "charge_contract_mismatch",
    ),
}
FIRST_DATE, LAST_DATE = date(1990, 1, 1), date(2100, 12, 31)


@dataclass(frozen=True)
class Column:
    """RAW-1: what a column holds."""

    kind: str
    is_required: bool
    longest: int | None
    aliases: tuple[str, ...]


def _column(line: str) -> tuple[str, Column]:
    name, kind, *aliases = line.split()
    found = re.fullmatch(r"([a-z_]+)(\d*)(!?)", kind)
    assert found is not None, line
    longest = int(found.group(2)) if found.group(2) else None
    return name, Column(found.group(1), found.group(3) == "!", longest, tuple(aliases))


TABLES: dict[str, dict[str, Column]] = {
    table: dict(_column(line) for line in text.strip().splitlines())
    for table, text in _TABLES.items()
}


def source_of(table: str) -> str:
    """LND-1: the folder of a table."""
    return "reference" if table in REFERENCE_TABLES else "autotask"


# ---------------------------------------------------------------------------------------------
# Headers
# ---------------------------------------------------------------------------------------------


def normalise_header(header: str) -> str:
    """RAW-2: headers match ignoring case and everything but letters and digits.

    Of `Table[column]` only the column counts.
    """
    table_and_column = re.fullmatch(
        r"(?:'[^']*'|[^\[\]']*[^\s\[\]'])?\[([^\[\]]+)\]", header.strip()
    )
    header = table_and_column.group(1) if table_and_column else header
    return re.sub(r"[^a-z0-9]", "", header.lower())


def match_headers(
    headers: list[str], table: str, *, keys_alone: bool = False
) -> tuple[dict[str, str], list[str]]:
    """RAW-2, RAW-3: column -> header, and the headers that no column knows.

    With `keys_alone` only the columns of the key are looked for (LND-14).

    Raises:
        ValueError: two headers of a column are alike, or a required column is missing.
    """
    names = {
        column: (
            column,
            *([column[: -len("name")] + "label"] if column.endswith("_name") else []),
            *spec.aliases,
        )
        for column, spec in TABLES[table].items()
    }
    known = {normalise_header(name) for spellings in names.values() for name in spellings}
    wanted = known
    if keys_alone:
        names = {column: names[column] for column in KEYS[table]}
        wanted = {normalise_header(name) for spellings in names.values() for name in spellings}
    by_name: dict[str, str] = {}
    unknown = []
    for header in headers:
        name = normalise_header(header)
        if name not in known:
            unknown.append(header)
        elif name not in wanted:
            continue
        elif name in by_name:
            raise ValueError(f"{by_name[name]!r} and {header!r} are alike")
        else:
            by_name[name] = header
    chosen = {}
    for column, spellings in names.items():
        for spelling in spellings:
            if normalise_header(spelling) in by_name:
                chosen[column] = by_name[normalise_header(spelling)]
                break
        else:
            if TABLES[table][column].is_required:
                raise ValueError(f"column {column} is missing")
    return chosen, unknown


def is_header(headers: list[str], table: str, *, keys_alone: bool) -> bool:
    """LND-20: whether a line has all required columns; LND-14: or those of the key."""
    names = {normalise_header(header) for header in headers}
    return all(
        names & {normalise_header(name) for name in (column, *spec.aliases)}
        | (names & {normalise_header(column[: -len("name")] + "label")})
        for column, spec in TABLES[table].items()
        if (column in KEYS[table] if keys_alone else spec.is_required)
    )


# ---------------------------------------------------------------------------------------------
# Values
# ---------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_TRUE, _FALSE = ("true", "1", "yes", "y"), ("false", "0", "no", "n")
# places before the point: decimal(18,4) and decimal(12,4)
_WHOLE_PLACES = {"money": 14, "hours": 8}


def parse_number(text: str) -> Decimal:
    """RAW-4: `[+-]?digits[.digits][e±n]`, trimmed, read from its text."""
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError(f"not a number: {text!r}")
    try:
        number = Decimal(text.strip())
    except ArithmeticError:
        raise ValueError(f"out of any range: {text!r}") from None
    if number.is_zero():
        return Decimal(0)
    if number.adjusted() > 30:
        raise ValueError(f"too large: {text!r}")
    return number


def parse_id(text: str) -> int:
    """RAW-4: an int64 that may have an all-zero fraction."""
    number = parse_number(text)
    if number != number.to_integral_value() or not -(2**63) <= int(number) < 2**63:
        raise ValueError(f"not an id: {text!r}")
    return int(number)


def parse_decimal(text: str, kind: str) -> Decimal:
    """RAW-4: four decimals, further ones round half away from zero; it has to fit then."""
    number = parse_number(text).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
    if abs(number) >= Decimal(10) ** _WHOLE_PLACES[kind]:
        raise ValueError(f"too large: {text!r}")
    return number


def parse_bool(text: str) -> bool:
    """RAW-5: true/false/1/0/yes/no/y/n in any case."""
    lowered = text.strip().lower()
    if lowered not in (*_TRUE, *_FALSE):
        raise ValueError(f"not a bool: {text!r}")
    return lowered in _TRUE


def parse_timestamp(text: str) -> tuple[date, datetime]:
    """RAW-5: the date part as it is written, and the moment in UTC."""
    found = _ISO.fullmatch(text)
    if found is None:
        raise ValueError(f"not an ISO date or timestamp: {text!r}")
    year, month, day, hour, minute, second = (int(part or 0) for part in found.group(*range(1, 7)))
    micros = int((found.group(7) or "0").ljust(6, "0")[:6])
    moment = datetime(year, month, day, hour, minute, second, micros, tzinfo=UTC)
    zone = found.group(8)
    if zone not in (None, "Z"):
        shift = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
        moment = moment.replace(tzinfo=timezone(-shift if zone[0] == "-" else shift))
    return date(year, month, day), moment.astimezone(UTC).replace(tzinfo=None)


def parse_value(kind: str, text: str | None, column: str = "", forms: Forms = PLAIN) -> Any:
    """RAW-6, RAW-7: one cell. `""` and a missing column are null; a foreign key of 0 is null.

    Raises:
        ValueError: the text is not of this type.
    """
    if text is not None and (kind == "text" or kind in CHOICES):
        text = text_of(text, column)
    if text is None or text == "":
        return "charge" if kind == "kind" else None
    is_local = forms.is_local and not isinstance(text, Typed)
    if is_local and kind in ("id", "fk", *_WHOLE_PLACES):
        text = local_number(text, forms.decimal_mark or ".") or "no number"
    if is_local and kind in ("date", "ts"):
        text = local_date(text, forms.date_order) or text
    if kind == "id":
        return parse_id(text)
    if kind == "fk":
        return parse_id(text) or None
    if kind in _WHOLE_PLACES:
        return parse_decimal(text, kind)
    if kind == "bool":
        return parse_bool(text)
    if kind == "date":
        return day_there(*parse_timestamp(text), text, forms.zone)
    if kind == "ts":
        return parse_timestamp(text)[1]
    if kind in CHOICES:
        if text.lower() not in CHOICES[kind]:
            raise ValueError(f"not one of {CHOICES[kind]}: {text!r}")
        return text.lower()
    return text


@cache
def placeholders() -> frozenset[str]:
    """RES-3: the words of the seed, tidied."""
    return frozenset(map(tidy_po, read_placeholders()))


def judge(
    table: str, cells: dict[str, str | None], forms: Forms = PLAIN, *, keys_alone: bool = False
) -> tuple[Row, list[tuple[str, str | None]]]:
    """RAW-1, VAL-1: the typed row, and (column, text) of every rule that it breaks.

    A value that cannot be read is None in the row; with `keys_alone` all but the key is.
    """
    row: Row = {}
    broken: list[tuple[str, str | None]] = []
    for column, spec in TABLES[table].items():
        text = cells.get(column)
        if keys_alone and column not in KEYS[table]:
            row[column] = None
            continue
        try:
            row[column] = parse_value(spec.kind, text, column, forms)
        except ValueError:
            row[column] = None
            broken.append((column, text))
            continue
        value = row[column]
        if value is None:
            if spec.is_required:
                broken.append((column, text))
            continue
        if spec.longest is not None and len(value) > spec.longest:
            broken.append((column, text))
        if spec.kind == "date" and not FIRST_DATE <= value <= LAST_DATE:
            broken.append((column, text))
        least, most = RANGES.get((table, column), (None, None))
        if least is not None and value < least:
            broken.append((column, text))
        if most is not None and value > most:
            broken.append((column, text))
    if table in PERIODS:
        first, last = (row[column] for column in PERIODS[table])
        if first is not None and last is not None and first > last:
            broken.append((PERIODS[table][1], cells[PERIODS[table][1]]))
    if table == "purchase_orders":
        text = row["purchase_order_number"]
        if text is not None and clean_po(text, placeholders()) is None:
            broken.append(("purchase_order_number", text))
    return row, broken


def key_of(table: str, row: Row) -> Key | None:
    """RAW-8: what a row is known by, None when that does not parse; of a PO, the clean one."""
    key = tuple(
        clean_po(row[column], placeholders()) if column == "purchase_order_number" else row[column]
        for column in KEYS[table]
    )
    return None if None in key else key
