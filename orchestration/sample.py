"""The synthetic sample: one made-up MSP, written as the landing files of an Autotask export.

Here belongs what the sample is made of and how it is written, at any size. The rules of the marts
do not: the generator types POs in the way people do and never resolves one.
"""

# Laid out by hand, because data and records read better as tables than with one value a line:
# fmt: off
from __future__ import annotations

import argparse
import calendar
from bisect import bisect_left
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from orchestration.settings import SAMPLE_AS_OF_DATE

EXTRACT_DATE = SAMPLE_AS_OF_DATE  # of the newest batch
CONTRACT_BATCHES = (date(2024, 11, 20), date(2025, 11, 20), EXTRACT_DATE)
PROJECT_BATCHES = (date(2025, 11, 20), EXTRACT_DATE)
FIRST_DAY = EXTRACT_DATE - timedelta(days=729)  # of charges, time entries and tickets

SEED = 20261120
STRIDE = 1_000_000  # scale N is the sample N times over; ids of the next copy are STRIDE further on
NOWHERE = 900_000  # ids from here on exist in no table
CHUNK = 50  # copies held in memory at once

Row = dict[str, Any]

# ----------------------------------------------------------------------------------------- columns
# `name:type`, and the header where the export spells it in its own way (`.` for a space).
# `ref` (POs, document numbers) and `label` (names) are texts that differ between copies, as ids do.
COLUMNS = {
    "autotask/companies":
        "id:id company_name:label is_active:bool parent_company_id:id"
        " po_required:bool:require_purchase_order last_modified_at:ts",
    "autotask/contracts":
        "id:id company_id:id contract_name:label contract_number:ref contract_type_name:text"
        " status_name:text:contract_status_name purchase_order_number:ref start_date:date"
        " end_date:date renewed_contract_id:id last_modified_at:ts",
    "autotask/projects":  # in the words of the REST API
        "id:id company_id:id:companyID project_name:text:projectName"
        " project_number:ref:projectNumber contract_id:id:contractID"
        " purchase_order_number:ref:purchaseOrderNumber status_name:text:status"
        " project_type_name:text:projectType start_date:date:startDateTime"
        " end_date:date:endDateTime last_modified_at:ts:lastActivityDateTime",
    "autotask/tasks":  # with the labels of a Power BI model
        "id:id:Task.ID project_id:id:Project.ID title:text:Title task_number:ref:Task.Number"
        " purchase_order_number:ref:Purchase.Order.Number status_name:text:Task.Status.Name"
        " last_modified_at:ts:Last.Modified.At",
    "autotask/tickets":  # in the words of the REST API, and with a queue that nobody asked for
        "id:id company_id:id:companyID ticket_number:ref:ticketNumber title:text"
        " queue:text:queueName contract_id:id:contractID project_id:id:projectID"
        " purchase_order_number:ref:purchaseOrderNumber problem_ticket_id:id:problemTicketId"
        " status_name:text:status last_modified_at:ts:lastTrackedModificationDateTime",
    "autotask/charges":
        "charge_kind:text id:id company_id:id contract_id:id project_id:id task_id:id ticket_id:id"
        " milestone_id:id purchase_order_number:ref internal_po_number:ref material_code_name:text"
        " name:text description:text quantity:money billable_amount:money extended_cost:money"
        " is_billable:bool:is_billable_to_company invoice_number:ref status_name:text"
        " date_purchased:date last_modified_at:ts",
    "autotask/time_entries":
        "id:id resource_id:id contract_id:id task_id:id ticket_id:id date_worked:date"
        " hours_worked:hours hours_to_bill:hours billing_amount:money is_non_billable:bool"
        " invoice_number:ref last_modified_at:ts",
    "autotask/contract_milestones":
        "id:id contract_id:id project_id:id project_number:ref title:text amount:money"
        " status_name:text date_due:date description:text last_modified_at:ts",
    "reference/purchase_orders":
        "company_id:id purchase_order_number:ref authorized_amount:money authorized_hours:hours"
        " valid_from:date valid_to:date currency:text notes:text",
    "reference/po_required_companies":
        "company_id:id has_disputed_invoice:bool notes:text",
    "reference/milestone_conflict_waivers":
        "milestone_id:id conflict_type:text reason:text until:date",
}

# -------------------------------------------------------------------------------- what people type
FIRST_NAMES = (
    "Alderwood", "Brightwater", "Calder", "Dunmore", "Eastgate", "Fernhill", "Glenrock", "Hartwell",
    "Ironbridge", "Juniper", "Kestrel", "Larkfield", "Marlowe", "Northmoor", "Oakhaven",
    "Pinecrest", "Quayside", "Ravensford", "Silverbrook", "Thornbury")
TRADES = (
    "Logistics", "Dental Group", "Foods", "Engineering", "Legal", "Architects", "Housing Trust",
    "Veterinary Clinics", "Packaging", "Academy", "Accountants & Co.", "Marine, Ltd.")
PROJECT_NAMES = (
    "Server refresh", "Microsoft 365 migration", "Office move", "Wi-Fi survey and rollout",
    "Firewall replacement", "Backup redesign", "VoIP cut-over", "Laptop rollout", "ERP hosting",
    "Security baseline")
TASK_TITLES = (
    "Kick-off and planning", "Site survey", "Order equipment", "Build and configure", "Pilot group",
    "Migrate users", "Cut-over weekend", "Documentation", "Handover and training")
TICKET_TITLES = (
    "Printer offline", "Password reset", "VPN drops every hour", "Mailbox full", "New starter",
    "Leaver: revoke access", "Slow file server", "Backup job failed", "Shared calendar missing",
    "Phishing mail reported", "Laptop does not boot", 'Second monitor, 27"', "Certificate expires")
WORK_STATUSES = ("New", "In Progress", "Waiting Customer", "Complete", "Complete", "Complete")
CHARGE_STATUSES = {
    "Delivered/Shipped Full": 78, "Pending": 5, "Waiting Approval": 3, "Need to Order/Fulfill": 2,
    "On Order": 3, "Ready to Deliver/Ship": 3, "Canceled": 2, "Cancelled": 1, "canceled ": 1,
    None: 3}
PO_STYLES = ("45000{n}", "PO-{n}", "PO {n}", "{n}/2026", "P.O. {n} B", "ORD {n} / IT", "BK{n}")
PLACEHOLDERS = ("N/A", "TBD", "-", "n/a ", "tbd", " - ", "N/A\u00a0")
DIRT = (  # the ways in which one and the same PO is typed
    lambda po: " " + po,
    lambda po: po + " ",
    lambda po: po.replace(" ", "  ") if " " in po else f"  {po}  ",
    lambda po: po.replace(" ", "\t") if " " in po else po + "\t",
    lambda po: po.replace(" ", "\u00a0") if " " in po else "\u00a0" + po,
    lambda po: po.replace(" ", "\u200b") if " " in po else po + "\u200b",
    lambda po: po.lower())
SHARED_PO = "4500012"  # a number that two clients happen to issue

# How clients go about POs, in per cent: a PO on contracts, projects, tasks, tickets, charges.
HABITS = {
    "strict": {"contract": 92, "project": 72, "task": 22, "ticket": 22, "charge": 50},
    "mixed": {"contract": 76, "project": 44, "task": 10, "ticket": 8, "charge": 22},
    "none": {"contract": 0, "project": 0, "task": 0, "ticket": 0, "charge": 0}}
CLIENTS_OF_HABIT = {"strict": 26, "mixed": 21, "none": 12}

# What happens to a contract: share, day until which work goes on, and its row in each of the three
# batches: (PO, start, end, last modified), `a`, `b`, `c` being its successive POs; None = no row.
SAME_2024 = ("a", "2024-01-01", "2027-12-31", "2024-02-12")
TYPED_2025 = ("a", "2024-03-01", "2027-12-31", "2025-09-15")
NEW_2025 = ("a", "2025-02-01", "2028-01-31", "2025-02-03")
DROPPED = ("a", "2024-03-01", "2026-02-28", "2024-03-06")
UNTOUCHED = (None, "2024-06-01", "2028-05-31", "2024-05-28")
OUTGOING = ("a", "2024-07-01", "2026-12-31", "2024-07-03")
STORIES: dict[str, tuple[int, str, tuple[tuple[str | None, str, str | None, str] | None, ...]]] = {
    "steady": (34, "2027-12-31", (SAME_2024,) * 3),
    "open end": (12, "2030-01-01", (("a", "2023-07-01", None, "2024-03-04"),) * 3),
    "yearly": (9, "2026-12-31", (
        ("a", "2024-01-01", "2024-12-31", "2024-01-09"),
        ("b", "2025-01-01", "2025-12-31", "2025-01-13"),
        ("c", "2026-01-01", "2026-12-31", "2026-01-12"))),
    "yearly, stamps of no use": (3, "2026-12-31", (
        ("a", "2024-01-01", "2024-12-31", "2024-01-09"),
        ("b", "2025-01-01", "2025-12-31", "2024-01-09"),
        ("c", "2026-01-01", "2026-12-31", "2025-03-03"))),
    "PO replaced": (8, "2027-06-30", (
        ("a", "2024-07-01", "2027-06-30", "2024-06-25"),
        ("b", "2024-07-01", "2027-06-30", "2025-07-02"),
        ("c", "2024-07-01", "2027-06-30", "2026-07-01"))),
    "typed in later": (8, "2027-12-31", (
        (None, "2024-03-01", "2027-12-31", "2024-03-01"), TYPED_2025, TYPED_2025)),
    "typed in last": (5, "2028-05-31", (
        UNTOUCHED, UNTOUCHED, ("a", "2024-06-01", "2028-05-31", "2026-10-05"))),
    "cleared": (4, "2027-12-31", (
        SAME_2024, SAME_2024, (None, "2024-01-01", "2027-12-31", "2026-03-02"))),
    "lapsed": (5, "2030-01-01", (("a", "2023-10-01", "2026-03-31", "2023-10-02"),) * 3),
    "new in 2025": (7, "2028-01-31", (None, NEW_2025, NEW_2025)),
    "new in 2026": (5, "2029-02-28", (
        None, None, ("a", "2026-03-01", "2029-02-28", "2026-03-04"))),
    "dropped": (4, "2026-02-28", (DROPPED, DROPPED, None)),
    # never drawn, only made on purpose
    "without": (0, "2028-05-31", (UNTOUCHED,) * 3),
    "outgoing": (0, "2026-06-30", (
        OUTGOING, OUTGOING, ("a", "2024-07-01", "2026-12-31", "2026-07-06"))),
    "incoming": (0, "2029-06-30", (
        None, None, ("a", "2026-07-01", "2029-06-30", "2026-07-06")))}
CONTRACT_KINDS = {
    "Recurring Service": "Managed services", "Time & Materials": "Ad hoc support",
    "Block Hours": "Support hours, prepaid", "Retainer": "Consulting retainer",
    "Fixed Price": "Fixed price works"}

# Material codes: charges, total, usual kind, names. 7,155 charges and 6,697,517.00 in all.
MATERIAL_CODES: tuple[tuple[str | None, int, str, str, tuple[str, ...]], ...] = (
    ("SLA", 3480, "3912480.35", "contract",
     ("Managed services", "Endpoint protection", "Server care, 24x7")),
    ("Hardware", 2140, "2598310.60", "project",
     ('Laptop 14"', "Firewall", "Access point", 'Monitor 27"', "NAS, 4 bays")),
    ("Consult", 640, "105871.25", "ticket", ("Consulting", "Security review", "Workshop")),
    ("Cloud", 560, "46938.80", "contract", ("Cloud backup", "Virtual desktop", "Mail archive")),
    ("Software Licence", 150, "14260.40", "contract", ("Office suite, seat", "PDF editor, seat")),
    ("Domain & Hosting", 70, "6112.75", "contract", ("Domain, one year", "Web hosting")),
    ("Travel", 50, "4508.90", "ticket", ("Mileage", "Parking")),
    ("Cabling", 35, "5981.45", "project", ("Cat6 run", "Patch panel")),
    (None, 30, "3052.50", "ticket", ("Miscellaneous", "Courier")))
CHARGE_KINDS = {"contract": 34, "project": 24, "ticket": 34, "change_order": 6, None: 2}
TIME_ENTRIES = 20_000

# Registered POs that nothing but these charges uses, one for every verdict on a registered PO:
# PO, amounts of the charges, authorized amount and hours, valid from, valid to, notes.
REGISTER_CASES = (
    ("PO 91001", (6400, 5200), "10000.00", None, "2026-01-01", "2026-12-31", "Laptops, call-off"),
    ("PO 91002", (3000,), "9000.00", None, "2025-01-01", "2025-12-31", "Not extended"),
    ("PO 91003", (4100, 4800), "10000", None, "2026-01-01", "2027-06-30", None),
    ("PO 91004", (1500,), None, None, None, None, "No ceiling named"),
    ("PO 91005", (), "25000.00", "40", "2026-10-01", "2027-12-31", "For the office move, 2027"),
    ("PO 91006", (2250,), "20000.00", "100.5", "2026-01-01", None, None))
MILESTONE_STATUSES = ("Incompleted",) * 31 + ("Completed",) * 12 + ("Approved for Billing",) * 4


class Sample:
    """The made-up MSP: one method a table, in the order in which the tables need each other.

    Rows are dicts by canonical column name; keys that are no column serve the generator only.
    """

    def __init__(self, seed: int = SEED) -> None:
        """Make every table from `seed`."""
        self.rng = Random(seed)  # noqa: S311 - made-up data, not cryptography
        self.po_count = 1000
        self.typed_count = 0
        self.companies = self.make_companies()
        self.clients = self.companies[1:]
        self.by_id = {company["id"]: company for company in self.companies}
        self.contracts: list[Row] = []
        self.fixed_price = self.make_contracts()
        self.projects = self.make_projects()
        self.tasks = self.make_tasks()
        self.tickets = self.make_tickets()
        self.by_number = {  # their ids do not overlap
            row["id"]: row for row in (*self.contracts, *self.projects, *self.tickets)}
        self.claims: list[Row] = []
        self.milestones = self.make_milestones()
        self.charges = self.make_charges()
        self.time_entries = self.make_time_entries()
        self.purchase_orders = self.make_purchase_orders()

    def files(self) -> Iterator[tuple[str, date, list[Row]]]:
        """Table, date and rows of every file."""
        for table, rows in {
            "autotask/companies": self.companies, "autotask/tasks": self.tasks,
            "autotask/tickets": self.tickets, "autotask/charges": self.charges,
            "autotask/time_entries": self.time_entries,
            "autotask/contract_milestones": self.milestones,
            "reference/purchase_orders": self.purchase_orders,
            "reference/po_required_companies": self.make_po_required_companies(),
            "reference/milestone_conflict_waivers": self.make_waivers(),
        }.items():
            yield table, EXTRACT_DATE, rows
        for table, rows, days in (("autotask/contracts", self.contracts, CONTRACT_BATCHES),
                                  ("autotask/projects", self.projects, PROJECT_BATCHES)):
            for number, day in enumerate(days):
                present = [row for row in rows if row["batches"][number]]
                yield table, day, [row | row["batches"][number] for row in present]

    # -------------------------------------------------------------------------------- small things
    def chance(self, percent: float) -> bool:
        """True in `percent` of 100 cases."""
        return self.rng.randrange(10_000) < percent * 100

    def draw(self, shares: dict[Any, int]) -> Any:
        """A key of `shares`, as often as its share says."""
        return self.rng.choices(list(shares), weights=list(shares.values()))[0]

    def day(self, first: date = FIRST_DAY, last: date = EXTRACT_DATE) -> date:
        """A day from `first` to `last`, both included."""
        return first + timedelta(days=self.rng.randrange((last - first).days + 1))

    def stamp(self, day: date) -> str:
        """A UTC timestamp in the working hours of `day`, at the latest before the extract."""
        day = min(day, EXTRACT_DATE - timedelta(days=1))
        hour, minute, second = (self.rng.randrange(*span) for span in ((7, 19), (60,), (60,)))
        return f"{day}T{hour:02}:{minute:02}:{second:02}Z"

    def client(self) -> Row:
        """A client, the large ones more often."""
        return self.rng.choices(self.clients, [client["weight"] for client in self.clients])[0]

    def stranger(self, company: Row) -> Row:
        """A client with POs that is neither `company` nor of its group."""
        family = {company["id"], company["parent_company_id"]}
        return self.rng.choice([
            client for client in self.clients if client["habit"] == "strict"
            and not family & {client["id"], client["parent_company_id"]}])

    def new_po(self) -> str:
        """A PO number that nobody has used yet."""
        self.po_count += self.rng.randrange(1, 30)
        return self.rng.choice(PO_STYLES).format(n=self.po_count)

    def typed(self, po: str) -> str:
        """The PO as somebody typed it: every sixth time not quite as the client wrote it."""
        self.typed_count += 1
        kind, exact = divmod(self.typed_count, 6)
        return po if exact else DIRT[kind % len(DIRT)](po)

    def po_columns(self, company: Row, level: str) -> Row:
        """A PO (`po` as agreed, and as typed), a placeholder or nothing, by the client's habit."""
        if self.chance(HABITS[company["habit"]][level]):
            po = self.rng.choice(company["pos"]) if self.chance(40) else self.new_po()
            return {"po": po, "purchase_order_number": self.typed(po)}
        placeholder = self.rng.choice(PLACEHOLDERS) if self.chance(3) else None
        return {"po": None, "purchase_order_number": placeholder}

    def contract_of(self, company: Row, day: date) -> Row | None:
        """A contract of the company, as a rule one that is worked on that day."""
        running = [row for row in company["contracts"] if row["from"] <= str(day) <= row["until"]]
        if not running or self.chance(2):
            running = company["contracts"]
        return self.rng.choice(running) if running else None

    def ticket_of(self, company: Row, day: date) -> Row:
        """The ticket of the company that was opened last on that day."""
        tickets: list[Row] = company["tickets"]
        place = bisect_left(tickets, day, key=lambda ticket: ticket["opened"])
        return tickets[max(place - 1, 0)]

    # ------------------------------------------------------------------------------- parent tables
    def make_companies(self) -> list[Row]:
        """The MSP itself (0) and 59 clients, some of them parts of a group."""
        names = self.rng.sample([f"{name} {trade}" for name in FIRST_NAMES for trade in TRADES], 59)
        habits = [habit for habit, count in CLIENTS_OF_HABIT.items() for _ in range(count)]
        self.rng.shuffle(habits)
        parents = {7: 0, 20: 174, 21: 174, 33: 180, 40: 190, 52: 191, 58: NOWHERE + 1}
        rows: list[Row] = [{"id": 0, "company_name": "Bramblegate IT Services", "habit": "none",
                            "parent_company_id": None, "po_required": "false"}]
        for number, (name, habit) in enumerate(zip(names, habits, strict=True)):
            is_strict = habit == "strict" and number % 3 == 0
            rows.append({
                "id": 174 + number, "company_name": name, "habit": habit,
                "parent_company_id": parents.get(number), "weight": 6 + 240 // (number + 4),
                "po_required": "true" if is_strict else (None, "false")[number % 2]})
        for row in rows:
            row["is_active"] = "false" if row["id"] in (205, 221) else "true"
            row["last_modified_at"] = self.stamp(self.day())
            row["pos"] = [self.new_po() for _ in range(self.rng.randrange(3, 7))]
            row |= {"contracts": [], "projects": [], "tasks": [], "tickets": []}
        return rows

    def make_contracts(self) -> list[Row]:
        """Contracts of all kinds; returns those that milestones are agreed on."""
        shares = {story: share for story, (share, *_) in STORIES.items()}
        self.add_contract(self.companies[0], "without", "Time & Materials")
        for number, company in enumerate(self.clients):
            others = self.rng.sample(list(CONTRACT_KINDS), self.rng.randrange(1, 5))
            for kind in ("Recurring Service", *others):
                has_po = self.chance(HABITS[company["habit"]]["contract"])
                self.add_contract(company, self.draw(shares) if has_po else "without", kind)
            if number % 4 == 0:  # one that a new contract has taken over
                old = self.add_contract(company, "outgoing", "Recurring Service")
                new = self.add_contract(company, "incoming", "Recurring Service")
                old["batches"][2] |= {"renewed_contract_id": new["id"], "status_name": "Inactive"}
        for company in (self.clients[9], self.clients[14]):
            contract = company["contracts"][0]
            contract["terms"] = [(start, end, SHARED_PO) for start, end, _ in contract["terms"]]
            for batch in filter(None, contract["batches"]):
                batch["purchase_order_number"] = SHARED_PO
        self.contracts[60]["renewed_contract_id"] = NOWHERE + 2
        stories = ("steady", "typed in later", "without") * 5
        return [self.add_contract(company, story, "Fixed Price")
                for company, story in zip(self.clients[1:16], stories, strict=True)]

    def add_contract(self, company: Row, story: str, kind: str) -> Row:
        """One contract of the company, with its row in each batch as the story goes."""
        _, until, told = STORIES[story]
        pos = {letter: self.new_po() for letter in "abc"}
        texts: dict[str | None, str | None] = {key: self.typed(po) for key, po in pos.items()}
        is_placeholder = story == "without" and self.chance(10)
        texts[None] = self.rng.choice(PLACEHOLDERS) if is_placeholder else None
        number = len(self.contracts)
        row = {
            "id": 3001 + number, "company_id": company["id"], "contract_type_name": kind,
            "contract_name": f"{CONTRACT_KINDS[kind]} - {company['company_name']}",
            "contract_number": f"C{24000 + number}", "renewed_contract_id": None,
            "from": min(snap[1] for snap in told if snap), "until": until,
            "terms": [  # start, end and PO as agreed
                (snap[1], snap[2] or until, pos[snap[0]]) for snap in told if snap and snap[0]],
            "batches": [snap and {
                "purchase_order_number": texts[snap[0]], "status_name": "Active",
                "start_date": snap[1], "end_date": snap[2],
                "last_modified_at": f"{snap[3]}T{9 + number % 8:02}:15:00Z",
            } for snap in told]}
        company["contracts"].append(row)
        self.contracts.append(row)
        return row

    def make_projects(self) -> list[Row]:
        """Projects, most of them under a contract; the first are those that have milestones."""
        owners = [self.by_id[contract["company_id"]] for contract in self.fixed_price]
        owners += [self.companies[0]] * 3 + [self.client() for _ in range(142)]
        rows: list[Row] = []
        for number, company in enumerate(owners):
            start = self.day(date(2024, 9, 1), date(2026, 9, 30))
            end = start + timedelta(days=self.rng.randrange(30, 400))
            contract = self.contract_of(company, start) if self.chance(66) else None
            if number < len(self.fixed_price):
                contract = self.fixed_price[number]
            now = self.po_columns(company, "project")
            now["last_modified_at"] = self.stamp(self.day(start))
            before = dict(now)
            if now["po"] and number % 4 == 0:  # replaced or typed in since the batch before
                before["purchase_order_number"] = self.new_po() if number % 8 else None
                touched = date(2026, 4, 14) if number % 3 else date(2025, 6, 2)
                now["last_modified_at"] = self.stamp(touched)
            rows.append({
                "id": 201 + number, "company_id": company["id"], "project_type_name": "Client",
                "project_name": f"{self.rng.choice(PROJECT_NAMES)} {start.year}",
                "project_number": f"P{start:%Y%m%d}.{number:04}", "start": start, "po": now["po"],
                "contract_id": contract and contract["id"],
                "status_name": self.rng.choice(WORK_STATUSES),
                "start_date": f"{start}T05:00:00.000Z", "end_date": f"{end}T05:00:00.000Z",
                "batches": [before if start < PROJECT_BATCHES[0] else None, now]})
            company["projects"].append(rows[-1])
        rows[30]["batches"] = [rows[30]["batches"][1], None]  # deleted since
        rows[40]["contract_id"] = 0
        rows[50]["contract_id"] = NOWHERE + 3
        stranger = self.stranger(self.by_id[rows[60]["company_id"]])
        rows[60]["contract_id"] = stranger["contracts"][0]["id"]
        rows[70]["contract_id"] = None  # its milestone cannot be billed
        return rows

    def make_tasks(self) -> list[Row]:
        """Three to seven tasks a project, and a few that belong to none."""
        rows: list[Row] = []
        for project in self.projects:
            company = self.by_id[project["company_id"]]
            for title in self.rng.sample(TASK_TITLES, self.rng.randrange(3, 8)):
                rows.append({
                    "id": 10_001 + len(rows), "project_id": project["id"], "title": title,
                    "task_number": f"T{project['start']:%Y%m%d}.{len(rows):04}",
                    "status_name": self.rng.choice(WORK_STATUSES),
                    "last_modified_at": self.stamp(self.day(project["start"])),
                } | self.po_columns(company, "task"))
                company["tasks"].append(rows[-1])
        for number, project_id in {100: None, 200: 0, 300: NOWHERE + 4, 400: None}.items():
            po = self.typed(self.new_po())
            rows[number] |= {"project_id": project_id, "purchase_order_number": po}
        return rows

    def make_tickets(self) -> list[Row]:
        """Tickets by the day they were opened; every fiftieth is a problem with incidents."""
        rows: list[Row] = []
        for number, opened in enumerate(sorted(self.day() for _ in range(2500))):
            company = self.companies[0] if number % 40 == 0 else self.client()
            payer = self.by_id.get(company["parent_company_id"]) if self.chance(40) else None
            contract = self.contract_of(payer or company, opened) if self.chance(80) else None
            if not contract and self.chance(5):
                contract = self.contract_of(self.stranger(company), opened)
            project = self.rng.choice(company["projects"] or [None]) if self.chance(4) else None
            closed = opened + timedelta(days=self.rng.randrange(30))
            rows.append({
                "id": 50_001 + number, "company_id": company["id"], "opened": opened,
                "ticket_number": f"T{opened:%Y%m%d}.{number % 1000:04}",
                "title": self.rng.choice(TICKET_TITLES),
                "queue": self.rng.choice(("Service Desk", "Field Engineers", "Projects")),
                "contract_id": contract["id"] if contract else (None, None, 0)[number % 3],
                "project_id": project and project["id"], "problem_ticket_id": None,
                "status_name": self.rng.choice(WORK_STATUSES),
                "last_modified_at": self.stamp(closed),
            } | self.po_columns(company, "ticket"))
            company["tickets"].append(rows[-1])
        for problem in rows[25::50]:
            family = self.by_id[problem["company_id"]]["tickets"]
            for incident in self.rng.sample(family, min(len(family), 4)):
                incident["problem_ticket_id"] = problem["id"]  # now and then its own
        for number, ticket in enumerate(self.rng.sample(rows, 6)):
            column = ("contract_id", "project_id", "problem_ticket_id")[number % 3]
            ticket[column] = NOWHERE + 10 + number
        return rows

    # ---------------------------------------------------------------------------------- milestones
    def make_milestones(self) -> list[Row]:
        """47 milestones and the charges that claim them; five are at odds with one another."""
        rows = [self.add_milestone(number) for number in range(len(MILESTONE_STATUSES))]
        at_odds = unbound, lost, charged, split, replaced = [rows[i] for i in (5, 17, 35, 44, 46)]
        for row, amount in zip(at_odds, (2500, 5000, 7250, 4250, 9500), strict=True):
            row["amount"] = f"{amount}.00"
        # its project has no contract
        unbound |= {"contract_id": 0, "project_id": self.projects[70]["id"]}
        self.claim(unbound, project_id=unbound["project_id"])
        # neither contract nor project nor charge
        lost |= {"contract_id": None, "project_number": "P20240101.9999"}
        # charged to another contract of the same client: one at once, one in two halves
        self.claim(charged, contract_id=self.other_contract(charged))
        for half in ("first", "second"):
            name = f"{split['title']}, {half} half"
            self.claim(split, 2, contract_id=self.other_contract(split), name=name)
        # its contract was renewed by one that has started
        old = next(row for row in self.contracts if row["until"] == STORIES["outgoing"][1])
        old["batches"][2]["status_name"] = "Active"
        replaced |= {"contract_id": old["id"], "project_id": None, "date_due": date(2026, 11, 13)}
        self.claim(replaced, contract_id=old["id"])
        for number, row in enumerate(rows):
            if row not in at_odds:
                self.claim(row, **({"project_id": row["project_id"]} if row["project_id"] else {}))
            if number % 12 == 2:  # a cancelled charge claims nothing
                self.claim(row, status_name="Canceled", name=f"{row['title']} (entered twice)")
        return rows

    def add_milestone(self, number: int) -> Row:
        """One sound milestone, which names its contract, its project or both."""
        status = MILESTONE_STATUSES[number]
        contract = self.fixed_price[number % len(self.fixed_price)]
        project = self.projects[number % len(self.fixed_price)]
        due = {
            "Incompleted": self.day(date(2026, 9, 1), date(2027, 6, 30)),
            "Completed": self.day(date(2026, 5, 1), date(2026, 11, 15)),
            "Approved for Billing": date(2026, 10, 5) + timedelta(days=20 * (number % 4)),
        }[status]
        names = (
            {"contract_id": contract["id"], "project_id": project["id"]},
            {"contract_id": contract["id"]},
            {"project_id": project["id"]},
            {"project_number": project["project_number"]},
        )[number % 4]
        return {
            "id": 701 + number, "contract_id": None, "project_id": None, "project_number": None,
            "title": f"{project['project_name']}: {self.rng.choice(TASK_TITLES).lower()}",
            "amount": f"{self.rng.randrange(6, 40) * 250}.00", "status_name": status,
            "date_due": None if number == 12 else due, "contract": contract,
            "description": "Due on written acceptance, 30 days net." if number % 6 == 0 else None,
            "last_modified_at": self.stamp(self.day(date(2026, 1, 5)))} | names

    def other_contract(self, milestone: Row) -> Any:
        """A contract of the same client that is not the milestone's."""
        company = self.by_id[milestone["contract"]["company_id"]]
        return next(row["id"] for row in company["contracts"] if row is not milestone["contract"])

    def claim(self, milestone: Row, shares: int = 1, **columns: Any) -> None:
        """A charge that names the milestone, on its contract unless a parent is given."""
        if not columns.keys() & {"contract_id", "project_id"}:
            columns["contract_id"] = milestone["contract"]["id"]
        self.claims.append({
            "charge_kind": "project" if "project_id" in columns else "contract",
            "milestone_id": milestone["id"], "material_code_name": "Hardware", "quantity": "1",
            "name": milestone["title"], "day": self.day(date(2026, 3, 1)), "is_billable": "true",
            "status_name": "Delivered/Shipped Full",
            "units": int(Decimal(milestone["amount"]) * 10_000) // shares} | columns)

    # --------------------------------------------------------------------------------------- lines
    def make_charges(self) -> list[Row]:
        """All charges, by date; those of a material code come to exactly its total."""
        fixed = self.claims + self.register_charges()
        lines: list[Row] = []
        for code, count, total, usual_kind, names in MATERIAL_CODES:
            given = [line for line in fixed if line["material_code_name"] == code]
            drawn = [self.draw_charge(code, usual_kind, names) for _ in range(count - len(given))]
            self.spread(int(Decimal(total) * 10_000) - sum(line["units"] for line in given), drawn)
            self.misplace(drawn, ("contract_id", "project_id", "ticket_id", "company_id"))
            lines += given + drawn
        lines.sort(key=lambda line: line["day"])
        last_id: dict[str | None, int] = {}  # ids repeat from kind to kind, as in Autotask
        for line in lines:
            kind = line["charge_kind"]
            line["id"] = last_id[kind] = last_id.get(kind, 20_000) + self.rng.randrange(1, 4)
            line["date_purchased"] = line["day"]
            line["billable_amount"] = money(line["units"])
            cost_percent = self.rng.randrange(52, 93)
            line["extended_cost"] = money(line["units"] * cost_percent // 10_000 * 100)
            touched = line["day"] + timedelta(days=self.rng.randrange(40))
            line["last_modified_at"] = self.stamp(touched)
        return lines

    def draw_charge(self, code: str | None, usual_kind: str, names: tuple[str, ...]) -> Row:
        """One charge, as yet without amount and id."""
        kind = usual_kind if self.chance(50) else self.draw(CHARGE_KINDS)
        company = self.companies[0] if self.chance(0.3) else self.client()
        day = self.day(EXTRACT_DATE, date(2027, 1, 31)) if self.chance(0.15) else self.day()
        parents = self.charge_parents(kind, company, day)
        if "ticket_id" in parents:
            kind = "ticket"
        name = self.rng.choice(names)
        if code in ("SLA", "Cloud"):
            name = f"{name}, {calendar.month_name[day.month]} {day.year}"
        weight = self.rng.randrange(40, 160) * self.rng.choice((1, 1, 2, 3, 5))
        description = f"Quote Q{day:%y%m}-{self.rng.randrange(999):03}" if self.chance(8) else None
        if self.chance(2):
            weight = -weight // 2
            description = self.rng.choice(("Credit, by phone", "Credit.\nSee the invoice before"))
        elif self.chance(2):
            weight = 0
        return parents | {
            "charge_kind": kind, "day": day, "material_code_name": code, "name": name,
            "description": description, "weight": weight,
            "quantity": self.rng.choice(("1", "1", "2", "5", "12", "1.5", "0.25")),
            "purchase_order_number": self.charge_po(parents, company, day),
            "internal_po_number":
                f"IPO-{day.year}-{self.rng.randrange(1000):04}" if self.chance(14) else None,
            "is_billable": self.draw({"true": 91, "false": 4, None: 5}),
            "invoice_number": self.invoice_number(company, day),
            "status_name": self.draw(CHARGE_STATUSES)}

    def charge_parents(self, kind: str | None, company: Row, day: date) -> Row:
        """The ids that a charge of this kind carries, the company's not always among them."""
        ids: Row = {"company_id": company["id"] if self.chance(70) else None}
        contract = self.contract_of(company, day)
        if kind == "contract" and contract:
            ids["contract_id"] = contract["id"]
        elif kind == "project" and company["tasks"]:
            task = self.rng.choice(company["tasks"])
            project = self.rng.choice(company["projects"])
            ids |= {"task_id": task["id"]} if self.chance(30) else {"project_id": project["id"]}
            ids["contract_id"] = 0 if self.chance(10) else None
        elif kind == "change_order" and company["tasks"]:
            ids["task_id"] = self.rng.choice(company["tasks"])["id"]
        elif kind and company["tickets"]:
            ids["ticket_id"] = self.ticket_of(company, day)["id"]
        elif self.chance(90):
            ids["company_id"] = company["id"]
        return ids

    def charge_po(self, parents: Row, company: Row, day: date) -> str | None:
        """The PO typed on a charge: mostly that of what it belongs to, at times a call-off."""
        if not self.chance(HABITS[company["habit"]]["charge"]):
            return self.rng.choice(PLACEHOLDERS) if self.chance(3) else None
        parent = self.by_number.get(parents.get("ticket_id") or parents.get("project_id"), {})
        contract_id = parents.get("contract_id") or parent.get("contract_id")
        terms = self.by_number.get(contract_id, {}).get("terms", ())
        known = [po for start, end, po in terms if start <= str(day) <= end]
        known += filter(None, [parent.get("po")])
        is_known = known and self.chance(85)
        return self.typed(known[-1] if is_known else self.rng.choice(company["pos"]))

    def spread(self, total: int, lines: list[Row]) -> None:
        """Give the lines amounts in proportion to their weights; money in ten-thousandths."""
        weights = sum(line["weight"] for line in lines)
        for line in lines:
            line["units"] = line["weight"] * total // weights // 100 * 100
            if line["weight"] and self.chance(1.5):
                line["units"] += self.rng.randrange(1, 100)
        heaviest = max(lines, key=lambda line: line["weight"])
        heaviest["units"] += total - sum(line["units"] for line in lines)

    def invoice_number(self, company: Row, day: date) -> str | None:
        """The client's invoice of the month; few lines of the last weeks are on one."""
        is_old = (EXTRACT_DATE - day).days > 45
        if company["id"] != 0 and self.chance(94 if is_old else 15):
            return f"INV-{day:%y%m}{company['id']:04}"
        return self.rng.choice((None,) * 28 + ("0", " "))

    def misplace(self, lines: list[Row], columns: tuple[str, ...]) -> None:
        """Let a few ids point nowhere, a few at some other contract, and a few be 0."""
        for number, line in enumerate(self.rng.sample(lines, len(lines) // 80)):
            column = columns[number // 4 % len(columns)]
            if number % 4 == 0:
                line[column] = NOWHERE + 100 + number
            elif number % 4 == 1:
                line["contract_id"] = self.rng.choice(self.contracts)["id"]
            elif column != "company_id" and not line.get(column):
                line[column] = 0

    def register_charges(self) -> list[Row]:
        """The charges of REGISTER_CASES, with the PO typed on them."""
        contract = self.clients[2]["contracts"][0]
        return [{
            "charge_kind": "contract", "company_id": contract["company_id"], "name": "Call-off",
            "contract_id": contract["id"], "day": self.day(date(2026, 2, 1)), "quantity": "1",
            "purchase_order_number": self.typed(po), "material_code_name": "Hardware",
            "units": amount * 10_000, "is_billable": "true", "status_name": "Pending",
        } for po, amounts, *_ in REGISTER_CASES for amount in amounts]

    def make_time_entries(self) -> list[Row]:
        """Time on tickets, tasks, contracts or on none of them (internal), by day."""
        rows: list[Row] = []
        for number, day in enumerate(sorted(self.day() for _ in range(TIME_ENTRIES))):
            company = self.companies[0] if self.chance(3) else self.client()
            minutes = self.rng.choice((15, 15, 30, 30, 45, 60, 90, 120, 240, 480))
            amount = minutes * self.rng.choice((850_000, 1_100_000, 1_337_700)) // 60
            hours = Decimal(minutes) / 60
            rows.append({
                "id": 100_001 + number, "resource_id": self.rng.randrange(4, 40),
                "date_worked": day, "hours_worked": str(hours),
                "hours_to_bill": None if self.chance(12) else str(max(hours, Decimal("0.5"))),
                "billing_amount": money(amount) if self.chance(40) else None,
                "is_non_billable": self.draw({"true": 13, "false": 84, None: 3}),
                "invoice_number": self.invoice_number(company, day),
                "last_modified_at": self.stamp(day + timedelta(days=self.rng.randrange(10))),
            } | self.time_parents(company, day))
        self.misplace(rows, ("contract_id", "ticket_id", "task_id"))
        return rows

    def time_parents(self, company: Row, day: date) -> Row:
        """The ids that a time entry carries: a ticket or a task, a contract, or nothing."""
        kind = self.draw({"ticket": 55, "task": 34, "contract": 7, "internal": 4})
        contract = self.contract_of(company, day)
        if kind == "task" and company["tasks"]:
            return {"task_id": self.rng.choice(company["tasks"])["id"]}
        if kind == "contract" and contract:
            return {"contract_id": contract["id"]}
        if kind == "internal" or not company["tickets"]:
            return {}
        ticket = self.ticket_of(company, day)
        return {
            "ticket_id": ticket["id"],
            "contract_id": ticket["contract_id"] if self.chance(60) else None}

    # ---------------------------------------------------------------------------- the user's tables
    def make_purchase_orders(self) -> list[Row]:
        """The register: REGISTER_CASES, most contract POs, the standing POs of strict clients."""
        rows: list[Row] = [{
            "company_id": self.clients[2]["id"], "purchase_order_number": po,
            "authorized_amount": amount, "authorized_hours": hours, "valid_from": start,
            "valid_to": end, "currency": "EUR", "notes": notes,
        } for po, _, amount, hours, start, end, notes in REGISTER_CASES]
        agreed = [
            (contract["company_id"], contract["terms"][-1][2], contract["from"], contract["until"])
            for contract in self.contracts if contract["terms"] and contract["id"] % 3]
        standing = [
            (client["id"], po, "2024-01-01", "2026-12-31")
            for client in self.clients if client["habit"] == "strict" for po in client["pos"]]
        for company_id, po, start, end in agreed + standing:
            rows.append({
                "company_id": company_id, "purchase_order_number": self.typed(po),
                "authorized_amount": self.rng.choice(("15000.00", "60000", "150000", "250000")),
                "authorized_hours": self.rng.choice((None, "120", "400.0")),
                "valid_from": start, "valid_to": min(end, "2027-12-31"), "currency": "EUR"})
        return rows

    def make_po_required_companies(self) -> list[Row]:
        """Clients that asked for POs in writing, and whether an invoice was ever disputed."""
        note = "Accounts payable returns invoices without a PO"
        return [{
            "company_id": company["id"], "has_disputed_invoice": ("no", "yes", None)[number % 3],
            "notes": note if number % 3 == 1 else None,
        } for number, company in enumerate(self.clients[3::6])]

    def make_waivers(self) -> list[Row]:
        """One waiver, which has lapsed: the conflict counts again."""
        return [{
            "milestone_id": self.milestones[44]["id"], "conflict_type": "duplicate_allocation",
            "reason": "Two halves, as agreed for the third quarter", "until": "2026-09-30"}]


# ------------------------------------------------------------------------------------------- files
def money(units: int) -> str:
    """Ten-thousandths as text, with two decimals, or four where they are needed."""
    return f"{Decimal(units).scaleb(-4):.{4 if units % 100 else 2}f}"


def column_types(table: str) -> dict[str, str]:
    """Type by canonical column name."""
    return {column.split(":")[0]: column.split(":")[1] for column in COLUMNS[table].split()}


def to_frame(table: str, rows: list[Row]) -> pl.DataFrame:
    """The rows under canonical names; ids are int64, all else is text."""
    types = column_types(table)
    schema = {name: pl.Int64 if kind == "id" else pl.String for name, kind in types.items()}
    columns = {name: [row.get(name) for row in rows] for name in schema}
    for name, kind in types.items():
        if kind == "date":
            columns[name] = [value and str(value) for value in columns[name]]
    return pl.DataFrame(columns, schema)


def to_types(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with typed columns in place of text, as a parquet export has them."""
    casts: dict[str, Callable[[pl.Expr], pl.Expr]] = {
        "money": lambda column: column.cast(pl.Decimal(18, 4)),
        "hours": lambda column: column.cast(pl.Decimal(12, 4)),
        "date": lambda column: column.str.slice(0, 10).str.to_date("%Y-%m-%d"),
        "ts": lambda column: column.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC"),
        "bool": lambda column: column.is_in(["true", "yes"]),
    }
    return frame.with_columns(
        casts[kind](pl.col(name))
        for name, kind in column_types(table).items() if kind in casts)


def copy_of(table: str, frame: pl.DataFrame, number: int) -> pl.DataFrame:
    """The table of the MSP's copy `number`: other ids, POs, numbers and names, all else alike.

    Id 0 (the MSP itself, or no parent) stays, so the MSP's own row is in copy 0 only. A PO changes
    in its first run of two or more digits: its dirty spellings remain spellings of one PO.
    """
    if number == 0:
        return frame
    changes: dict[str, Callable[[pl.Expr], pl.Expr]] = {
        "id": lambda column: pl.when(column != 0).then(column + number * STRIDE).otherwise(column),
        "ref": lambda column: column.str.replace(r"(\d\d+)", f"${{1}}{number}"),
        "label": lambda column: column + f" {number}",
    }
    if table == "autotask/companies":
        frame = frame.filter(pl.col("id") != 0)
    return frame.with_columns(
        changes[kind](pl.col(name))
        for name, kind in column_types(table).items() if kind in changes)


def write(out: Path, scale: int = 1, file_format: str = "csv", seed: int = SEED) -> None:
    """Write the landing files of `scale` copies of the sample below `out`, one file a batch.

    Sums and counts over the lines are `scale` times the sample's, which makes them easy to check.
    """
    for table, day, rows in Sample(seed).files():
        frame = to_frame(table, rows)
        if file_format == "parquet":
            frame = to_types(table, frame)
        headers = {
            column.split(":")[0]: column.split(":")[2].replace(".", " ")
            for column in COLUMNS[table].split() if column.count(":") == 2}
        chunks = (
            pl.concat(
                copy_of(table, frame, number) for number in range(first, min(first + CHUNK, scale))
            ).rename(headers)
            for first in range(0, scale, CHUNK))
        path = out / table / f"{day}.full.{file_format}"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_chunks(path, chunks)


def write_chunks(path: Path, chunks: Iterator[pl.DataFrame]) -> None:
    """Write the frames one after the other into one CSV or parquet file."""
    chunk = next(chunks)
    if path.suffix == ".csv":
        with path.open("wb") as file:
            chunk.write_csv(file, line_terminator="\n")
            for chunk in chunks:
                chunk.write_csv(file, include_header=False, line_terminator="\n")
    else:
        with pq.ParquetWriter(path, chunk.to_arrow().schema, compression="zstd") as writer:
            writer.write_table(chunk.to_arrow())
            for chunk in chunks:
                writer.write_table(chunk.to_arrow())


def main() -> None:
    """Command line: `python -m orchestration.sample --out DIR`."""
    parser = argparse.ArgumentParser(description="Write the synthetic sample, at any size.")
    parser.add_argument("--out", type=Path, required=True, help="landing folder to write into")
    parser.add_argument("--scale", type=int, default=1, help="1 = the sample, 140 = 1 M charges")
    parser.add_argument("--format", choices=("csv", "parquet"), default="csv")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    if options.scale < 1:
        parser.error("--scale is 1 or more")
    other_format = "parquet" if options.format == "csv" else "csv"
    if any(options.out.rglob(f"*.full.{other_format}")):
        parser.error(f"{options.out} holds {other_format} files, which would be read as well")
    write(options.out, options.scale, options.format, options.seed)


if __name__ == "__main__":
    main()
