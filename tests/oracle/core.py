"""The dimensions and the facts of lines (rules: marts.md), row by row."""

from __future__ import annotations

from tests.oracle.measures import (
    billable_hours,
    is_active_contract,
    is_billable,
    labor_amount,
    labor_is_tracked,
)
from tests.oracle.postings import (
    billing_amount,
    invoice_of,
    is_invoiced,
    is_posted,
    items_of,
    posted_po,
)
from tests.oracle.resolution import resolve
from tests.oracle.state import State
from tests.oracle.tables import Row


def dim_companies(state: State) -> list[Row]:
    """RES-20: one row per company."""
    return [
        {
            "company_id": company["id"],
            "company_name": company["company_name"],
            "is_active": company["is_active"],
            "parent_company_id": company["parent_company_id"],
            "po_required": state.requires_po(company["id"]),
        }
        for company in state.companies.values()
    ]


def dim_contracts(state: State) -> list[Row]:
    """MIL-5: one row per contract."""
    return [
        {
            "contract_id": contract["id"],
            "contract_name": contract["contract_name"],
            "contract_number": contract["contract_number"],
            "company_id": contract["company_id"],
            "contract_type_name": contract["contract_type_name"],
            "status_name": contract["status_name"],
            "is_active": is_active_contract(state, contract),
            "start_date": contract["start_date"],
            "end_date": contract["end_date"],
            "renewed_contract_id": contract["renewed_contract_id"],
            "po_number": state.current_po("contract", contract),
        }
        for contract in state.parents["contract"].values()
    ]


def dim_projects(state: State) -> list[Row]:
    """RES-2: one row per project."""
    return [
        {
            "project_id": project["id"],
            "project_name": project["project_name"],
            "project_number": project["project_number"],
            "company_id": project["company_id"],
            "contract_id": project["contract_id"],
            "status_name": project["status_name"],
            "po_number": state.current_po("project", project),
        }
        for project in state.parents["project"].values()
    ]


def names_and_numbers(state: State, resolved: Row) -> Row:
    """MRT-3: what a clerk reads and searches by; null for orphans."""
    task = state.parent("task", resolved["task_id"])
    ticket = state.parent("ticket", resolved["ticket_id"])
    project = state.parent("project", resolved["project_id"])
    contract = state.parent("contract", resolved["contract_id"])
    return {
        "company_name": state.name_of_company(resolved["company_id"]),
        "contract_name": None if contract is None else contract["contract_name"],
        "project_name": None if project is None else project["project_name"],
        "ticket_number": None if ticket is None else ticket["ticket_number"],
        "task_number": None if task is None else task["task_number"],
        "project_number": None if project is None else project["project_number"],
    }


def fct_charges_po_resolved(state: State) -> list[Row]:
    """MRT-4: one row per charge."""
    facts = []
    for charge in state.charges:
        resolved = resolve(state, charge, charge["date_purchased"], is_charge=True)
        billable = is_billable(state, charge)
        invoiced = is_invoiced(state, charge)
        facts.append(
            {
                **resolved,
                **names_and_numbers(state, resolved),
                "charge_key": f"{charge['charge_kind']}-{charge['id']}",
                "charge_id": charge["id"],
                "charge_kind": charge["charge_kind"],
                "milestone_id": charge["milestone_id"],
                "material_code_name": charge["material_code_name"],
                "name": charge["name"],
                "description": charge["description"],
                "quantity": charge["quantity"],
                "billable_amount": charge["billable_amount"],
                "extended_cost": charge["extended_cost"],
                "is_billable": billable,
                "invoice_number": invoice_of(state, charge),
                "is_invoiced": invoiced,
                "is_posted": is_posted(state, charge),
                "posted_po_number": posted_po(state, charge),
                "has_billing_item": bool(items_of(state, charge)),  # not a column
                "date_purchased": charge["date_purchased"],
                "purchase_order_number": charge["purchase_order_number"],
                "internal_po_number": charge["internal_po_number"],
                "is_exposed": (
                    not resolved["has_po"]
                    and not invoiced
                    and billable
                    and resolved["company_id"] != 0
                ),
            }
        )
    return facts


def fct_time_entries_po_resolved(state: State) -> list[Row]:
    """MRT-4: one row per time entry."""
    tracked = labor_is_tracked(state)
    facts = []
    for entry in state.time_entries:
        resolved = resolve(state, entry, entry["date_worked"], is_charge=False)
        for column in ("charge_po", "has_direct_po", "has_po_mismatch"):
            del resolved[column]  # a time entry has no PO of its own
        internal = resolved["company_id"] == 0 or (
            resolved["task_id"] is None
            and resolved["ticket_id"] is None
            and resolved["contract_id"] is None
        )
        invoiced = is_invoiced(state, entry)
        facts.append(
            {
                **resolved,
                **names_and_numbers(state, resolved),
                "time_entry_id": entry["id"],
                "resource_id": entry["resource_id"],
                "date_worked": entry["date_worked"],
                "hours_worked": entry["hours_worked"],
                "billable_hours": billable_hours(entry),
                "billing_amount": billing_amount(state, entry),
                "labor_amount": labor_amount(state, entry),
                "is_non_billable": entry["is_non_billable"] is True,
                "is_internal": internal,
                "invoice_number": invoice_of(state, entry),
                "is_invoiced": invoiced,
                "is_posted": is_posted(state, entry),
                "posted_po_number": posted_po(state, entry),
                "has_billing_item": bool(items_of(state, entry)),  # not a column
                "is_exposed": (
                    not resolved["has_po"]
                    and not invoiced
                    and labor_amount(state, entry) != 0
                    and resolved["company_id"] != 0
                    and not internal
                    and tracked
                ),
            }
        )
    return facts
