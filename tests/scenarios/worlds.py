"""Many small worlds in one landing folder.

Every value is valid by the rules and every batch is acceptable, so a whole world reaches the
marts.
"""

import random
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from tests.scenarios import AS_OF_DATE
from tests.scenarios.batches import Delivery, plan_deliveries
from tests.scenarios.files import write_delivery
from tests.scenarios.histories import fill_table
from tests.scenarios.postings import fill_picklists
from tests.scenarios.reference import fill_reference
from tests.scenarios.tables import CHARGE_KINDS, POSTED_TABLES, REFERENCE_TABLES, source_of
from tests.scenarios.values import chance, maybe
from tests.scenarios.world import World

IDS_PER_WORLD = 1000
# Least and most number of records; parents come before lines.
_SIZES = {
    "companies": (4, 6),
    "contracts": (5, 8),
    "projects": (4, 6),
    "tasks": (5, 8),
    "tickets": (4, 7),
    "contract_milestones": (8, 14),
    "billing_codes": (2, 4),
    "invoices": (4, 8),
    "charges": (30, 60),
    **dict.fromkeys(CHARGE_KINDS, (20, 40)),
    "time_entries": (30, 60),
    "billing_items": (40, 80),
}


def _quiet_amounts(rng: random.Random) -> tuple[tuple[Decimal, str | None], ...]:
    """The charges of a quiet company: an amount that many worlds share, or 0.125 % with a PO."""
    if chance(rng, 0.2):
        return rng.choice(
            [
                ((Decimal(1), "PO-1001"), (Decimal(799), None)),
                ((Decimal(-1), "PO-1001"), (Decimal(801), None)),
            ]
        )
    amount = rng.choice([Decimal(9) * 10**9, Decimal(6) * 10**9, Decimal(3) * 10**9, Decimal(250)])
    return ((amount, maybe(rng, 0.5, "PO-1001")),)


def _fill_world(world: World, landing: dict[str, list[Delivery]]) -> None:
    rng = world.rng
    for table, (least, most) in _SIZES.items():
        count = rng.randint(least, most)
        world.ids[table] = [world.base + number for number in range(1, count + 1)]
    if chance(rng, 0.5):
        world.quiet_company_id = world.base + rng.choice([800, 800, 902])  # 902 is an orphan
        world.quiet_amounts = _quiet_amounts(rng)
    today = AS_OF_DATE
    world.days = [today - timedelta(days=age) for age in (0, 30, 31, 60, 61, 90, 91, -5)]
    for table in _SIZES:
        if table not in CHARGE_KINDS or table in landing:
            fill_table(world, table, landing.get(table, []))
    fill_reference(world, landing)
    if world.has_own_organisation:
        fill_picklists(world, landing.get("picklist_values", []))


def _charge_tables(
    rng: random.Random, *, with_kinds: bool | None, with_charges: bool | None
) -> set[str]:
    """Which tables hold the charges; beside `charges` at least one kind has no table."""
    if with_kinds is None:
        with_kinds = chance(rng, 0.6)
    if not with_kinds:
        return {"charges"}
    if with_charges is None:
        with_charges = chance(rng, 0.7)
    if with_charges:
        return {"charges", *rng.sample(list(CHARGE_KINDS), rng.randint(1, 3))}
    return set(rng.sample(list(CHARGE_KINDS), rng.randint(2, 4)))


def make_worlds(
    rng: random.Random,
    count: int,
    *,
    labor_invoiced: bool | None = None,
    with_tickets: bool | None = None,
    with_claims: bool | None = None,
    with_kinds: bool | None = None,
    with_charges: bool | None = None,
    with_posted: bool | None = None,
) -> dict[str, list[Delivery]]:
    """Many small worlds with disjoint ids, as the deliveries of one landing folder.

    The worlds share the batches of every table, and company 0, the MSP's own organisation. World
    `n` has the ids from (n + 1) * `IDS_PER_WORLD` on. Ages are built around `AS_OF_DATE`.

    Args:
        rng: the only source of randomness.
        count: how many worlds.
        labor_invoiced: whether any time entry has a real invoice number; None leaves it to chance.
            One switch for all worlds, because labor tracking depends on all time entries.
        with_tickets: whether the optional table is delivered at all; None leaves it to chance.
        with_claims: whether any charge names a milestone; None leaves it to chance.
        with_kinds: whether some charges come in tables a kind; None leaves it to chance.
        with_charges: whether `charges` is delivered beside those; None leaves it to chance.
        with_posted: whether all or none of the tables of postings are delivered; None leaves
            each of them to chance.

    Returns:
        Table -> its batches, oldest first, with typed rows.
    """
    if labor_invoiced is None:
        labor_invoiced = chance(rng, 0.7)
    if with_tickets is None:
        with_tickets = chance(rng, 0.9)
    if with_claims is None:
        with_claims = chance(rng, 0.9)
    charge_tables = _charge_tables(rng, with_kinds=with_kinds, with_charges=with_charges)
    deliveries = {
        table: plan_deliveries(rng, table)
        for table in _SIZES
        if table in charge_tables or table not in ("charges", *CHARGE_KINDS, *POSTED_TABLES)
    }
    if not with_tickets:
        del deliveries["tickets"]
    deliveries |= {
        table: plan_deliveries(rng, table) for table in REFERENCE_TABLES if chance(rng, 0.85)
    }
    deliveries |= {
        table: plan_deliveries(rng, table)
        for table in POSTED_TABLES
        if (chance(rng, 0.8) if with_posted is None else with_posted)
    }
    for number in range(count):
        world = World(
            rng=rng,
            base=(number + 1) * IDS_PER_WORLD,
            labor_invoiced=labor_invoiced,
            has_claims=with_claims,
            charge_tables=charge_tables,
            has_own_organisation=number == 0,
        )
        _fill_world(world, deliveries)
    return deliveries


def write_worlds(rng: random.Random, landing: Path, count: int, **shape: bool | None) -> None:
    """Write the deliveries of `make_worlds` as CSV files into one landing folder.

    The same seed writes the same bytes and file times.
    """
    for table, batches in make_worlds(rng, count, **shape).items():
        for delivery in batches:
            write_delivery(rng, landing / source_of(table), table, delivery)
