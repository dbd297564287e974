"""Which PO covers a line, and why none does (rules: purchase_orders.md), row by row."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.oracle.state import INHERITED_LEVELS, State, po_on, versions_from
from tests.oracle.tables import Row
from tests.oracle.texts import is_placeholder


def first_not_none(*values: Any) -> Any:
    """The first value that is there."""
    for value in values:
        if value is not None:
            return value
    return None


def effective_parents(state: State, line: Row) -> dict[str, int | None]:
    """RES-5: the ids of a line's task, ticket, project, contract and company.

    A time entry has no `project_id` and no `company_id` of its own; otherwise the two columns of
    the table in RES-5 are the same.
    """
    task_id = line["task_id"]
    ticket_id = line["ticket_id"]
    task = state.parent("task", task_id)
    ticket = state.parent("ticket", ticket_id)
    project_id = first_not_none(
        line.get("project_id"),
        task["project_id"] if task is not None else None,
        ticket["project_id"] if ticket is not None else None,
    )
    project = state.parent("project", project_id)
    contract_id = first_not_none(
        line["contract_id"],
        ticket["contract_id"] if ticket is not None else None,
        project["contract_id"] if project is not None else None,
    )
    contract = state.parent("contract", contract_id)
    company_id = first_not_none(
        line.get("company_id"),
        ticket["company_id"] if ticket is not None else None,
        project["company_id"] if project is not None else None,
        contract["company_id"] if contract is not None else None,
    )
    return {
        "task": task_id,
        "ticket": ticket_id,
        "project": project_id,
        "contract": contract_id,
        "company": company_id,
    }


# ---------------------------------------------------------------------------------------------
# RES-12: resolution
# ---------------------------------------------------------------------------------------------


def owner_company(state: State, level: str, row: Row) -> int | None:
    """RES-11: the company of the object that carries a PO; a task's is its project's."""
    owner: Row | None = row
    if level == "task":
        owner = state.parent("project", row["project_id"])
    return None if owner is None else owner["company_id"]


def company_fits(state: State, line_company: int | None, owner: int | None) -> bool:
    """RES-11: the same company, its parent or its subsidiary, or an owner nobody knows."""
    if owner is None:
        return True
    if line_company is None:
        return False
    if line_company == owner:
        return True
    line_row = state.companies.get(line_company)
    if line_row is not None and line_row["parent_company_id"] == owner:
        return True
    owner_row = state.companies.get(owner)
    return owner_row is not None and owner_row["parent_company_id"] == line_company


def level_po_on(state: State, level: str, parent_id: int, day: date) -> tuple[Any, Any]:
    """RES-9, RES-10: PO and basis of an existing parent; a level left out has none."""
    if level not in state.precedence:
        return None, None
    return po_on(state.histories[level][parent_id], day)


def resolve(state: State, line: Row, day: date, *, is_charge: bool) -> Row:
    """RES-12: everything a fact says about the PO of one line."""
    ids = effective_parents(state, line)
    line_company = ids["company"]

    candidates: dict[str, str | None] = dict.fromkeys(("charge", *INHERITED_LEVELS))
    bases: dict[str, str | None] = {}
    companies: dict[str, int | None] = {}
    if is_charge:
        candidates["charge"] = state.current_po("charge", line)
        bases["charge"] = "direct"
        companies["charge"] = line_company

    some_po_of_another_client = False
    for level in INHERITED_LEVELS:
        parent = state.parent(level, ids[level])
        if parent is None:
            continue
        po_number, basis = level_po_on(state, level, parent["id"], day)
        if po_number is None:
            continue
        owner = owner_company(state, level, parent)
        if not company_fits(state, line_company, owner):
            some_po_of_another_client = True
            continue
        candidates[level] = po_number
        bases[level] = basis
        companies[level] = first_not_none(owner, line_company)

    po_source = "none"
    for level in state.precedence:
        if candidates[level] is not None:
            po_source = level
            break
    has_po = po_source != "none"
    po_number = candidates[po_source] if has_po else None
    po_company_id = companies[po_source] if has_po else None

    first_inherited = first_not_none(
        *(candidates[level] for level in state.precedence if level != "charge")
    )
    own_po = candidates["charge"]
    return {
        "company_id": line_company,
        "contract_id": ids["contract"],
        "project_id": ids["project"],
        "task_id": ids["task"],
        "ticket_id": ids["ticket"],
        "charge_po": own_po,
        "task_po": candidates["task"],
        "ticket_po": candidates["ticket"],
        "project_po": candidates["project"],
        "contract_po": candidates["contract"],
        "po_number": po_number,
        "po_source": po_source,
        "po_basis": bases[po_source] if has_po else None,
        "has_po": has_po,
        "has_direct_po": own_po is not None,
        "has_po_mismatch": (
            own_po is not None and first_inherited is not None and own_po != first_inherited
        ),
        "po_gap_reason": None
        if has_po
        else gap_reason(state, line, ids, day, some_po_of_another_client, is_charge=is_charge),
        "po_company_id": po_company_id,
        "purchase_order_key": purchase_order_key(po_company_id, po_number),
    }


def purchase_order_key(company_id: int | None, po_number: str | None) -> str | None:
    """RES-4: `<po_company_id>-<po_number>`, `unknown` for a company nobody knows."""
    if po_number is None:
        return None
    return f"{'unknown' if company_id is None else company_id}-{po_number}"


def gap_reason(
    state: State,
    line: Row,
    ids: dict[str, int | None],
    day: date,
    some_po_of_another_client: bool,
    *,
    is_charge: bool,
) -> str:
    """RES-13: why a line has no PO, the first reason that applies."""
    if all(ids[level] is None for level in INHERITED_LEVELS):
        return "no_parent"
    if some_po_of_another_client:
        return "other_company"
    if is_contract_out_of_period(state, ids, day):
        return "contract_out_of_period"
    for level in INHERITED_LEVELS:
        if ids[level] is not None and state.parent(level, ids[level]) is None:
            return "orphan_reference"
    if is_charge and is_placeholder(state.po_text("charge", line), state.placeholders):
        return "placeholder"
    for level in INHERITED_LEVELS:
        parent = state.parent(level, ids[level])
        if parent is not None and is_placeholder(state.po_text(level, parent), state.placeholders):
            return "placeholder"
    return "parents_without_po"


def is_contract_out_of_period(state: State, ids: dict[str, int | None], day: date) -> bool:
    """RES-13 reason 3: a fitting contract has POs from that day on, none of which covers it."""
    contract = state.parent("contract", ids["contract"])
    if contract is None or "contract" not in state.precedence:
        return False
    if not company_fits(state, ids["company"], contract["company_id"]):
        return False
    with_po = [
        version
        for version in versions_from(state.histories["contract"][contract["id"]], day)
        if version.po_number is not None
    ]
    return len(with_po) > 0 and not any(version.covers(day) for version in with_po)
