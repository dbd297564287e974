"""PO numbers that look wrong (rule: MRT-23), one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from tests.oracle.measures import total
from tests.oracle.resolution import owner_company
from tests.oracle.state import INHERITED_LEVELS, State
from tests.oracle.tables import Row
from tests.oracle.texts import clean_po, is_numeral, is_zero, letters_and_digits

_Number = tuple[int | None, str]  # company and PO


def po_number_review(state: State, charges: list[Row], entries: list[Row]) -> list[Row]:
    """MRT-23: one row per company, PO number and reason why it looks wrong."""
    carriers: dict[_Number, int] = defaultdict(int)
    for number in _carried(state, charges):
        carriers[number] += 1
    amounts: dict[_Number, list[Decimal]] = defaultdict(list)
    for column, lines in (("billable_amount", charges), ("labor_amount", entries)):
        for line in lines:
            if line["has_po"]:
                amounts[line["po_company_id"], line["po_number"]].append(line[column])

    alike: dict[_Number, list[_Number]] = defaultdict(list)
    for company_id, po_number in {*carriers, *amounts}:
        alike[company_id, plain_form(po_number)].append((company_id, po_number))
    rows = []
    for twins in alike.values():
        most_used = min(twins, key=lambda twin: (-len(amounts.get(twin, [])), twin[1]))
        for company_id, po_number in twins:
            reasons: dict[str, str | None] = {}
            if is_exponent_form(po_number):
                reasons["exponent_form"] = None
            if not any(is_numeral(letter) for letter in po_number):
                reasons["no_digit"] = None
            if (company_id, po_number) != most_used:
                reasons["lookalike"] = most_used[1]
            found = amounts.get((company_id, po_number), [])
            rows += [
                {
                    "po_company_id": company_id,
                    "company_name": state.name_of_company(company_id),
                    "po_number": po_number,
                    "reason": reason,
                    "similar_po_number": similar,
                    "carrier_count": carriers.get((company_id, po_number), 0),
                    "line_count": len(found),
                    "amount": total(found),
                }
                for reason, similar in reasons.items()
            ]
    return rows


def _carried(state: State, charges: list[Row]) -> Iterator[_Number]:
    """The number of every current record that carries one, once for each record."""
    for charge in charges:
        if charge["charge_po"] is not None:
            yield charge["company_id"], charge["charge_po"]
    for level in INHERITED_LEVELS:
        for parent in state.parents[level].values():
            po_number = state.current_po(level, parent)
            if po_number is not None:
                yield owner_company(state, level, parent), po_number
    for registered in state.register:
        po_number = clean_po(registered["purchase_order_number"], state.placeholders)
        if po_number is not None:
            yield registered["company_id"], po_number


def plain_form(po_number: str) -> str:
    """What is left of a number without all but letters and digits, and without leading zeros."""
    plain = letters_and_digits(po_number)
    while plain and is_zero(plain[0]):
        plain = plain[1:]
    return plain


def is_exponent_form(po_number: str) -> bool:
    """`4.50001E+09`, with a point or a comma, or without a fraction."""
    mantissa, sign, exponent = po_number.partition("E+")
    parts = mantissa.replace(",", ".").split(".")
    return (
        sign != ""
        and len(parts) <= 2
        and all(part != "" and set(part) <= set("0123456789") for part in [*parts, exponent])
    )
