"""The tables that the user keeps: registered POs, companies that require POs, waivers."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.scenarios import AS_OF_DATE
from tests.scenarios.batches import Delivery
from tests.scenarios.tables import Row
from tests.scenarios.values import PO_NUMBERS, chance, dirty, maybe
from tests.scenarios.world import World

_CONFLICT_TYPES = (
    "contract_reference_mismatch",
    "project_without_contract",
    "missing_billing_target",
    "missing_charge_allocation",
    "duplicate_allocation",
    "charge_contract_mismatch",
)
_AUTHORIZED_HOURS = (Decimal(8), Decimal("24.5"), Decimal(60), Decimal(500))


def fill_reference(world: World, landing: dict[str, list[Delivery]]) -> None:
    """Add the rows of one world to the deliveries of the tables that the user keeps."""
    rng = world.rng
    company_ids = [*world.ids["companies"], world.base + 900]
    requiring = rng.sample(company_ids, 4)
    for number, delivery in enumerate(landing.get("po_required_companies", [])):
        # A full batch deletes one in three; more than half would be refused (LND-13).
        for company_id in requiring[number : number + 3]:
            delivery.rows.append(
                {
                    "company_id": company_id,
                    "has_disputed_invoice": rng.choice([True, False, None]),
                    "notes": maybe(rng, 0.3, "by letter"),
                }
            )
    # A PO that nothing else carries stays unused.
    registered = [(company_id, po) for company_id in company_ids for po in PO_NUMBERS[:3]]
    registered += [(world.base + 901, "X"), (rng.choice(company_ids), "SPARE 1")]
    registered += [(world.quiet_company_id, "PO-1001")] if world.quiet_company_id else []
    registered += [(0, po) for po in PO_NUMBERS if world.has_own_organisation]
    _keep(world, landing.get("purchase_orders", []), registered, _registered_po)
    waived = [
        (milestone_id, conflict_type)
        for milestone_id in (*world.ids["contract_milestones"], world.base + 900)
        for conflict_type in _CONFLICT_TYPES
        if chance(rng, 0.15)
    ]
    _keep(world, landing.get("milestone_conflict_waivers", []), waived, _waiver)


def _keep(
    world: World,
    deliveries: list[Delivery],
    keys: list[tuple[int, str]],
    make: Callable[[World, tuple[int, str]], Row],
) -> None:
    """Add rows to the deliveries of one table, now and then the same key twice in one of them."""
    rng = world.rng
    for number, delivery in enumerate(deliveries):
        # a full batch must not delete more than half of a table (LND-13)
        share = 0.85 if delivery.is_full or number == 0 else 0.4
        for key in [] if delivery.is_empty else keys:
            if chance(rng, share):
                delivery.rows += [make(world, key) for _ in range(2 if chance(rng, 0.1) else 1)]


def _registered_po(world: World, key: tuple[int, str]) -> Row:
    """A row of the register, which authorises anything from zero to more than anybody uses."""
    rng = world.rng
    company_id, po_number = key
    amounts: list[Any] = [None, None, 0, "0.01", 500, 9999, 10**6, 10**9, 4 * 10**9, 10**11]
    used = sum((amount for amount, po in world.quiet_amounts if po is not None), Decimal(0))
    if company_id == world.quiet_company_id and used > 0 and chance(rng, 0.9):
        # used up to the limit, to 80 % of it, or within one ten-thousandth of these
        exact = [used, used * 5 / 4]
        amounts = [amount + rng.choice([0, 0, 1, -1]) * Decimal("0.0001") for amount in exact]
    amount = rng.choice(amounts)
    first = rng.choice([None, date(2026, 1, 1), AS_OF_DATE - timedelta(days=30)])
    days = rng.choice([None, None, None, -1, 0, 0, 1, 60])
    return {
        "company_id": company_id,
        "purchase_order_number": dirty(rng, po_number) if chance(rng, 0.5) else po_number,
        "authorized_amount": None if amount is None else Decimal(amount),
        "authorized_hours": rng.choice([None, None, None, Decimal(0), *_AUTHORIZED_HOURS]),
        "valid_from": first,
        "valid_to": None if days is None else AS_OF_DATE + timedelta(days=days),
        "currency": maybe(rng, 0.5, "EUR"),
        "notes": None,
    }


def _waiver(world: World, key: tuple[int, str]) -> Row:
    """A waiver that has lapsed, lapses today, lapses later or never lapses."""
    rng = world.rng
    milestone_id, conflict_type = key
    days = rng.choice([None, None, -30, -1, 0, 0, 1, 30])
    return {
        "milestone_id": milestone_id,
        "conflict_type": rng.choice([conflict_type, conflict_type.upper(), conflict_type.title()]),
        "reason": f"Agreed, {rng.choice(['by mail', 'on the phone', 'in writing'])}",
        "until": None if days is None else AS_OF_DATE + timedelta(days=days),
    }
