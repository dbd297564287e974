"""What billing items say of the lines that they name (RES-21 to RES-24)."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from tests.oracle.resolution import effective_parents, first_not_none
from tests.oracle.state import State
from tests.oracle.tables import Row
from tests.oracle.texts import clean_po, is_blank

NAMES_OF_LINES = (
    *("contract_charge_id", "project_charge_id", "ticket_charge_id"),
    *("time_entry_id", "milestone_id"),
)


def postings_of(state: State) -> dict[tuple[str, int], list[Row]]:
    """RES-21: the items that name each charge, by kind and id, and each time entry."""
    items: dict[tuple[str, int], list[Row]] = defaultdict(list)
    project_charges = {row["id"] for row in state.charges if row["charge_kind"] == "project"}
    for item in state.billing_items:
        for kind in ("contract", "project", "ticket"):
            if item[f"{kind}_charge_id"] is not None:
                items[kind, item[f"{kind}_charge_id"]].append(item)
        if item["time_entry_id"] is not None:
            items["time_entry", item["time_entry_id"]].append(item)
    for charge in state.charges:
        if charge["charge_kind"] != "change_order" or charge["id"] in project_charges:
            continue
        company_id = effective_parents(state, charge)["company"]
        items["change_order", charge["id"]] = [
            item
            for item in state.billing_items
            if item["project_charge_id"] == charge["id"]
            and item["company_id"] is not None
            and item["company_id"] == company_id
        ]
    return items


def items_of(state: State, line: Row) -> list[Row]:
    """RES-21: the billing items that name a charge or a time entry."""
    return state.postings.get((line.get("charge_kind", "time_entry"), line["id"]), [])


def is_posted(state: State, line: Row) -> bool:
    """RES-21: a billing item names it, or it is marked as billed."""
    return bool(items_of(state, line)) or line["is_billed"] is True


def invoice_of_item(state: State, item: Row) -> int | None:
    """RES-22: the id of the invoice that an item is on; a voided one is none."""
    invoice = state.invoices.get(item["invoice_id"])
    if invoice is not None and invoice["is_voided"] is True:
        return None
    invoice_id: int | None = item["invoice_id"]
    return invoice_id


def invoice_of(state: State, line: Row) -> str | None:
    """RES-14: the invoice number of a line, its own or that of its items, None for no number."""
    numbers: list[str | None] = [line["invoice_number"]]
    found = [invoice_of_item(state, item) for item in items_of(state, line)]
    invoice_ids = [invoice_id for invoice_id in found if invoice_id is not None]
    if invoice_ids:
        latest = max(invoice_ids)
        number = state.invoices.get(latest, {}).get("invoice_number")
        numbers.append(str(latest) if is_blank(number) else number)
    return next((text for text in numbers if clean_po(text, state.placeholders)), None)


def is_invoiced(state: State, line: Row) -> bool:
    """RES-14: it has an invoice, or it was billed and no item tells more."""
    if invoice_of(state, line) is not None:
        return True
    return line["is_billed"] is True and not items_of(state, line)


def posted_po(state: State, line: Row) -> str | None:
    """RES-24: the clean PO of the item with the greatest id."""
    items = items_of(state, line)
    if not items:
        return None
    latest = max(items, key=lambda item: int(item["id"]))
    return clean_po(latest["purchase_order_number"], state.placeholders)


def billing_amount(state: State, entry: Row) -> Decimal:
    """RES-23: the entry's own amount, else that of its items, else nothing."""
    if entry["billing_amount"] is not None:
        return Decimal(entry["billing_amount"])
    return sum(
        (
            first_not_none(item["extended_price"], Decimal(0))
            for item in items_of(state, entry)
            if item["contract_block_id"] is None
        ),
        Decimal(0),
    )


def items_of_their_own(state: State) -> list[Row]:
    """MRT-24: items on no invoice and of no line."""
    return [
        item
        for item in state.billing_items
        if invoice_of_item(state, item) is None
        and all(item[column] is None for column in NAMES_OF_LINES)
    ]
