"""What happens to the records of a table from one delivery to the next."""

import random
from datetime import datetime, timedelta
from typing import Any

from tests.scenarios.batches import Delivery
from tests.scenarios.records import MAKERS, contract_period
from tests.scenarios.tables import Row
from tests.scenarios.values import chance, po_text
from tests.scenarios.world import World

_CHARGE_KINDS = (None, "contract", "project", "ticket", "change_order")


def _charge_keys(rng: random.Random, base: int, count: int) -> list[tuple[int, str | None]]:
    """Keys of charges; now and then one id occurs in two kinds, as in the API."""
    keys: list[tuple[int, str | None]] = []
    number = 0
    while len(keys) < count:
        number += 1
        kinds = rng.sample(_CHARGE_KINDS, 2 if chance(rng, 0.2) else 1)
        keys += [(base + number, kind) for kind in kinds]
    return keys


def _changed(world: World, table: str, row: Row) -> Row:
    """A later state of a row. MSPs overwrite above all the PO and the dates of a contract."""
    rng = world.rng
    key = (
        (row["id"], (row["charge_kind"] or "").lower() or None) if table == "charges" else row["id"]
    )
    if table in ("companies", "charges", "time_entries", "contract_milestones"):
        return MAKERS[table](world, key)
    changed = dict(row)
    if table == "contracts" and chance(rng, 0.5):
        changed["start_date"], changed["end_date"] = contract_period(rng)
        if chance(rng, 0.4):
            return changed  # only the period
    if changed["purchase_order_number"] and chance(rng, 0.15):
        # the same PO spelled differently is not a new version
        changed["purchase_order_number"] = changed["purchase_order_number"].lower() + " "
    else:
        changed["purchase_order_number"] = po_text(rng, 0.7)
    return changed


def _last_modified(
    rng: random.Random, previous_at: datetime | None, extracted_at: datetime
) -> datetime | None:
    """A timestamp inside, outside or exactly on an edge of the window of RES-8."""
    if previous_at is None:
        previous_at = extracted_at - timedelta(days=20)
    second = timedelta(seconds=1)
    inside = previous_at + (extracted_at - previous_at) * rng.random()
    return rng.choice(
        [
            None,
            inside.replace(microsecond=0),
            inside.replace(microsecond=0),
            previous_at,
            previous_at + second,
            previous_at - timedelta(days=9),
            extracted_at,
            extracted_at + second,
            extracted_at + timedelta(days=9),
        ]
    )


def fill_table(world: World, table: str, deliveries: list[Delivery]) -> None:
    """Add the rows of one table of one world to its deliveries, as they change over time."""
    rng = world.rng
    make = MAKERS[table]
    keys: list[Any] = list(world.ids[table])
    if table == "companies" and world.has_own_organisation:
        keys.append(0)
    if table == "companies" and world.quiet_company_id == world.base + 800:
        keys.append(world.quiet_company_id)
    if table == "charges":
        keys = _charge_keys(rng, world.base, len(keys))
    always = (
        {0, *(world.base + number for number in (1, 2, 3, 4))} if table == "companies" else set()
    )

    states: dict[Any, Row] = {}
    gone: set[Any] = set()
    previous_at: datetime | None = None
    for number, delivery in enumerate(deliveries):
        rows: list[Row] = []
        for key in [] if delivery.is_empty else keys:
            is_touched = number == 0
            if key not in states:
                if key not in always and number + 1 < len(deliveries) and chance(rng, 0.12):
                    continue  # it is created later
                states[key] = make(world, key)
                is_touched = True
            elif key in gone:
                if delivery.is_full or not chance(rng, 0.2):
                    continue
                gone.discard(key)  # deleted, and delivered again
                is_touched = True
            elif chance(rng, 0.5):
                states[key] = _changed(world, table, states[key])
                is_touched = True
            if delivery.is_full and number > 0 and key not in always and chance(rng, 0.06):
                gone.add(key)
                continue
            if delivery.is_full or is_touched or chance(rng, 0.1):
                modified_at = _last_modified(rng, previous_at, delivery.extracted_at)
                states[key] = {**states[key], "last_modified_at": modified_at}
                if chance(rng, 0.05):
                    # an earlier copy of the same key in the same file: the last one counts
                    earlier = {**_changed(world, table, states[key])}
                    earlier["last_modified_at"] = None
                    rows.insert(rng.randint(0, len(rows)), earlier)
                rows.append(dict(states[key]))
        previous_at = delivery.extracted_at
        delivery.rows += rows
        if table == "contracts":
            for row in rows:
                world.days += [day for day in (row["start_date"], row["end_date"]) if day]
        if table in ("contracts", "projects", "tasks", "tickets"):
            world.days.append(delivery.extracted_at.date())
            world.days += [
                row["last_modified_at"].date() for row in rows if row["last_modified_at"]
            ]
    world.parents[table] = {row["id"]: row for row in states.values()}
