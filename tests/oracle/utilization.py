"""What is used up of each PO, by charges, labour and milestones (rules: marts.md), row by row."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.oracle.measures import internal_hours, percentage, total
from tests.oracle.resolution import first_not_none, owner_company, purchase_order_key
from tests.oracle.state import INHERITED_LEVELS, State
from tests.oracle.tables import Row
from tests.oracle.texts import clean_po

CONSUMING_STAGES = ("approved_for_billing", "billed")


def without_allocations(charges: list[Row], milestones: list[Row]) -> list[Row]:
    """MRT-13: a charge that claims an existing milestone is its allocation, not a second bill."""
    existing = {milestone["milestone_id"] for milestone in milestones}
    return [charge for charge in charges if charge["milestone_id"] not in existing]


def po_owner(key: str, po_number: str) -> int | None:
    """The company in a `purchase_order_key`; None for `unknown`."""
    company = key.removesuffix(f"-{po_number}")
    return None if company == "unknown" else int(company)


def register_by_key(state: State) -> dict[str, Row]:
    """RAW-8: the register under the keys of RES-4."""
    register = {}
    for row in state.register:
        po_number = clean_po(row["purchase_order_number"], state.placeholders)
        register[str(purchase_order_key(row["company_id"], po_number))] = {
            **row,
            "po_number": po_number,
        }
    return register


def counted_charges(charges: list[Row], milestones: list[Row]) -> list[Row]:
    """MRT-13: the billable charges with a PO that claim no existing milestone."""
    return [
        charge
        for charge in without_allocations(charges, milestones)
        if charge["has_po"] and charge["is_billable"]
    ]


def counted_milestones(milestones: list[Row]) -> list[Row]:
    """MRT-13: milestones with a PO, approved for billing or billed."""
    return [
        milestone
        for milestone in milestones
        if milestone["purchase_order_key"] is not None
        and milestone["billing_stage"] in CONSUMING_STAGES
    ]


def of_key(lines: list[Row], key: str) -> list[Row]:
    """The lines that were resolved to one PO."""
    return [line for line in lines if line["purchase_order_key"] == key]


def group_by_key(lines: list[Row]) -> dict[str, list[Row]]:
    """Lines under their PO; those without one are left out."""
    groups: dict[str, list[Row]] = {}
    for line in lines:
        if line["purchase_order_key"] is not None:
            groups.setdefault(line["purchase_order_key"], []).append(line)
    return groups


def utilization_status(state: State, row: Row, is_used: bool) -> str:
    """MRT-14: the first that applies."""
    authorized_amount, authorized_hours = row["authorized_amount"], row["authorized_hours"]
    pairs = [
        (used, authorized)
        for used, authorized in (
            (row["consumed_amount"], authorized_amount),
            (row["consumed_hours"], authorized_hours),
        )
        if authorized is not None
    ]
    if not row["is_registered"]:
        return "unregistered"
    if any(used > authorized for used, authorized in pairs):
        return "over_budget"
    if row["valid_to"] is not None and row["valid_to"] < state.as_of_date:
        return "expired"
    if any(
        authorized > 0 and used * 100 >= state.near_limit_pct * authorized
        for used, authorized in pairs
    ):
        return "near_limit"
    if authorized_amount is None and authorized_hours is None:
        return "no_budget"
    if not is_used:
        return "unused"
    return "within_budget"


def po_utilization(
    state: State, charges: list[Row], entries: list[Row], milestones: list[Row]
) -> list[Row]:
    """MRT-13: one row per PO in use or registered."""
    register = register_by_key(state)
    charges_by_key = group_by_key(charges)
    counted_by_key = group_by_key(counted_charges(charges, milestones))
    entries_by_key = group_by_key(entries)
    milestones_by_key = group_by_key(counted_milestones(milestones))

    rows = []
    for key in {*register, *charges_by_key, *entries_by_key, *milestones_by_key}:
        registered = register.get(key, {})
        used_by = [
            *charges_by_key.get(key, []),
            *entries_by_key.get(key, []),
            *milestones_by_key.get(key, []),
        ]
        po_number = registered["po_number"] if registered else used_by[0]["po_number"]
        company_id = po_owner(key, po_number)
        row: Row = {
            "purchase_order_key": key,
            "company_id": company_id,
            "company_name": state.name_of_company(company_id),
            "po_number": po_number,
            "is_registered": key in register,
            "authorized_amount": registered.get("authorized_amount"),
            "authorized_hours": registered.get("authorized_hours"),
            "valid_from": registered.get("valid_from"),
            "valid_to": registered.get("valid_to"),
            "charges_amount": total(
                charge["billable_amount"] for charge in counted_by_key.get(key, [])
            ),
            "labor_amount": total(entry["labor_amount"] for entry in entries_by_key.get(key, [])),
            "milestone_amount": total(
                milestone["amount"] for milestone in milestones_by_key.get(key, [])
            ),
            "consumed_hours": total(
                entry["billable_hours"] for entry in entries_by_key.get(key, [])
            ),
        }
        row["consumed_amount"] = (
            row["charges_amount"] + row["labor_amount"] + row["milestone_amount"]
        )
        for unit in ("amount", "hours"):
            authorized = row[f"authorized_{unit}"]
            row[f"remaining_{unit}"] = (
                None if authorized is None else authorized - row[f"consumed_{unit}"]
            )
        amount = row["authorized_amount"]
        row["consumed_pct"] = (
            None if amount is None or amount <= 0 else percentage(row["consumed_amount"], amount)
        )
        row["utilization_status"] = utilization_status(state, row, is_used=bool(used_by))
        rows.append(row)
    return rows


def po_monthly_activity(
    state: State, charges: list[Row], entries: list[Row], milestones: list[Row]
) -> list[Row]:
    """MRT-15: one row per PO and month with something to count."""
    months: dict[tuple[str, date], Row] = {}

    def month_of(line: Row, day: date) -> Row:
        key = line["purchase_order_key"]
        return months.setdefault(
            (key, day.replace(day=1)),
            {
                "purchase_order_key": key,
                "company_id": po_owner(key, line["po_number"]),
                "po_number": line["po_number"],
                "activity_month": day.replace(day=1),
                "charge_lines": 0,
                "charges_amount": Decimal(0),
                "hours_worked": Decimal(0),
                "internal_hours": Decimal(0),
                "billable_hours": Decimal(0),
                "labor_amount": Decimal(0),
                "milestone_amount": Decimal(0),
            },
        )

    for charge in counted_charges(charges, milestones):
        row = month_of(charge, charge["date_purchased"])
        row["charge_lines"] += 1
        row["charges_amount"] += charge["billable_amount"]
    for entry in entries:
        if entry["has_po"]:
            row = month_of(entry, entry["date_worked"])
            row["hours_worked"] += entry["hours_worked"]
            row["internal_hours"] += internal_hours([entry])
            row["billable_hours"] += entry["billable_hours"]
            row["labor_amount"] += entry["labor_amount"]
    for milestone in counted_milestones(milestones):
        row = month_of(milestone, first_not_none(milestone["date_due"], state.as_of_date))
        row["milestone_amount"] += milestone["amount"]

    for (key, month), row in months.items():
        up_to_now = [
            other
            for (other_key, other_month), other in months.items()
            if other_key == key and other_month <= month
        ]
        row["cumulative_amount"] = total(
            other["charges_amount"] + other["labor_amount"] + other["milestone_amount"]
            for other in up_to_now
        )
        row["cumulative_hours"] = total(other["billable_hours"] for other in up_to_now)
    return list(months.values())


def dim_purchase_orders(
    state: State, charges: list[Row], entries: list[Row], milestones: list[Row]
) -> list[Row]:
    """MRT-5: every PO of a line, a milestone, a current parent or the register."""
    rows: dict[str, Row] = {}

    def row_of(key: str, po_number: str) -> Row:
        return rows.setdefault(
            key,
            {
                "purchase_order_key": key,
                "company_id": po_owner(key, po_number),
                "po_number": po_number,
                "is_registered": False,
                **{f"{level}_count": 0 for level in (*INHERITED_LEVELS, "charge", "time_entry")},
                "first_activity_date": None,
                "last_activity_date": None,
            },
        )

    for key, registered in register_by_key(state).items():
        row_of(key, registered["po_number"])["is_registered"] = True
    for level in INHERITED_LEVELS:
        for parent in state.parents[level].values():
            po_number = state.current_po(level, parent)
            key_of_parent = purchase_order_key(owner_company(state, level, parent), po_number)
            if po_number is not None and key_of_parent is not None:
                row_of(key_of_parent, po_number)[f"{level}_count"] += 1
    for milestone in milestones:
        if milestone["purchase_order_key"] is not None:
            row_of(milestone["purchase_order_key"], milestone["po_number"])
    for kind, lines, day_column in (
        ("charge", charges, "date_purchased"),
        ("time_entry", entries, "date_worked"),
    ):
        for line in lines:
            if not line["has_po"]:
                continue
            row = row_of(line["purchase_order_key"], line["po_number"])
            day = line[day_column]
            row[f"{kind}_count"] += 1
            row["first_activity_date"] = min(first_not_none(row["first_activity_date"], day), day)
            row["last_activity_date"] = max(first_not_none(row["last_activity_date"], day), day)
    return list(rows.values())
