"""Random small landing directories, with a strong bias to the corners of the PO rules.

Every value is valid by RAW-1 and every batch acceptable, so that a whole world reaches the
marts. What the marts should then hold is none of this module's business: see `reference`.
"""

from __future__ import annotations

import csv
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Marts = dict[str, list[Row]]

AS_OF_DATE = date(2026, 11, 20)  # the day the worlds are built around; pass it to the pipeline too
IDS_PER_WORLD = 1000
PLACEHOLDERS = ("N/A", "TBD", "-")  # RES-3: kept by any edited seed

_FIRST_DELIVERY = date(2026, 6, 1)
_LAST_DELIVERY = date(2026, 11, 19)

# ---------------------------------------------------------------------------------------------
# Tables: column -> (type, spellings of the header beside the canonical name)
# ---------------------------------------------------------------------------------------------

_ID = "id"
_Columns = dict[str, tuple[str, tuple[str, ...]]]

TABLES: dict[str, _Columns] = {
    "companies": {
        "id": (_ID, ("company_id", "Company ID", "companyID")),
        "company_name": ("text", ("Company Name", "companyName")),
        "is_active": ("bool", ("isActive", "Is Active")),
        "parent_company_id": (_ID, ("parentCompanyID", "Parent Company ID")),
        "po_required": ("bool", ("requirePurchaseOrder", "poRequired", "PO Required")),
        "last_modified_at": ("ts", ("lastTrackedModifiedDateTime", "lastActivityDate")),
    },
    "contracts": {
        "id": (_ID, ("contract_id", "Contract ID", "contractID")),
        "company_id": (_ID, ("companyID", "Company ID")),
        "contract_name": ("text", ("contractName", "Contract Name")),
        "contract_number": ("text", ("contractNumber", "Contract Number")),
        "contract_type_name": ("text", ("contractType", "Contract Type Name")),
        "status_name": ("text", ("status", "contract_status_name", "Contract Status Name")),
        "purchase_order_number": ("text", ("purchaseOrderNumber", "Purchase Order Number")),
        "start_date": ("date", ("startDate", "Start Date")),
        "end_date": ("date", ("endDate", "End Date")),
        "renewed_contract_id": (_ID, ("renewedContractID", "Renewed Contract ID")),
        "last_modified_at": ("ts", ("lastModifiedDateTime", "Last Modified At")),
    },
    "projects": {
        "id": (_ID, ("project_id", "Project ID", "projectID")),
        "company_id": (_ID, ("companyID", "Company ID")),
        "project_name": ("text", ("projectName", "Project Name")),
        "project_number": ("text", ("projectNumber", "Project Number")),
        "contract_id": (_ID, ("contractID", "Contract ID")),
        "purchase_order_number": ("text", ("purchaseOrderNumber", "Purchase Order Number")),
        "status_name": ("text", ("status", "project_status_name", "Project Status Name")),
        "project_type_name": ("text", ("projectType", "Project Type Name")),
        "start_date": ("date", ("startDateTime", "Start Date")),
        "end_date": ("date", ("endDateTime", "End Date")),
        "last_modified_at": ("ts", ("lastActivityDateTime", "Last Modified At")),
    },
    "tasks": {
        "id": (_ID, ("task_id", "Task ID", "taskID")),
        "project_id": (_ID, ("projectID", "Project ID")),
        "title": ("text", ("Title",)),
        "task_number": ("text", ("taskNumber", "Task Number")),
        "purchase_order_number": ("text", ("purchaseOrderNumber", "PURCHASE ORDER NUMBER")),
        "status_name": ("text", ("status", "task_status_name", "Task Status Name")),
        "last_modified_at": ("ts", ("lastActivityDateTime", "Last Modified At")),
    },
    "tickets": {
        "id": (_ID, ("ticket_id", "Ticket ID", "ticketID")),
        "company_id": (_ID, ("companyID", "Company ID")),
        "ticket_number": ("text", ("ticketNumber", "Ticket Number")),
        "title": ("text", ("Title",)),
        "contract_id": (_ID, ("contractID", "Contract ID")),
        "project_id": (_ID, ("projectID", "Project ID")),
        "purchase_order_number": ("text", ("purchaseOrderNumber", "Purchase-Order Number")),
        "problem_ticket_id": (_ID, ("problemTicketID", "Problem Ticket ID")),
        "status_name": ("text", ("status", "ticket_status_name", "Ticket Status Name")),
        "last_modified_at": ("ts", ("lastTrackedModificationDateTime", "Last Modified At")),
    },
    "charges": {
        "id": (_ID, ("charge_id", "Charge ID", "chargeID")),
        "charge_kind": ("text", ("chargeKind", "Charge Kind")),
        "company_id": (_ID, ("companyID", "Company ID")),
        "contract_id": (_ID, ("contractID", "Contract ID")),
        "project_id": (_ID, ("projectID", "Project ID")),
        "task_id": (_ID, ("taskID", "Task ID")),
        "ticket_id": (_ID, ("ticketID", "Ticket ID")),
        "milestone_id": (_ID, ("milestoneID", "Milestone ID")),
        "purchase_order_number": ("text", ("purchaseOrderNumber", "Purchase Order Number")),
        "internal_po_number": ("text", ("internalPurchaseOrderNumber", "Internal PO Number")),
        "material_code_name": ("text", ("materialCode", "billingCodeName", "Material Code")),
        "name": ("text", ("Name",)),
        "description": ("text", ("Description",)),
        "quantity": ("decimal", ("unitQuantity", "Quantity")),
        "billable_amount": ("decimal", ("billableAmount", "Billable Amount")),
        "extended_cost": ("decimal", ("extendedCost", "Extended Cost")),
        "is_billable": ("bool", ("isBillableToCompany", "Is Billable")),
        "invoice_number": ("text", ("invoiceNumber", "Invoice Number")),
        "status_name": ("text", ("status", "charge_status_name", "Charge Status Name")),
        "date_purchased": ("date", ("datePurchased", "Date Purchased")),
        "last_modified_at": ("ts", ("lastModifiedAt", "Last Modified At")),
    },
    "time_entries": {
        "id": (_ID, ("time_entry_id", "Time Entry ID", "timeEntryID")),
        "resource_id": (_ID, ("resourceID", "Resource ID")),
        "contract_id": (_ID, ("contractID", "Contract ID")),
        "task_id": (_ID, ("taskID", "Task ID")),
        "ticket_id": (_ID, ("ticketID", "Ticket ID")),
        "date_worked": ("date", ("dateWorked", "Date Worked")),
        "hours_worked": ("decimal", ("hoursWorked", "Hours Worked")),
        "hours_to_bill": ("decimal", ("hoursToBill", "Hours To Bill")),
        "billing_amount": ("decimal", ("billingAmount", "Billing Amount")),
        "is_non_billable": ("bool", ("isNonBillable", "Is Non-Billable")),
        "invoice_number": ("text", ("invoiceNumber", "Invoice Number")),
        "last_modified_at": ("ts", ("lastModifiedDateTime", "Last Modified At")),
    },
    "contract_milestones": {
        "id": (_ID, ("ID",)),
        "contract_id": (_ID, ("contractID", "Contract ID")),
        "project_id": (_ID, ("projectID", "Project ID")),
        "project_number": ("text", ("projectNumber", "Project Number")),
        "title": ("text", ("Title",)),
        "amount": ("decimal", ("Amount",)),
        "status_name": ("text", ("status", "Status Name")),
        "date_due": ("date", ("dateDue", "Date Due")),
        "description": ("text", ("Description",)),
        "last_modified_at": ("ts", ("lastModifiedAt", "Last Modified At")),
    },
    "purchase_orders": {
        "company_id": (_ID, ("Company ID",)),
        "purchase_order_number": ("text", ("Purchase Order Number",)),
        "authorized_amount": ("decimal", ("Authorized Amount",)),
        "authorized_hours": ("decimal", ("Authorized Hours",)),
        "valid_from": ("date", ("Valid From",)),
        "valid_to": ("date", ("Valid To",)),
        "currency": ("text", ("Currency",)),
        "notes": ("text", ("Notes",)),
    },
    "po_required_companies": {
        "company_id": (_ID, ("Company ID",)),
        "has_disputed_invoice": ("bool", ("Has Disputed Invoice",)),
        "notes": ("text", ("Notes",)),
    },
    "milestone_conflict_waivers": {
        "milestone_id": (_ID, ("Milestone ID",)),
        "conflict_type": ("text", ("Conflict Type",)),
        "reason": ("text", ("Reason",)),
        "until": ("date", ("Until",)),
    },
}

REFERENCE_TABLES = ("purchase_orders", "po_required_companies", "milestone_conflict_waivers")

REQUIRED: dict[str, tuple[str, ...]] = {
    "companies": ("id", "company_name"),
    "contracts": ("id", "company_id", "contract_name"),
    "projects": ("id", "company_id", "project_name"),
    "tasks": ("id", "title"),
    "tickets": ("id", "company_id", "title"),
    "charges": ("id", "billable_amount", "date_purchased"),
    "time_entries": ("id", "date_worked", "hours_worked"),
    "contract_milestones": ("id", "title", "amount", "status_name"),
    "purchase_orders": ("company_id", "purchase_order_number"),
    "po_required_companies": ("company_id",),
    "milestone_conflict_waivers": ("milestone_id", "conflict_type", "reason"),
}

# most and least number of batches of a table in one landing directory
_BATCH_COUNTS = {
    "companies": (1, 2),
    "contracts": (2, 5),
    "projects": (1, 4),
    "tasks": (1, 4),
    "tickets": (1, 4),
    "charges": (1, 3),
    "time_entries": (1, 2),
    "contract_milestones": (1, 2),
    "purchase_orders": (1, 3),
    "po_required_companies": (1, 2),
    "milestone_conflict_waivers": (1, 4),
}

_CONFLICT_TYPES = (
    "contract_reference_mismatch",
    "project_without_contract",
    "missing_billing_target",
    "missing_charge_allocation",
    "duplicate_allocation",
    "charge_contract_mismatch",
)


# ---------------------------------------------------------------------------------------------
# Deliveries: which batches a table has. All worlds of a landing directory share them.
# ---------------------------------------------------------------------------------------------


@dataclass
class Delivery:
    """One batch of one table: its file, what its name says, and the rows of all worlds."""

    file: str  # below the folder of the source
    is_full: bool
    extracted_at: datetime
    modified_at: datetime  # of the file: counts only where the name has no timestamp
    is_empty: bool = False  # a header and no rows
    rows: list[Row] = field(default_factory=list)


def _chance(rng: random.Random, probability: float) -> bool:
    return rng.random() < probability


def _day_between(rng: random.Random, first: date, last: date) -> date:
    return first + timedelta(days=rng.randint(0, (last - first).days))


def _file_name(rng: random.Random, table: str, at: datetime, is_full: bool) -> str:
    """A batch name in one of the timestamp spellings of LND-3."""
    if (at.hour, at.minute, at.second) == (0, 0, 0):
        stamp = rng.choice([f"{at:%Y-%m-%d}", f"{at:%Y%m%d}"])
    else:
        stamp = rng.choice([f"{at:%Y-%m-%dT%H%M%SZ}", f"{at:%Y%m%dT%H%M%SZ}"])
    if is_full:
        patterns = [
            "{stamp}_full",
            "{stamp}.full",
            "{stamp}-full",
            "full.{stamp}",
            "{table}_full_{stamp}",
        ]
    else:
        patterns = [
            "{stamp}",
            "{stamp}",
            "{table}_{stamp}",
            "{stamp}-delta",
            "{stamp}_refull",
            "{stamp}.fully",
        ]
    return rng.choice(patterns).format(stamp=stamp, table=table) + ".csv"


def _plan_deliveries(rng: random.Random, table: str) -> list[Delivery]:
    """The batches of one table, oldest first."""
    least, most = _BATCH_COUNTS[table]
    count = rng.randint(least, most)
    if count == 1 and _chance(rng, 0.6):
        at = datetime.combine(
            _day_between(rng, _FIRST_DELIVERY, _LAST_DELIVERY), datetime.min.time()
        )
        return [Delivery(f"{table}.csv", True, at, at)]

    days = sorted(_day_between(rng, _FIRST_DELIVERY, _LAST_DELIVERY) for _ in range(count))
    deliveries: list[Delivery] = []
    names: set[str] = set()
    for number, day in enumerate(days):
        at = datetime.combine(day, datetime.min.time())
        if _chance(rng, 0.5):
            at += timedelta(hours=rng.choice([2, 2, 14, 23]), minutes=rng.choice([0, 30]))
        if deliveries and _chance(rng, 0.2):
            at = deliveries[-1].extracted_at  # only the batch id tells which one is later
        is_full = _chance(rng, 0.5)
        # the modification time of a file with a timestamp in its name must not matter
        modified_at = at + timedelta(days=rng.randint(-400, 40))
        name = f"{table}/{_file_name(rng, table, at, is_full)}"
        if _chance(rng, 0.1):
            # the part without digits keeps it from being read as a timestamp
            name, is_full, modified_at = f"{table}/load_{'abcdefg'[number]}.csv", False, at
        elif number == 0 and _chance(rng, 0.1):
            name, is_full, modified_at = f"{table}.csv", True, at
        if name not in names:
            names.add(name)
            is_empty = number > 0 and not is_full and _chance(rng, 0.3)
            deliveries.append(Delivery(name, is_full, at, modified_at, is_empty))
    return sorted(deliveries, key=lambda delivery: (delivery.extracted_at, delivery.file))


# ---------------------------------------------------------------------------------------------
# Values
# ---------------------------------------------------------------------------------------------

_PO_NUMBERS = ("PO-1001", "4500012", "ACME 77 B", "BÜRO 5", "X")
_DIRTY_SPACES = (" ", "  ", "\t", "\u00a0", " \u00a0 ", "\u200b", "\ufeff", "\u2009", "\u3000")


def _dirty(rng: random.Random, text: str) -> str:
    """The same PO as people type and paste it."""
    parts = text.split(" ")
    if _chance(rng, 0.5):
        parts = [part.lower() for part in parts]
    typed = parts[0]
    for part in parts[1:]:
        typed += rng.choice(_DIRTY_SPACES) + part
    if _chance(rng, 0.5):
        typed = rng.choice(_DIRTY_SPACES) + typed
    if _chance(rng, 0.5):
        typed += rng.choice(_DIRTY_SPACES)
    return typed


def _po_text(rng: random.Random, chance_of_po: float) -> str | None:
    """A PO, one written badly, a placeholder, white space or nothing."""
    if _chance(rng, chance_of_po):
        number = rng.choice(_PO_NUMBERS)
        return _dirty(rng, number) if _chance(rng, 0.4) else number
    kind = rng.random()
    if kind < 0.45:
        return None
    if kind < 0.85:
        placeholder = rng.choice(PLACEHOLDERS)
        return _dirty(rng, placeholder) if _chance(rng, 0.4) else placeholder
    return rng.choice([" ", "\t", "\u00a0", "\u200b", " \u00a0\u200b "])


def _amount(rng: random.Random) -> Decimal:
    """Charges: mostly small amounts, also credits, zero, and more decimals than money keeps."""
    kind = rng.random()
    if kind < 0.12:
        return Decimal(0)
    if kind < 0.25:
        return -Decimal(rng.randint(1, 99999)) / 100
    if kind < 0.35:
        return rng.choice([Decimal("10.12345"), Decimal("-10.12345"), Decimal("0.00005")])
    if kind < 0.4:
        return Decimal("1234567890.1234")
    return Decimal(rng.randint(1, 999999)) / rng.choice([1, 100, 10000])


def _optional_amount(rng: random.Random) -> Decimal | None:
    return None if _chance(rng, 0.3) else _amount(rng)


def _invoice_number(rng: random.Random, invoiced: bool) -> str | None:
    """Blank, `0` and a real one; the first two mean "not invoiced yet"."""
    if invoiced and _chance(rng, 0.35):
        return rng.choice(["INV-1", "2026-0042", "00"])
    return rng.choice([None, None, None, "0", " ", "  "])


def _maybe(rng: random.Random, probability: float, value: Any) -> Any:
    return value if _chance(rng, probability) else None


# ---------------------------------------------------------------------------------------------
# One world
# ---------------------------------------------------------------------------------------------


@dataclass
class _World:
    """The ids that exist in one world, and what its lines refer to."""

    rng: random.Random
    base: int  # ids are base + 1, base + 2, …: the same numbers in every table
    labor_invoiced: bool
    has_claims: bool  # whether charges name milestones
    has_own_organisation: bool  # exactly one world of a landing directory delivers company 0
    ids: dict[str, list[int]] = field(default_factory=dict)
    parents: dict[str, dict[int, Row]] = field(default_factory=dict)  # latest row by table and id
    days: list[date] = field(default_factory=list)  # days on which something changes
    # a company that nothing but the first charges refers to: its amounts are known, so that
    # companies of several worlds tie, and percentages end in an exact half
    quiet_company_id: int = 0
    quiet_amounts: tuple[tuple[Decimal, str | None], ...] = ()  # (billable amount, own PO)

    def link(self, table: str, exists: float = 0.8) -> int | None:
        """A foreign key: an id of the table, an orphan, or 0."""
        if _chance(self.rng, exists):
            return self.rng.choice(self.ids[table])
        return self.rng.choice([self.base + 900, self.base + 901, 0, None])

    def company(self) -> int:
        """A required company id; the own organisation and orphans now and then."""
        kind = self.rng.random()
        if kind < 0.1:
            return 0
        if kind < 0.15:
            return self.base + 900
        return self.rng.choice(self.ids["companies"])

    def day(self) -> date:
        """A day of a line: mostly next to a day on which something changes."""
        if _chance(self.rng, 0.75):
            return self.rng.choice(self.days) + timedelta(days=self.rng.choice([-1, 0, 0, 1]))
        return _day_between(self.rng, date(2026, 4, 1), date(2026, 12, 10))

    def latest(self, table: str, row_id: int | None) -> Row:
        """The latest state of a row; empty for an orphan and for no id."""
        return self.parents[table].get(row_id or -1, {})


def _quiet_amounts(rng: random.Random) -> tuple[tuple[Decimal, str | None], ...]:
    """The charges of a quiet company: one of a few amounts for all worlds, or 0.125 % with PO."""
    if _chance(rng, 0.2):
        return rng.choice(
            [
                ((Decimal(1), "PO-1001"), (Decimal(799), None)),
                ((Decimal(-1), "PO-1001"), (Decimal(801), None)),
            ]
        )
    amount = rng.choice([Decimal(9) * 10**9, Decimal(6) * 10**9, Decimal(3) * 10**9, Decimal(250)])
    return ((amount, _maybe(rng, 0.5, "PO-1001")),)


def _company(world: _World, company_id: int) -> Row:
    rng = world.rng
    number = company_id - world.base
    # 2 and 3 belong to 1, so that 2 and 3 are strangers to each other; 4 belongs to 2, so that 1
    # is only its grandparent
    parent = {2: world.base + 1, 3: world.base + 1, 4: world.base + 2}.get(number)
    if company_id == 0:
        parent = None
    elif parent is None:
        parent = rng.choice([None, 0, world.base + 900])
    return {
        "id": company_id,
        "company_name": f"Company {company_id}",
        "is_active": rng.choice([True, False, None]),
        "parent_company_id": parent,
        "po_required": rng.choice([True, False, None]),
    }


def _period(rng: random.Random) -> tuple[date | None, date | None]:
    """Contract dates: open on either side, one day long, or some weeks."""
    start = _day_between(rng, date(2026, 5, 1), date(2026, 10, 31))
    if _chance(rng, 0.15):
        # a renewal typed in ahead of time, or on the very day
        start = AS_OF_DATE + timedelta(days=rng.choice([0, 0, 1, 30]))
    end = start + timedelta(days=rng.choice([0, 1, 20, 45, 90, 150]))
    if start < AS_OF_DATE and _chance(rng, 0.15):
        end = AS_OF_DATE - timedelta(days=rng.choice([0, 1]))
    return (_maybe(rng, 0.65, start), _maybe(rng, 0.65, end))


def _contract(world: _World, contract_id: int) -> Row:
    rng = world.rng
    start_date, end_date = _period(rng)
    active = ["Active", "active ", "1", "Paused", None]
    inactive = ["0", "Inactive", "cancelled", " Canceled", "COMPLETE", "Expired"]
    return {
        "id": contract_id,
        "company_id": world.company(),
        "contract_name": f'Contract "{contract_id}", managed services',
        "contract_number": _maybe(rng, 0.5, f"C-{contract_id}"),
        "contract_type_name": rng.choice(["Time and Materials", "Block Hours", None]),
        "status_name": rng.choice(active if _chance(rng, 0.75) else inactive),
        "purchase_order_number": _po_text(rng, 0.55),
        "start_date": start_date,
        "end_date": end_date,
        "renewed_contract_id": rng.choice(
            [None, None, contract_id, world.link("contracts"), world.link("contracts")]
        ),
    }


def _project_number(world: _World, project_id: int) -> str | None:
    """A number of its own, one that several projects share, white space, or nothing."""
    rng = world.rng
    number = rng.choice([f"P{project_id}", f"P{project_id}", f"P{project_id}", f"P{world.base}"])
    return rng.choice([number, number, number, f" {number}", f"{number}  ", " ", None])


def _project(world: _World, project_id: int) -> Row:
    rng = world.rng
    return {
        "id": project_id,
        "company_id": world.company(),
        "project_name": f"Project {project_id}",
        "project_number": _project_number(world, project_id),
        "contract_id": _maybe(rng, 0.75, world.link("contracts")),
        "purchase_order_number": _po_text(rng, 0.35),
        "status_name": rng.choice(["New", "Complete", None]),
        "project_type_name": rng.choice(["Client", "Internal", None]),
        "start_date": _maybe(rng, 0.5, world.day()),
        "end_date": _maybe(rng, 0.5, world.day()),
    }


def _task(world: _World, task_id: int) -> Row:
    rng = world.rng
    return {
        "id": task_id,
        "project_id": _maybe(rng, 0.7, world.link("projects")),
        "title": f"Task {task_id}",
        "task_number": _maybe(rng, 0.7, f"T{task_id}.1"),
        "purchase_order_number": _po_text(rng, 0.35),
        "status_name": rng.choice(["New", None]),
    }


def _ticket(world: _World, ticket_id: int) -> Row:
    rng = world.rng
    return {
        "id": ticket_id,
        "company_id": world.company(),
        "ticket_number": _maybe(rng, 0.7, f"T20260901.{ticket_id}"),
        "title": f"Ticket {ticket_id}",
        "contract_id": _maybe(rng, 0.6, world.link("contracts")),
        "project_id": _maybe(rng, 0.3, world.link("projects")),
        "purchase_order_number": _po_text(rng, 0.35),
        # two tickets are the problem of most others; some name themselves, or one that is missing
        "problem_ticket_id": rng.choice(
            [
                None,
                None,
                0,
                world.base + 1,
                world.base + 1,
                world.base + 2,
                ticket_id,
                world.link("tickets"),
            ]
        ),
        "status_name": rng.choice(["New", "Complete", None]),
    }


def _links(world: _World, *, with_project: bool) -> Row:
    """The foreign keys of a line, so that every level is reached and every level is skipped."""
    rng = world.rng
    links: Row = {"contract_id": None, "project_id": None, "task_id": None, "ticket_id": None}
    shapes: list[tuple[str, ...]] = [
        (),
        ("contract",),
        ("contract",),
        ("project",),
        ("task",),
        ("task",),
        ("ticket",),
        ("ticket",),
        ("task", "ticket"),
        ("contract", "task"),
        ("contract", "ticket"),
        ("contract", "project"),
        ("contract", "project", "task", "ticket"),
    ]
    for level in rng.choice(shapes):
        links[f"{level}_id"] = world.link(f"{level}s")
    if with_project and links["task_id"] is not None and _chance(rng, 0.15):
        links["project_id"] = world.base + 900  # hides the task's own project
    if not with_project:
        del links["project_id"]
    return links


def _company_of_links(world: _World, links: Row) -> int | None:
    """The company of some linked object, as it is when somebody keeps the data well."""
    for level in ("ticket", "project", "contract"):
        parent = world.parents[f"{level}s"].get(links.get(f"{level}_id") or -1)
        if parent is not None:
            return int(parent["company_id"])
    task = world.parents["tasks"].get(links.get("task_id") or -1)
    project = world.parents["projects"].get((task or {}).get("project_id") or -1)
    return None if project is None else project["company_id"]


def _charge(world: _World, key: tuple[int, str | None]) -> Row:
    rng = world.rng
    links = _links(world, with_project=True)
    milestone_id = _claim(world, links)
    company_id = rng.choice(
        [None, None, None, world.company(), *[_company_of_links(world, links)] * 4]
    )
    charge_id, kind = key
    # of these codes the one holds credits alone, the other nothing but zeros
    material = rng.choice(
        ["Hardware", "Software", "hardware ", "Uncategorised", None, None, "Freight", "Travel"]
    )
    amount = _amount(rng)
    if material == "Freight":
        amount = -abs(amount)
    elif material == "Travel":
        amount = Decimal(0)
    charge: Row = {
        "id": charge_id,
        "charge_kind": kind if kind is None else rng.choice([kind, kind, kind.upper()]),
        "company_id": company_id,
        **links,
        "milestone_id": milestone_id,
        "purchase_order_number": _po_text(rng, 0.3) if _chance(rng, 0.6) else None,
        "internal_po_number": rng.choice([None, None, " ", "MSP-7", "N/A"]),
        "material_code_name": material,
        "name": _maybe(rng, 0.8, f"Item {charge_id}"),
        "description": rng.choice([None, "plain", 'with "quotes", commas', "two\nlines"]),
        "quantity": _maybe(rng, 0.7, Decimal(rng.randint(0, 500)) / 100),
        "billable_amount": amount,
        "extended_cost": _optional_amount(rng),
        "is_billable": rng.choice([True, True, None, None, False]),
        "invoice_number": _invoice_number(rng, invoiced=True),
        "status_name": rng.choice(
            ["Ordered", "Shipped", "Delivered", None, None, None, "Canceled", " CANCELLED "]
        ),
        "date_purchased": world.day(),
    }
    number = charge_id - world.base
    if number <= len(world.quiet_amounts):
        charge["company_id"] = world.quiet_company_id
        charge["material_code_name"] = "Software"
        charge["milestone_id"] = None
        if _chance(rng, 0.8):
            charge["is_billable"], charge["status_name"] = True, None
        charge["billable_amount"], charge["purchase_order_number"] = world.quiet_amounts[number - 1]
    return charge


def _time_entry(world: _World, entry_id: int) -> Row:
    rng = world.rng
    return {
        "id": entry_id,
        "resource_id": rng.choice([None, 0, world.base + 1, world.base + 2, world.base + 3]),
        **_links(world, with_project=False),
        "date_worked": world.day(),
        "hours_worked": rng.choice([Decimal(0), Decimal("0.25"), Decimal("7.33335"), Decimal(24)]),
        "hours_to_bill": rng.choice([None, None, Decimal(0), Decimal("0.5"), Decimal("8.00005")]),
        "billing_amount": _optional_amount(rng),
        "is_non_billable": rng.choice([None, None, False, False, True]),
        "invoice_number": _invoice_number(rng, world.labor_invoiced),
    }


_MILESTONE_STATUSES = (
    *("Incompleted", "incomplete", "In Progress", " IN PROGRESS", "Completed", "complete "),
    *("Approved for Billing", "APPROVED for billing", "Ready to Bill", "ready to bill "),
    *("Billed", "BILLED", "Waiting for client", "approved", " "),
)


def _due_date(world: _World, contract: Row) -> date | None:
    """None, about the as-of date, about the end of the contract, or a day like any line's."""
    rng = world.rng
    near = timedelta(days=rng.choice([-1, 0, 0, 1]))
    dates = [None, AS_OF_DATE, AS_OF_DATE + near, world.day(), world.day(), date(2027, 3, 1)]
    if contract.get("end_date") is not None:
        dates += [contract["end_date"] + near] * 4
    return rng.choice(dates)


def _milestone(world: _World, milestone_id: int) -> Row:
    rng = world.rng
    contract_id = project_id = number = None
    shape = rng.choice(
        ["contract", "contract", "project", "project", "number", "number", "both", "both", "none"]
    )
    if shape in ("contract", "both"):
        contract_id = world.link("contracts")
    if shape in ("project", "both"):
        project_id = world.link("projects")
    if shape == "both" and _chance(rng, 0.5):
        # the project is on the same contract, as it should be
        contract_id = world.latest("projects", project_id).get("contract_id", contract_id)
    if shape == "number" or _chance(rng, 0.1):
        project = rng.choice([*world.ids["projects"], world.base])
        number = rng.choice(["P{}", "P{}", "P{}", " P{}", "P{} ", "p{}", "P{}.9", " "])
        number = number.format(project)
    target = contract_id or world.latest("projects", project_id).get("contract_id")
    return {
        "id": milestone_id,
        "contract_id": contract_id,
        "project_id": project_id,
        "project_number": number,
        "title": f"Milestone {milestone_id}",
        # several of one amount, so that the order to fix them is decided by what comes after it
        "amount": rng.choice(
            [Decimal(0), Decimal("1500.5"), Decimal(2000), Decimal(rng.randint(1, 99999)) / 100]
        ),
        "status_name": rng.choice(_MILESTONE_STATUSES),
        "date_due": _due_date(world, world.latest("contracts", target)),
        "description": _maybe(rng, 0.3, "Stage"),
    }


def _claim(world: _World, links: Row) -> int | None:
    """The milestone that a charge names; half of them bill it on the milestone's contract."""
    rng = world.rng
    if not world.has_claims or _chance(rng, 0.7):
        return None
    milestone_id = world.link("contract_milestones", exists=0.9)
    milestone = world.latest("contract_milestones", milestone_id)
    project = world.latest("projects", milestone.get("project_id"))
    target = milestone.get("contract_id") or project.get("contract_id")
    if target and _chance(rng, 0.6):
        links |= {"contract_id": None, "project_id": None, "task_id": None, "ticket_id": None}
        level = rng.choice(["contract", "project", "ticket"])
        owners = [
            row["id"]
            for row in world.parents[f"{level}s"].values()
            if level != "contract" and row["contract_id"] == target
        ]
        if owners:
            links[f"{level}_id"] = rng.choice(owners)
        else:
            links["contract_id"] = target
    return milestone_id


_MAKERS: dict[str, Callable[[_World, Any], Row]] = {
    "companies": _company,
    "contracts": _contract,
    "projects": _project,
    "tasks": _task,
    "tickets": _ticket,
    "charges": _charge,
    "time_entries": _time_entry,
    "contract_milestones": _milestone,
}

_SIZES = {
    "companies": (4, 6),
    "contracts": (5, 8),
    "projects": (4, 6),
    "tasks": (5, 8),
    "tickets": (4, 7),
    "contract_milestones": (8, 14),
    "charges": (30, 60),
    "time_entries": (30, 60),
}
_CHARGE_KINDS = (None, None, "contract", "project", "ticket", "change_order")


def _charge_keys(rng: random.Random, base: int, count: int) -> list[tuple[int, str | None]]:
    """Keys of charges; every few ids occur in two kinds, as the API's do."""
    keys: list[tuple[int, str | None]] = []
    number = 0
    while len(keys) < count:
        number += 1
        kinds = rng.sample(_CHARGE_KINDS[1:], 2 if _chance(rng, 0.2) else 1)
        keys += [(base + number, kind) for kind in kinds]
    return keys


def _changed(world: _World, table: str, row: Row) -> Row:
    """A later state of a row: what MSPs overwrite, above all the PO and the contract's dates."""
    rng = world.rng
    key = (
        (row["id"], (row["charge_kind"] or "").lower() or None) if table == "charges" else row["id"]
    )
    if table in ("companies", "charges", "time_entries", "contract_milestones"):
        return _MAKERS[table](world, key)
    changed = dict(row)
    if table == "contracts" and _chance(rng, 0.5):
        changed["start_date"], changed["end_date"] = _period(rng)
        if _chance(rng, 0.4):
            return changed  # the period alone
    if changed["purchase_order_number"] and _chance(rng, 0.15):
        # the same PO in other letters is no new version
        changed["purchase_order_number"] = changed["purchase_order_number"].lower() + " "
    else:
        changed["purchase_order_number"] = _po_text(rng, 0.7)
    return changed


def _last_modified(
    rng: random.Random, previous_at: datetime | None, extracted_at: datetime
) -> datetime | None:
    """A time stamp inside, outside or exactly at an edge of the window of RES-8."""
    if previous_at is None:
        previous_at = extracted_at - timedelta(days=20)
    second = timedelta(seconds=1)
    inside = previous_at + (extracted_at - previous_at) * rng.random()
    return rng.choice(
        [
            None,
            inside.replace(microsecond=0),
            inside.replace(microsecond=0),
            previous_at,
            previous_at + second,
            previous_at - timedelta(days=9),
            extracted_at,
            extracted_at + second,
            extracted_at + timedelta(days=9),
        ]
    )


def _fill(world: _World, table: str, deliveries: list[Delivery]) -> None:
    """Let one table of one world live through its deliveries."""
    rng = world.rng
    make = _MAKERS[table]
    keys: list[Any] = list(world.ids[table])
    if table == "companies" and world.has_own_organisation:
        keys.append(0)
    if table == "companies" and world.quiet_company_id == world.base + 800:
        keys.append(world.quiet_company_id)
    if table == "charges":
        keys = _charge_keys(rng, world.base, len(keys))
    always = (
        {0, *(world.base + number for number in (1, 2, 3, 4))} if table == "companies" else set()
    )

    states: dict[Any, Row] = {}
    gone: set[Any] = set()
    previous_at: datetime | None = None
    for number, delivery in enumerate(deliveries):
        rows: list[Row] = []
        for key in [] if delivery.is_empty else keys:
            is_touched = number == 0
            if key not in states:
                if key not in always and number + 1 < len(deliveries) and _chance(rng, 0.12):
                    continue  # it is created later
                states[key] = make(world, key)
                is_touched = True
            elif key in gone:
                if delivery.is_full or not _chance(rng, 0.2):
                    continue
                gone.discard(key)  # deleted, and delivered again
                is_touched = True
            elif _chance(rng, 0.5):
                states[key] = _changed(world, table, states[key])
                is_touched = True
            if delivery.is_full and number > 0 and key not in always and _chance(rng, 0.06):
                gone.add(key)
                continue
            if delivery.is_full or is_touched or _chance(rng, 0.1):
                modified_at = _last_modified(rng, previous_at, delivery.extracted_at)
                states[key] = {**states[key], "last_modified_at": modified_at}
                if _chance(rng, 0.05):
                    # an earlier copy of the same key in the same file: the last one counts
                    earlier = {**_changed(world, table, states[key])}
                    earlier["last_modified_at"] = None
                    rows.insert(rng.randint(0, len(rows)), earlier)
                rows.append(dict(states[key]))
        previous_at = delivery.extracted_at
        delivery.rows += rows
        if table == "contracts":
            for row in rows:
                world.days += [day for day in (row["start_date"], row["end_date"]) if day]
        if table in ("contracts", "projects", "tasks", "tickets"):
            world.days.append(delivery.extracted_at.date())
            world.days += [
                row["last_modified_at"].date() for row in rows if row["last_modified_at"]
            ]
    world.parents[table] = {row["id"]: row for row in states.values()}


def _fill_reference(world: _World, landing: dict[str, list[Delivery]]) -> None:
    """The tables that the user keeps, of one world."""
    rng = world.rng
    company_ids = [*world.ids["companies"], world.base + 900]
    requiring = rng.sample(company_ids, 4)
    for number, delivery in enumerate(landing.get("po_required_companies", [])):
        # a full batch may delete one in three: more than half would be refused (LND-13)
        for company_id in requiring[number : number + 3]:
            delivery.rows.append(
                {
                    "company_id": company_id,
                    "has_disputed_invoice": rng.choice([True, False, None]),
                    "notes": _maybe(rng, 0.3, "by letter"),
                }
            )
    # numbers in any of their spellings; what nothing else carries is never used
    registered = [(company_id, po) for company_id in company_ids for po in _PO_NUMBERS[:3]]
    registered += [(world.base + 901, "X"), (rng.choice(company_ids), "SPARE 1")]
    registered += [(world.quiet_company_id, "PO-1001")] if world.quiet_company_id else []
    registered += [(0, po) for po in _PO_NUMBERS if world.has_own_organisation]
    _keep(world, landing.get("purchase_orders", []), registered, _registered_po)
    waived = [
        (milestone_id, conflict_type)
        for milestone_id in (*world.ids["contract_milestones"], world.base + 900)
        for conflict_type in _CONFLICT_TYPES
        if _chance(rng, 0.15)
    ]
    _keep(world, landing.get("milestone_conflict_waivers", []), waived, _waiver)


def _keep(
    world: _World,
    deliveries: list[Delivery],
    keys: list[tuple[int, str]],
    make: Callable[[_World, tuple[int, str]], Row],
) -> None:
    """Let a table of the user live through its deliveries, some keys twice in one of them."""
    rng = world.rng
    for number, delivery in enumerate(deliveries):
        # a full batch must not delete more than half of a table (LND-13)
        share = 0.85 if delivery.is_full or number == 0 else 0.4
        for key in [] if delivery.is_empty else keys:
            if _chance(rng, share):
                delivery.rows += [make(world, key) for _ in range(2 if _chance(rng, 0.1) else 1)]


def _registered_po(world: _World, key: tuple[int, str]) -> Row:
    """A row of the register: what it authorises from nothing to more than anybody uses."""
    rng = world.rng
    company_id, po_number = key
    amounts: list[Any] = [None, None, 0, "0.01", 500, 9999, 10**6, 10**9, 4 * 10**9, 10**11]
    used = sum((amount for amount, po in world.quiet_amounts if po is not None), Decimal(0))
    if company_id == world.quiet_company_id and used > 0 and _chance(rng, 0.9):
        # used up to the limit, to 80 % of it, or to one unit of money beside these
        exact = [used, used * 5 / 4]
        amounts = [amount + rng.choice([0, 0, 1, -1]) * Decimal("0.0001") for amount in exact]
    amount = rng.choice(amounts)
    first = rng.choice([None, date(2026, 1, 1), AS_OF_DATE - timedelta(days=30)])
    days = rng.choice([None, None, None, -1, 0, 0, 1, 60])
    return {
        "company_id": company_id,
        "purchase_order_number": _dirty(rng, po_number) if _chance(rng, 0.5) else po_number,
        "authorized_amount": None if amount is None else Decimal(amount),
        "authorized_hours": rng.choice([None, None, None, Decimal(0), *_AUTHORIZED_HOURS]),
        "valid_from": first,
        "valid_to": None if days is None else AS_OF_DATE + timedelta(days=days),
        "currency": _maybe(rng, 0.5, "EUR"),
        "notes": None,
    }


_AUTHORIZED_HOURS = (Decimal(8), Decimal("24.5"), Decimal(60), Decimal(500))


def _waiver(world: _World, key: tuple[int, str]) -> Row:
    """A waiver that lapsed, lapses today, goes on or is for good."""
    rng = world.rng
    milestone_id, conflict_type = key
    days = rng.choice([None, None, -30, -1, 0, 0, 1, 30])
    return {
        "milestone_id": milestone_id,
        "conflict_type": rng.choice([conflict_type, conflict_type.upper(), conflict_type.title()]),
        "reason": f"Agreed, {rng.choice(['by mail', 'on the phone', 'in writing'])}",
        "until": None if days is None else AS_OF_DATE + timedelta(days=days),
    }


def _fill_world(world: _World, landing: dict[str, list[Delivery]]) -> None:
    rng = world.rng
    for table, (least, most) in _SIZES.items():
        count = rng.randint(least, most)
        world.ids[table] = [world.base + number for number in range(1, count + 1)]
    if _chance(rng, 0.5):
        world.quiet_company_id = world.base + rng.choice([800, 800, 902])  # 902 is an orphan
        world.quiet_amounts = _quiet_amounts(rng)
    today = AS_OF_DATE
    world.days = [today - timedelta(days=age) for age in (0, 30, 31, 60, 61, 90, 91, -5)]
    for table in _SIZES:  # parents before lines: `_SIZES` is in this order
        _fill(world, table, landing.get(table, []))
    _fill_reference(world, landing)


# ---------------------------------------------------------------------------------------------
# Writing: the same value in one of its spellings
# ---------------------------------------------------------------------------------------------


def spell(rng: random.Random, column_type: str, value: Any) -> str:
    """Text of one value, in one of the spellings of RAW-4 and RAW-5."""
    if value is None:
        return ""
    if column_type == _ID:
        return rng.choice([f"{value}", f"{value}", f"{value}", f"{value}.0", f" {value} "])
    if column_type == "decimal":
        plain = f"{value:f}"
        scientific = f"{value.scaleb(2):f}e-2"
        signed = plain if plain.startswith("-") else f"+{plain}"
        return rng.choice([plain, plain, plain, f" {plain}", scientific, signed])
    if column_type == "bool":
        return rng.choice(
            ["true", "True", "TRUE", "1", "yes", "Y"]
            if value
            else ["false", "False", "FALSE", "0", "no", "N"]
        )
    if column_type == "date":
        return rng.choice(
            [
                f"{value}",
                f"{value}",
                f"{value}T00:00:00",
                f"{value}T23:30:00Z",
                f"{value}T23:30:00-05:00",  # the date part counts, the zone does not shift it
            ]
        )
    if column_type == "ts":
        shifted = value.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=-5)))
        return rng.choice(
            [
                f"{value:%Y-%m-%dT%H:%M:%S}Z",
                f"{value:%Y-%m-%dT%H:%M:%S}Z",
                f"{value:%Y-%m-%dT%H:%M:%S}.000Z",
                f"{value:%Y-%m-%dT%H:%M:%S}",
                f"{shifted:%Y-%m-%dT%H:%M:%S}-05:00",
            ]
        )
    return str(value)


def choose_headers(rng: random.Random, table: str, rows: list[Row]) -> dict[str, str]:
    """Column -> header: canonical, of the API, an alias, or a label of Power BI."""
    style = rng.choice(["canonical", "other", "mixed"])
    headers: dict[str, str] = {}
    for column, (_, others) in TABLES[table].items():
        # a missing optional column is null
        is_empty = all(row[column] is None for row in rows)
        if is_empty and column not in REQUIRED[table] and _chance(rng, 0.5):
            continue
        use_other = style == "other" or (style == "mixed" and _chance(rng, 0.5))
        headers[column] = rng.choice(others) if use_other else column
    return headers


def source_of(table: str) -> str:
    """The folder of a table."""
    return "reference" if table in REFERENCE_TABLES else "autotask"


def _write(rng: random.Random, source_folder: Path, table: str, delivery: Delivery) -> None:
    """Write one batch: columns in any order, sometimes with one that nobody asked for."""
    path = source_folder / delivery.file
    path.parent.mkdir(parents=True, exist_ok=True)
    headers = choose_headers(rng, table, delivery.rows)
    columns = list(headers)
    rng.shuffle(columns)
    has_unknown = _chance(rng, 0.2)
    # where both are there, the canonical name wins over an alias
    decoy = "status" if headers.get("status_name") == "status_name" and _chance(rng, 0.5) else None
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator=rng.choice(["\n", "\r\n"]))
        extra = (["UDF: Region"] if has_unknown else []) + ([decoy] if decoy else [])
        writer.writerow([*(headers[column] for column in columns), *extra])
        for row in delivery.rows:
            cells = [spell(rng, TABLES[table][column][0], row[column]) for column in columns]
            writer.writerow([*cells, *["Canceled" for _ in extra]])
    stamp = delivery.modified_at.replace(tzinfo=UTC).timestamp()
    os.utime(path, (stamp, stamp))


def make_worlds(
    rng: random.Random,
    count: int,
    *,
    labor_invoiced: bool | None = None,
    with_tickets: bool | None = None,
    with_claims: bool | None = None,
) -> dict[str, list[Delivery]]:
    """Many small worlds, with ids that never meet, as the deliveries of one landing directory.

    The worlds share the batches of every table and company 0, the MSP's own organisation. World
    `n` has the ids (n + 1) * `IDS_PER_WORLD` and above. Ages are built around `AS_OF_DATE`.

    Args:
        rng: the only source of randomness.
        count: how many worlds.
        labor_invoiced: whether any time entry has a real invoice number; None leaves it to chance.
            It is one switch for all, because labor tracking is found out over all time entries.
        with_tickets: whether the optional table is delivered at all; None leaves it to chance.
        with_claims: whether any charge names a milestone; None leaves it to chance.

    Returns:
        Table -> its batches, oldest first, with typed rows.
    """
    if labor_invoiced is None:
        labor_invoiced = _chance(rng, 0.7)
    if with_tickets is None:
        with_tickets = _chance(rng, 0.9)
    if with_claims is None:
        with_claims = _chance(rng, 0.9)
    deliveries = {table: _plan_deliveries(rng, table) for table in _SIZES}
    if not with_tickets:
        del deliveries["tickets"]
    deliveries |= {
        table: _plan_deliveries(rng, table) for table in REFERENCE_TABLES if _chance(rng, 0.85)
    }
    for number in range(count):
        world = _World(
            rng=rng,
            base=(number + 1) * IDS_PER_WORLD,
            labor_invoiced=labor_invoiced,
            has_claims=with_claims,
            has_own_organisation=number == 0,
        )
        _fill_world(world, deliveries)
    return deliveries


def write_worlds(rng: random.Random, landing: Path, count: int, **shape: bool | None) -> None:
    """Write the deliveries of `make_worlds` as CSV files into one landing directory.

    The same seed writes the same bytes and file times.
    """
    for table, batches in make_worlds(rng, count, **shape).items():
        for delivery in batches:
            _write(rng, landing / source_of(table), table, delivery)
