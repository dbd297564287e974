"""What one landing folder says: current rows, PO histories (RES-7) and the settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from tests.oracle.kinds import unclear_charges
from tests.oracle.labels import charges_with_labels, with_labels
from tests.oracle.landing import Batch, Landing
from tests.oracle.tables import TABLES, Row, source_of
from tests.oracle.texts import (
    clean_po,
    read_placeholders,
    read_seed,
    status_key,
    tidy,
    tidy_po,
)

DEFAULT_PRECEDENCE = ("charge", "task", "ticket", "project", "contract")
INHERITED_LEVELS = ("task", "ticket", "project", "contract")
CANCELLED_CHARGE_STATUSES = ("Canceled", "Cancelled")
INACTIVE_CONTRACT_STATUSES = ("Inactive", "0", "Cancelled", "Canceled", "Complete", "Expired")

# MIL-3, of a milestone whose status is in the seed
MILESTONE_STAGES = {
    "in_progress": ("Incompleted", "Incomplete", "In Progress"),
    "completed": ("Completed", "Complete"),
    "approved_for_billing": ("Approved for Billing", "Ready to Bill"),
    "billed": ("Billed",),
}


@dataclass(frozen=True)
class Version:
    """What a parent said about its PO from `starts_on` (None: ever since) until the next one."""

    starts_on: date | None
    po_number: str | None
    start_date: date | None
    end_date: date | None

    def covers(self, day: date) -> bool:
        """It has a PO and, for a contract, the day lies in its own period."""
        if self.po_number is None:
            return False
        if self.start_date is not None and day < self.start_date:
            return False
        return not (self.end_date is not None and day > self.end_date)


def version_start(row: Row, previous_at: datetime, extracted_at: datetime) -> date:
    """RES-8: the row's own time stamp if it explains the change, else the delivery's date."""
    modified_at: datetime | None = row["last_modified_at"]
    if modified_at is not None and previous_at < modified_at <= extracted_at:
        return modified_at.date()
    return extracted_at.date()


def build_versions(
    batches: list[Batch], *, is_contract: bool, placeholders: frozenset[str]
) -> dict[int, list[Version]]:
    """RES-7: the versions of every id that was ever delivered, oldest first."""
    histories: dict[int, list[Version]] = {}
    previous_at = datetime.min  # never used: an id of the first batch has no earlier version
    for batch in batches:
        if batch.is_deleted:
            continue
        for row in batch.rows:
            po_number = clean_po(row["purchase_order_number"], placeholders)
            start_date = row["start_date"] if is_contract else None
            end_date = row["end_date"] if is_contract else None
            history = histories.setdefault(row["id"], [])
            if not history:
                history.append(Version(None, po_number, start_date, end_date))
                continue
            last = history[-1]
            if (last.po_number, last.start_date, last.end_date) == (
                po_number,
                start_date,
                end_date,
            ):
                continue
            starts_on = version_start(row, previous_at, batch.extracted_at)
            history.append(Version(starts_on, po_number, start_date, end_date))
        previous_at = batch.extracted_at
    return histories


def versions_from(history: list[Version], day: date) -> list[Version]:
    """The version in force on the day, and all later ones."""
    in_force = 0
    for position, version in enumerate(history):
        if version.starts_on is None or version.starts_on <= day:
            in_force = position
    return history[in_force:]


def po_on(history: list[Version], day: date) -> tuple[str | None, str | None]:
    """RES-9: PO and basis on a day."""
    in_force, *later = versions_from(history, day)
    if in_force.covers(day):
        return in_force.po_number, "in_force"
    for version in later:
        if version.covers(day):
            return version.po_number, "backfilled"
    return None, None


@dataclass(frozen=True)
class State:
    """Current rows by id, PO histories by level and id, and the settings of one computation."""

    companies: dict[int, Row]
    parents: dict[str, dict[int, Row]]  # level -> id -> current row
    histories: dict[str, dict[int, list[Version]]]  # level -> id -> versions
    charges: list[Row]
    time_entries: list[Row]
    milestones: list[Row]
    billing_items: list[Row]
    invoices: dict[int | None, Row]
    register: list[Row]  # current rows of `purchase_orders`
    waivers: list[Row]  # current rows of `milestone_conflict_waivers`
    po_required_company_ids: set[int]
    disputed_company_ids: set[int]
    data_as_of: datetime | None
    as_of_date: date
    placeholders: frozenset[str]
    precedence: tuple[str, ...]
    cancelled_charge_statuses: frozenset[str]
    inactive_contract_statuses: frozenset[str]
    labor_tracking: str
    material_priorities: dict[str, str]  # tidied material code -> priority
    milestone_allocation_tracking: str
    near_limit_pct: Decimal
    billing_implications: dict[str, str]  # milestone status -> text
    resolutions: dict[str, str]  # conflict type -> text
    # (kind of charge or `time_entry`, id) -> the billing items that name the line
    postings: dict[tuple[str, int], list[Row]] = field(default_factory=dict)

    def requires_po(self, company_id: int | None) -> bool:
        """RES-20: its `po_required` is true or it is in `po_required_companies`."""
        if company_id is None:
            return False
        company = self.companies.get(company_id)
        flagged = company is not None and company["po_required"] is True
        return flagged or company_id in self.po_required_company_ids

    def name_of_company(self, company_id: int | None) -> str | None:
        """MRT-3: null for orphans."""
        company = None if company_id is None else self.companies.get(company_id)
        return None if company is None else company["company_name"]

    def parent(self, level: str, parent_id: int | None) -> Row | None:
        """The current row of a parent, None for no id and for an orphan."""
        return None if parent_id is None else self.parents[level].get(parent_id)

    def po_text(self, level: str, row: Row) -> str | None:
        """The current PO text of an object; a level left out of the precedence has none."""
        return row["purchase_order_number"] if level in self.precedence else None

    def current_po(self, level: str, row: Row) -> str | None:
        """The current clean PO of an object."""
        return clean_po(self.po_text(level, row), self.placeholders)


def load(
    landing: Path | Landing,
    as_of_date: date,
    *,
    placeholders: Iterable[str] | None = None,
    precedence: Sequence[str] = DEFAULT_PRECEDENCE,
    cancelled_charge_statuses: Iterable[str] = CANCELLED_CHARGE_STATUSES,
    inactive_contract_statuses: Iterable[str] = INACTIVE_CONTRACT_STATUSES,
    labor_tracking: str = "auto",
    material_priorities: Mapping[str, str] | None = None,
    milestone_allocation_tracking: str = "auto",
    near_limit_pct: int = 80,
) -> State:
    """Read a landing directory, as one refresh takes it in, and the settings into a `State`.

    `landing` may also be a `Landing` that has taken in several states of its directory.
    """
    if placeholders is None:
        placeholders = read_placeholders()
    if material_priorities is None:
        material_priorities = {
            row["material_code_name"]: row["po_priority"]
            for row in read_seed("material_code_priorities")
        }
    tidy_placeholders = frozenset(tidy_po(placeholder) for placeholder in placeholders)
    if isinstance(landing, Path):
        folder, landing = landing, Landing()
        landing.take_in(folder)
    assert landing.refused() == [], "nothing is published while a file is refused"
    assert unclear_charges(landing) == set(), "nothing is published while charges are mixed up"
    batches = {table: landing.batches(table) for table in TABLES}
    values = list(landing.current("picklist_values").values())
    current = {
        table: with_labels(table, list(landing.current(table).values()), values) for table in TABLES
    }
    charges = charges_with_labels(list(landing.charges().values()), values)
    codes = {row["id"]: row["name"] for row in current["billing_codes"]}
    for charge in charges:  # RES-25
        if charge["material_code_name"] is None:
            charge["material_code_name"] = codes.get(charge["billing_code_id"])
    extracted = [
        batch.extracted_at
        for table in TABLES
        for batch in batches[table]
        if source_of(table) == "autotask" and not batch.is_deleted
    ]
    return State(
        companies={row["id"]: row for row in current["companies"]},
        parents={
            level: {row["id"]: row for row in current[f"{level}s"]} for level in INHERITED_LEVELS
        },
        histories={
            level: build_versions(
                batches[f"{level}s"],
                is_contract=level == "contract",
                placeholders=tidy_placeholders,
            )
            for level in INHERITED_LEVELS
        },
        charges=charges,
        time_entries=current["time_entries"],
        milestones=current["contract_milestones"],
        billing_items=current["billing_items"],
        invoices={row["id"]: row for row in current["invoices"]},
        register=current["purchase_orders"],
        waivers=current["milestone_conflict_waivers"],
        po_required_company_ids={row["company_id"] for row in current["po_required_companies"]},
        disputed_company_ids={
            row["company_id"]
            for row in current["po_required_companies"]
            if row["has_disputed_invoice"] is True
        },
        data_as_of=max(extracted, default=None),
        as_of_date=as_of_date,
        placeholders=tidy_placeholders,
        precedence=tuple(precedence),
        cancelled_charge_statuses=frozenset(map(status_key, cancelled_charge_statuses)),
        inactive_contract_statuses=frozenset(map(status_key, inactive_contract_statuses)),
        labor_tracking=labor_tracking,
        material_priorities={tidy(code): text for code, text in material_priorities.items()},
        milestone_allocation_tracking=milestone_allocation_tracking,
        near_limit_pct=Decimal(near_limit_pct),
        billing_implications={
            status_key(row["status_name"]): row["billing_implication"]
            for row in read_seed("milestone_statuses")
        },
        resolutions={
            row["conflict_type"]: row["resolution"] for row in read_seed("conflict_resolutions")
        },
    )
