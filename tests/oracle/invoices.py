"""The next invoices and what blocks them (rules: marts.md), row by row."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.oracle.measures import labor_is_tracked, total
from tests.oracle.postings import items_of_their_own
from tests.oracle.resolution import first_not_none, purchase_order_key
from tests.oracle.state import State
from tests.oracle.tables import Row
from tests.oracle.texts import clean_po
from tests.oracle.utilization import of_key, without_allocations


def lines_to_invoice(
    state: State, charges: list[Row], entries: list[Row], milestones: list[Row]
) -> list[Row]:
    """MRT-16: what an invoice of the as-of date would hold, line by line."""
    lines: list[Row] = []

    def add(item_type: str, source: Row, **values: Any) -> None:
        if source["company_id"] == 0:
            return
        lines.append(
            {
                "item_type": item_type,
                "company_id": source["company_id"],
                "purchase_order_key": source["purchase_order_key"],
                "po_number": source["po_number"],
                "is_po_inherited": False,
                "has_conflict": False,
                **values,
                **(billed_on(source) if source.get("has_billing_item") else {}),
            }
        )

    for charge in without_allocations(charges, milestones):
        if (
            charge["is_billable"]
            and not charge["is_invoiced"]
            and charge["date_purchased"] <= state.as_of_date
        ):
            add(
                "charge",
                charge,
                item_key=charge["charge_key"],
                contract_id=charge["contract_id"],
                item_date=charge["date_purchased"],
                description=charge["name"],
                amount=charge["billable_amount"],
                is_po_inherited=charge["has_po"] and charge["po_source"] != "charge",
            )
    tracked = labor_is_tracked(state)
    for entry in entries:
        if (
            tracked
            and not entry["is_invoiced"]
            and not entry["is_internal"]
            and entry["labor_amount"] != 0
            and entry["date_worked"] <= state.as_of_date
        ):
            add(
                "time_entry",
                entry,
                item_key=str(entry["time_entry_id"]),
                contract_id=entry["contract_id"],
                item_date=entry["date_worked"],
                description=None,
                amount=entry["labor_amount"],
            )
    for item in items_of_their_own(state):
        if item["item_date"] is None or item["item_date"] <= state.as_of_date:
            po_number = clean_po(item["purchase_order_number"], state.placeholders)
            key = purchase_order_key(item["company_id"], po_number)
            add(
                "posted_item",
                {**item, "po_number": po_number, "purchase_order_key": key},
                item_key=str(item["id"]),
                contract_id=item["contract_id"],
                item_date=item["item_date"],
                description=None,
                amount=first_not_none(item["extended_price"], Decimal(0)),
            )
    for milestone in milestones:
        if milestone["billing_stage"] == "approved_for_billing" and (
            milestone["date_due"] is None or milestone["date_due"] <= state.as_of_date
        ):
            add(
                "milestone",
                milestone,
                item_key=str(milestone["milestone_id"]),
                contract_id=milestone["target_contract_id"],
                item_date=milestone["date_due"],
                description=milestone["title"],
                amount=milestone["amount"],
                has_conflict=milestone["has_conflict"],
            )
    return lines


def billed_on(line: Row) -> Row:
    """MRT-24: a posted line goes by the PO that it was posted with, under its own company."""
    return {
        "po_number": line["posted_po_number"],
        "purchase_order_key": purchase_order_key(line["company_id"], line["posted_po_number"]),
        "is_po_inherited": False,  # nothing can be typed on it any more
    }


def blocked_reason(
    state: State, company_id: int | None, key: str | None, lines: list[Row]
) -> str | None:
    """MRT-18: why an invoice cannot go out yet, the first that applies."""
    if company_id is None or company_id not in state.companies:
        return "company_unknown"
    if key is None and state.requires_po(company_id):
        return "po_required_missing"
    if any(line["has_conflict"] for line in lines):
        return "milestone_conflict"
    return None


def invoice_preview(state: State, lines: list[Row], utilization: list[Row]) -> list[Row]:
    """MRT-17: one row per company and PO with something to invoice."""
    groups: dict[tuple[int | None, str | None], list[Row]] = {}
    for line in lines:
        groups.setdefault((line["company_id"], line["purchase_order_key"]), []).append(line)

    rows = []
    for (company_id, key), group in groups.items():
        of_type = {
            item_type: [line for line in group if line["item_type"] == item_type]
            for item_type in ("charge", "time_entry", "milestone", "posted_item")
        }
        contract_ids = {line["contract_id"] for line in group} - {None}
        names = {
            state.parents["contract"][contract_id]["contract_name"]
            for contract_id in contract_ids
            if contract_id in state.parents["contract"]
        }
        statuses = [row["utilization_status"] for row in of_key(utilization, key)] if key else []
        reason = blocked_reason(state, company_id, key, group)
        rows.append(
            {
                "company_id": company_id,
                "company_name": state.name_of_company(company_id),
                "purchase_order_key": key,
                "po_number": group[0]["po_number"],
                "charge_lines": len(of_type["charge"]),
                "charge_lines_to_update": sum(line["is_po_inherited"] for line in group),
                "charges_amount": total(line["amount"] for line in of_type["charge"]),
                "labor_entries": len(of_type["time_entry"]),
                "labor_amount": total(line["amount"] for line in of_type["time_entry"]),
                "milestone_count": len(of_type["milestone"]),
                "milestone_amount": total(line["amount"] for line in of_type["milestone"]),
                "posted_item_count": len(of_type["posted_item"]),
                "posted_item_amount": total(line["amount"] for line in of_type["posted_item"]),
                "total_amount": total(line["amount"] for line in group),
                "contract_count": len(contract_ids),
                "contract_names": "; ".join(sorted(names)) or None,
                "po_status": statuses[0] if statuses else None,
                "is_blocked": reason is not None,
                "blocked_reason": reason,
            }
        )
    return rows


def invoice_preview_items(lines: list[Row], invoices: list[Row]) -> list[Row]:
    """MRT-18: one row per line; it is blocked when its invoice is."""
    blocked = {
        (invoice["company_id"], invoice["purchase_order_key"]): invoice["is_blocked"]
        for invoice in invoices
    }
    return [
        {**line, "is_blocked": blocked[line["company_id"], line["purchase_order_key"]]}
        for line in lines
    ]
