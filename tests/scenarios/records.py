"""Single records of the Autotask tables, with a bias to what the rules distinguish."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.scenarios import AS_OF_DATE
from tests.scenarios.postings import billing_code, billing_item, invoice
from tests.scenarios.tables import CHARGE_KINDS, Row
from tests.scenarios.values import (
    any_amount,
    any_invoice_number,
    chance,
    day_between,
    maybe,
    optional_amount,
    po_text,
)
from tests.scenarios.world import World


def _company(world: World, company_id: int) -> Row:
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


def contract_period(rng: random.Random) -> tuple[date | None, date | None]:
    """Contract dates: open on either side, one day long, or some weeks."""
    start = day_between(rng, date(2026, 5, 1), date(2026, 10, 31))
    if chance(rng, 0.15):
        # a renewal typed in ahead of time, or on the day itself
        start = AS_OF_DATE + timedelta(days=rng.choice([0, 0, 1, 30]))
    end = start + timedelta(days=rng.choice([0, 1, 20, 45, 90, 150]))
    if start < AS_OF_DATE and chance(rng, 0.15):
        end = AS_OF_DATE - timedelta(days=rng.choice([0, 1]))
    return (maybe(rng, 0.65, start), maybe(rng, 0.65, end))


def _contract(world: World, contract_id: int) -> Row:
    rng = world.rng
    start_date, end_date = contract_period(rng)
    active = ["Active", "active ", "1", "Paused", "9", "02", None]
    inactive = ["0", "Inactive", "cancelled", " Canceled", "COMPLETE", "Expired", "2"]
    return {
        "id": contract_id,
        "company_id": world.company(),
        "contract_name": f'Contract "{contract_id}", managed services',
        "contract_number": maybe(rng, 0.5, f"C-{contract_id}"),
        "contract_type_name": rng.choice(["Time and Materials", "Block Hours", "7", None]),
        "status_name": rng.choice(active if chance(rng, 0.75) else inactive),
        "purchase_order_number": po_text(rng, 0.55),
        "start_date": start_date,
        "end_date": end_date,
        "renewed_contract_id": rng.choice(
            [None, None, contract_id, world.link("contracts"), world.link("contracts")]
        ),
    }


def _project_number(world: World, project_id: int) -> str | None:
    """A number of its own, one that several projects share, white space, or nothing."""
    rng = world.rng
    number = rng.choice([f"P{project_id}", f"P{project_id}", f"P{project_id}", f"P{world.base}"])
    return rng.choice([number, number, number, f" {number}", f"{number}  ", " ", None])


def _project(world: World, project_id: int) -> Row:
    rng = world.rng
    return {
        "id": project_id,
        "company_id": world.company(),
        "project_name": f"Project {project_id}",
        "project_number": _project_number(world, project_id),
        "contract_id": maybe(rng, 0.75, world.link("contracts")),
        "purchase_order_number": po_text(rng, 0.35),
        "status_name": rng.choice(["New", "Complete", "5", None]),
        "project_type_name": rng.choice(["Client", "Internal", "2", None]),
        "start_date": maybe(rng, 0.5, world.day()),
        "end_date": maybe(rng, 0.5, world.day()),
    }


def _task(world: World, task_id: int) -> Row:
    rng = world.rng
    return {
        "id": task_id,
        "project_id": maybe(rng, 0.7, world.link("projects")),
        "title": f"Task {task_id}",
        "task_number": maybe(rng, 0.7, f"T{task_id}.1"),
        "purchase_order_number": po_text(rng, 0.35),
        "status_name": rng.choice(["New", None]),
    }


def _ticket(world: World, ticket_id: int) -> Row:
    rng = world.rng
    return {
        "id": ticket_id,
        "company_id": world.company(),
        "ticket_number": maybe(rng, 0.7, f"T20260901.{ticket_id}"),
        "title": f"Ticket {ticket_id}",
        "contract_id": maybe(rng, 0.6, world.link("contracts")),
        "project_id": maybe(rng, 0.3, world.link("projects")),
        "purchase_order_number": po_text(rng, 0.35),
        # two tickets are the problem of most others; some name themselves or a missing ticket
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


def _links(world: World, *, with_project: bool) -> Row:
    """The foreign keys of a line: every level is sometimes there and sometimes skipped."""
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
    if with_project and links["task_id"] is not None and chance(rng, 0.15):
        links["project_id"] = world.base + 900  # hides the task's own project
    if not with_project:
        del links["project_id"]
    return links


def _company_of_links(world: World, links: Row) -> int | None:
    """The company of a linked object, as in well-kept data."""
    for level in ("ticket", "project", "contract"):
        parent = world.parents[f"{level}s"].get(links.get(f"{level}_id") or -1)
        if parent is not None:
            return int(parent["company_id"])
    task = world.parents["tasks"].get(links.get("task_id") or -1)
    project = world.parents["projects"].get((task or {}).get("project_id") or -1)
    return None if project is None else project["company_id"]


def _charge(world: World, key: tuple[int, str | None]) -> Row:
    rng = world.rng
    links = _links(world, with_project=True)
    milestone_id = _claim(world, links)
    company_id = rng.choice(
        [None, None, None, world.company(), *[_company_of_links(world, links)] * 4]
    )
    charge_id, kind = key
    # Freight holds only credits, Travel only zeros
    material = rng.choice(
        ["Hardware", "Software", "hardware ", "Uncategorised", None, None, "Freight", "Travel"]
    )
    amount = any_amount(rng)
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
        "billing_code_id": rng.choice([None, 0, world.link("billing_codes")]),
        "purchase_order_number": po_text(rng, 0.3) if chance(rng, 0.6) else None,
        "internal_po_number": rng.choice([None, None, " ", "MSP-7", "N/A"]),
        "material_code_name": material,
        "name": maybe(rng, 0.8, f"Item {charge_id}"),
        "description": rng.choice([None, "plain", 'with "quotes", commas', "two\nlines"]),
        "quantity": maybe(rng, 0.7, Decimal(rng.randint(0, 500)) / 100),
        "billable_amount": amount,
        "extended_cost": optional_amount(rng),
        "is_billable": rng.choice([True, True, None, None, False]),
        "is_billed": rng.choice([None, None, None, False, True]),
        "invoice_number": any_invoice_number(rng, invoiced=True),
        "status_name": rng.choice(
            [
                *("Ordered", "Shipped", "Delivered", None, None, None),
                *("Canceled", " CANCELLED ", "8", " 8", "08", "7"),
            ]
        ),
        "date_purchased": world.day(),
    }
    if kind is None:
        charge |= _kept_apart(world, charge_id, links)
    number = charge_id - world.base
    if number <= len(world.quiet_amounts):
        charge["company_id"] = world.quiet_company_id
        charge["material_code_name"] = "Software"
        charge["milestone_id"] = None
        if chance(rng, 0.8):
            charge["is_billable"], charge["status_name"] = True, None
        charge["billable_amount"], charge["purchase_order_number"] = world.quiet_amounts[number - 1]
    return charge


def _kept_apart(world: World, charge_id: int, links: Row) -> Row:
    """Parents of a charge without a kind: it may be moved, but must not look like another charge.

    Beside a charge of the same id with a kind it names none.
    """
    if charge_id in world.ids_of_two_kinds:
        return dict.fromkeys(links)
    level = world.levels.setdefault(charge_id, world.rng.choice(["contract", "project", "ticket"]))
    if any(links.values()):
        links = links | {f"{level}_id": world.rng.choice(world.ids[f"{level}s"])}
    return links


def charge_of_one_kind(kind: str) -> Callable[[World, int], Row]:
    """What makes the rows of a table of one kind."""

    def make(world: World, charge_id: int) -> Row:
        charge = _charge(world, (charge_id, kind))
        del charge["charge_kind"]
        return charge

    return make


def _time_entry(world: World, entry_id: int) -> Row:
    rng = world.rng
    return {
        "id": entry_id,
        "resource_id": rng.choice([None, 0, world.base + 1, world.base + 2, world.base + 3]),
        **_links(world, with_project=False),
        "date_worked": world.day(),
        "hours_worked": rng.choice([Decimal(0), Decimal("0.25"), Decimal("7.33335"), Decimal(24)]),
        "hours_to_bill": rng.choice([None, None, Decimal(0), Decimal("0.5"), Decimal("8.00005")]),
        "billing_amount": optional_amount(rng),
        "is_non_billable": rng.choice([None, None, False, False, True]),
        "is_billed": rng.choice([None, False, world.labor_invoiced and chance(rng, 0.2)]),
        "invoice_number": any_invoice_number(rng, world.labor_invoiced),
    }


_MILESTONE_STATUSES = (
    *("Incompleted", "incomplete", "In Progress", " IN PROGRESS", "Completed", "complete "),
    *("Approved for Billing", "APPROVED for billing", "Ready to Bill", "ready to bill "),
    *("Billed", "BILLED", "Waiting for client", "approved", " "),
    *("2", "2 ", "3", "03", "2.0"),
)


def _due_date(world: World, contract: Row) -> date | None:
    """None, a day around the as-of date or the end of the contract, or a day like any line's."""
    rng = world.rng
    near = timedelta(days=rng.choice([-1, 0, 0, 1]))
    dates = [None, AS_OF_DATE, AS_OF_DATE + near, world.day(), world.day(), date(2027, 3, 1)]
    if contract.get("end_date") is not None:
        dates += [contract["end_date"] + near] * 4
    return rng.choice(dates)


def _milestone(world: World, milestone_id: int) -> Row:
    rng = world.rng
    contract_id = project_id = number = None
    shape = rng.choice(
        ["contract", "contract", "project", "project", "number", "number", "both", "both", "none"]
    )
    if shape in ("contract", "both"):
        contract_id = world.link("contracts")
    if shape in ("project", "both"):
        project_id = world.link("projects")
    if shape == "both" and chance(rng, 0.5):
        # the project is on the same contract, as it should be
        contract_id = world.latest("projects", project_id).get("contract_id", contract_id)
    if shape == "number" or chance(rng, 0.1):
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
        # many share an amount, so the next criterion decides the order to fix them
        "amount": rng.choice(
            [
                *(Decimal(0), Decimal("1500.5"), Decimal(2000), Decimal("-1500.5")),
                Decimal(rng.randint(-9999, 99999)) / 100,
            ]
        ),
        "status_name": rng.choice(_MILESTONE_STATUSES),
        "date_due": _due_date(world, world.latest("contracts", target)),
        "description": maybe(rng, 0.3, "Stage"),
    }


def _claim(world: World, links: Row) -> int | None:
    """The milestone that a charge names, often with links to the milestone's own contract."""
    rng = world.rng
    if not world.has_claims or chance(rng, 0.7):
        return None
    milestone_id = world.link("contract_milestones", exists=0.9)
    milestone = world.latest("contract_milestones", milestone_id)
    project = world.latest("projects", milestone.get("project_id"))
    target = milestone.get("contract_id") or project.get("contract_id")
    if target and chance(rng, 0.6):
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


MAKERS: dict[str, Callable[[World, Any], Row]] = {
    "companies": _company,
    "contracts": _contract,
    "projects": _project,
    "tasks": _task,
    "tickets": _ticket,
    "charges": _charge,
    "time_entries": _time_entry,
    "contract_milestones": _milestone,
    **{table: charge_of_one_kind(kind) for table, kind in CHARGE_KINDS.items()},
    "billing_codes": billing_code,
    "invoices": invoice,
    "billing_items": billing_item,
}
