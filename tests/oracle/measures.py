"""What counts as billable, invoiced or active (rules: purchase_orders.md, marts.md)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from tests.oracle.postings import billing_amount, is_invoiced
from tests.oracle.resolution import first_not_none
from tests.oracle.state import State
from tests.oracle.tables import Row
from tests.oracle.texts import status_key


def is_billable(state: State, charge: Row) -> bool:
    """RES-15: as delivered (null → true), and not cancelled."""
    if status_key(charge["status_name"]) in state.cancelled_charge_statuses:
        return False
    return charge["is_billable"] is not False


def is_active_contract(state: State, contract: Row) -> bool:
    """MIL-5: null and unlisted statuses are active."""
    return status_key(contract["status_name"]) not in state.inactive_contract_statuses


def labor_is_tracked(state: State) -> bool:
    """RES-18: `auto` is on when any time entry is invoiced."""
    if state.labor_tracking == "auto":
        return any(is_invoiced(state, entry) for entry in state.time_entries)
    return state.labor_tracking == "on"


def labor_amount(state: State, entry: Row) -> Decimal:
    """RES-17: 0 if non-billable, else the billing amount."""
    return Decimal(0) if entry["is_non_billable"] is True else billing_amount(state, entry)


def billable_hours(entry: Row) -> Decimal:
    """RES-17: 0 if non-billable, else `hours_to_bill`, else `hours_worked`."""
    if entry["is_non_billable"] is True:
        return Decimal(0)
    return Decimal(first_not_none(entry["hours_to_bill"], entry["hours_worked"]))


def internal_hours(entries: Iterable[Row]) -> Decimal:
    """MRT-9: the hours worked that are internal time."""
    return total(entry["hours_worked"] for entry in entries if entry["is_internal"])


def material_code(charge: Row) -> str:
    """MRT-3: null → `Uncategorised`."""
    return str(first_not_none(charge["material_code_name"], "Uncategorised"))


def percentage(part: Decimal | int, whole: Decimal | int) -> Decimal:
    """MRT-2: on a scale of 100, half away from zero to 2, 18 digits; a divisor ≤ 0 gives 0."""
    if whole <= 0:
        return Decimal(0)
    hundredths = Fraction(part) * 10000 / Fraction(whole)
    rounded = min(int(abs(hundredths) + Fraction(1, 2)), 10**18 - 1)
    return Decimal(rounded if hundredths >= 0 else -rounded) / 100


def total(amounts: Iterable[Decimal]) -> Decimal:
    """A sum that is 0 when there is nothing to add."""
    return sum(amounts, Decimal(0))
