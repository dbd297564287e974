"""Marts of charges and hours by PO, material code, company and problem (rules: marts.md)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.oracle.measures import internal_hours, material_code, percentage, total
from tests.oracle.resolution import first_not_none, owner_company
from tests.oracle.state import INHERITED_LEVELS, State
from tests.oracle.tables import Row
from tests.oracle.texts import tidy


def hours_per_po(state: State, entries: list[Row]) -> list[Row]:
    """MRT-12: time by company, PO and contract, internal time included."""
    groups: dict[tuple[Any, Any, Any], list[Row]] = {}
    for entry in entries:
        key = (entry["company_id"], entry["purchase_order_key"], entry["contract_id"])
        groups.setdefault(key, []).append(entry)

    rows = []
    for (company_id, key, contract_id), lines in groups.items():
        contract = state.parent("contract", contract_id)
        resources = {line["resource_id"] for line in lines if line["resource_id"] is not None}
        rows.append(
            {
                "company_id": company_id,
                "company_name": state.name_of_company(company_id),
                "purchase_order_key": key,
                "po_number": lines[0]["po_number"],
                "contract_id": contract_id,
                "contract_name": None if contract is None else contract["contract_name"],
                "total_hours_worked": total(line["hours_worked"] for line in lines),
                "internal_hours": internal_hours(lines),
                "total_billable_hours": total(line["billable_hours"] for line in lines),
                "total_billing_amount": total(line["labor_amount"] for line in lines),
                "time_entry_count": len(lines),
                "resource_count": len(resources),
                "first_date_worked": min(line["date_worked"] for line in lines),
                "last_date_worked": max(line["date_worked"] for line in lines),
            }
        )
    return rows


def charges_per_po(charges: list[Row]) -> list[Row]:
    """MRT-9: one row per purchase_order_key; `billable_amount` is that of all charges."""
    groups: dict[str, list[Row]] = {}
    for charge in charges:
        if charge["has_po"]:
            groups.setdefault(charge["purchase_order_key"], []).append(charge)

    rows = []
    for key, lines in groups.items():
        direct = [line for line in lines if line["po_source"] == "charge"]
        rows.append(
            {
                "purchase_order_key": key,
                "po_company_id": lines[0]["po_company_id"],
                "po_number": lines[0]["po_number"],
                "charge_lines": len(lines),
                "lines_direct": len(direct),
                "lines_inherited": len(lines) - len(direct),
                "billable_amount": total(line["billable_amount"] for line in lines),
                "extended_cost": total(
                    first_not_none(line["extended_cost"], Decimal(0)) for line in lines
                ),
                "invoiced_amount": total(
                    line["billable_amount"] for line in lines if line["is_invoiced"]
                ),
                "uninvoiced_amount": total(
                    line["billable_amount"] for line in lines if not line["is_invoiced"]
                ),
                "first_date_purchased": min(line["date_purchased"] for line in lines),
                "last_date_purchased": max(line["date_purchased"] for line in lines),
            }
        )
    return rows


def charges_by_material_code(state: State, charges: list[Row]) -> list[Row]:
    """MRT-9: one row per material code."""
    amount_of_all = total(charge["billable_amount"] for charge in charges)
    groups: dict[str, list[Row]] = {}
    for charge in charges:
        groups.setdefault(material_code(charge), []).append(charge)

    rows = []
    for material, lines in groups.items():
        amount = total(line["billable_amount"] for line in lines)
        with_po = [line for line in lines if line["has_po"]]
        exposed = [line for line in lines if line["is_exposed"]]
        rows.append(
            {
                "material_code_name": material,
                "charge_lines": len(lines),
                "billable_amount": amount,
                "share_pct": percentage(amount, amount_of_all),
                "lines_with_po": len(with_po),
                "coverage_pct": percentage(len(with_po), len(lines)),
                "amount_coverage_pct": percentage(
                    total(line["billable_amount"] for line in with_po), amount
                ),
                "uninvoiced_lines": sum(not line["is_invoiced"] for line in lines),
                "exposed_lines": len(exposed),
                "exposed_amount": total(line["billable_amount"] for line in exposed),
                "po_priority": state.material_priorities.get(tidy(material), "Medium"),
            }
        )
    return rows


def hours_via_contract_po(state: State, entries: list[Row]) -> list[Row]:
    """MRT-12: existing contracts with a current PO and time entries, by the contract alone."""
    rows = []
    for contract in state.parents["contract"].values():
        po_number = state.current_po("contract", contract)
        lines = [entry for entry in entries if entry["contract_id"] == contract["id"]]
        if po_number is None or not lines:
            continue
        rows.append(
            {
                "contract_id": contract["id"],
                "contract_name": contract["contract_name"],
                "company_id": contract["company_id"],
                "po_number": po_number,
                "total_hours_worked": total(line["hours_worked"] for line in lines),
                "internal_hours": internal_hours(lines),
                "total_billable_hours": total(line["billable_hours"] for line in lines),
                "total_billing_amount": total(line["labor_amount"] for line in lines),
            }
        )
    return rows


def charge_allocation(state: State) -> list[Row]:
    """MRT-19: the charge's own project_id, else its own contract_id; always three rows."""
    groups: dict[str, list[Row]] = {"project": [], "contract": [], "unallocated": []}
    for charge in state.charges:
        if charge["project_id"] is not None:
            groups["project"].append(charge)
        elif charge["contract_id"] is not None:
            groups["contract"].append(charge)
        else:
            groups["unallocated"].append(charge)
    return [
        {
            "allocation": allocation,
            "charge_count": len(group),
            "share_pct": percentage(len(group), len(state.charges)),
            "billable_amount": total(charge["billable_amount"] for charge in group),
        }
        for allocation, group in groups.items()
    ]


def companies_that_used_pos(
    state: State, charges: list[Row], entries: list[Row]
) -> set[int | None]:
    """MRT-20: a current PO on an object of the company, or a PO on one of its lines."""
    found: set[int | None] = set()
    for level in INHERITED_LEVELS:
        for row in state.parents[level].values():
            if state.current_po(level, row) is not None:
                found.add(owner_company(state, level, row))
    for line in charges + entries:
        if line["has_po"]:
            found.add(line["company_id"])
    return found


def recommendation(profile: Row, exposed_lines: int) -> str | None:
    """MRT-21: what to do about the PO flag of a company, the first that applies."""
    if profile["company_id"] == 0:
        return None
    if profile["po_required"] and exposed_lines > 0:
        return "enforce"
    if not profile["po_required"] and (
        profile["has_disputed_invoice"]
        or profile["has_used_pos"]
        or profile["billable_rank"] <= 10  # among the ten largest
    ):
        return "consider_requiring"
    return "ok"


def company_po_profile(state: State, charges: list[Row], entries: list[Row]) -> list[Row]:
    """MRT-20: companies with charges or time entries; an orphan id has a row, null has none."""
    company_ids = {line["company_id"] for line in charges + entries} - {None}
    used_pos = companies_that_used_pos(state, charges, entries)
    rows = []
    for company_id in company_ids:
        own_charges = [charge for charge in charges if charge["company_id"] == company_id]
        own_entries = [entry for entry in entries if entry["company_id"] == company_id]
        with_po = [charge for charge in own_charges if charge["has_po"]]
        amount = total(charge["billable_amount"] for charge in own_charges)
        rows.append(
            {
                "company_id": company_id,
                "company_name": state.name_of_company(company_id),
                "po_required": state.requires_po(company_id),
                "charge_lines": len(own_charges),
                "billable_amount": amount,
                "coverage_pct": percentage(len(with_po), len(own_charges)),
                "value_coverage_pct": percentage(
                    total(charge["billable_amount"] for charge in with_po), amount
                ),
                "has_used_pos": company_id in used_pos,
                "has_disputed_invoice": company_id in state.disputed_company_ids,
                "exposed_amount": total(
                    charge["billable_amount"] for charge in own_charges if charge["is_exposed"]
                ),
                "exposed_labor_amount": total(
                    entry["labor_amount"] for entry in own_entries if entry["is_exposed"]
                ),
            }
        )
    for row in rows:
        larger = [other for other in rows if other["billable_amount"] > row["billable_amount"]]
        row["billable_rank"] = len(larger) + 1  # ties share a rank: 1, 2, 2, 4
    for row in rows:
        exposed_lines = sum(
            line["is_exposed"]
            for line in charges + entries
            if line["company_id"] == row["company_id"]
        )
        row["recommendation"] = recommendation(row, exposed_lines)
    return rows


def problem_effort(state: State, entries: list[Row]) -> list[Row]:
    """MRT-22: existing tickets that another existing ticket names as its problem."""
    tickets = state.parents["ticket"]
    rows = []
    for problem in tickets.values():
        incident_ids = {
            ticket["id"]
            for ticket in tickets.values()
            if ticket["problem_ticket_id"] == problem["id"] and ticket["id"] != problem["id"]
        }
        if not incident_ids:
            continue
        of_problem = [entry for entry in entries if entry["ticket_id"] == problem["id"]]
        of_incidents = [entry for entry in entries if entry["ticket_id"] in incident_ids]
        problem_hours = total(entry["hours_worked"] for entry in of_problem)
        incident_hours = total(entry["hours_worked"] for entry in of_incidents)
        rows.append(
            {
                "problem_ticket_id": problem["id"],
                "ticket_number": problem["ticket_number"],
                "title": problem["title"],
                "company_id": problem["company_id"],
                "po_number": state.current_po("ticket", problem),
                "incident_count": len(incident_ids),
                "problem_hours": problem_hours,
                "incident_hours": incident_hours,
                "total_hours": problem_hours + incident_hours,
                "total_billing_amount": total(
                    entry["labor_amount"] for entry in of_problem + of_incidents
                ),
            }
        )
    return rows
