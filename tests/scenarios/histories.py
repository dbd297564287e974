"""What happens to the records of a table from one delivery to the next."""

import random
from datetime import datetime, timedelta
from typing import Any

from tests.scenarios.batches import Delivery
from tests.scenarios.broken_rows import Odd
from tests.scenarios.records import MAKERS, contract_period
from tests.scenarios.tables import CHARGE_KINDS, Row
from tests.scenarios.values import chance, po_text
from tests.scenarios.world import PARENTS, QUIET_CHARGES, World


def _charge_keys(world: World, count: int, tables: set[str]) -> list[tuple[int, str | None]]:
    """Keys of charges; now and then one id occurs in two kinds, as in the API.

    Beside tables a kind no charge may lack one. The first charges have a kind without such a table,
    so that nothing overrules them.
    """
    rng = world.rng
    kinds: list[str | None] = [*CHARGE_KINDS.values()]
    others: list[str | None] = [kind for name, kind in CHARGE_KINDS.items() if name not in tables]
    if not tables:
        kinds.append(None)
    keys: list[tuple[int, str | None]] = []
    number = 0
    while len(keys) < count:
        number += 1
        found = rng.sample(kinds, 2 if chance(rng, 0.2) else 1)
        if tables and number <= QUIET_CHARGES:
            found = others[:1]
        if len(found) > 1 and None in found:
            world.ids_of_two_kinds.add(world.base + number)
        keys += [(world.base + number, kind) for kind in found]
    return keys


def _keys_of_one_kind(world: World, count: int, *, from_first: bool) -> list[int]:
    """Ids of charges of one kind, among them those that `charges` may have under this kind."""
    first = 1 if from_first else QUIET_CHARGES + 1
    numbers = range(first, first + count)
    return sorted(world.rng.sample([world.base + number for number in numbers], count // 3 + 3))


def _changed(world: World, table: str, row: Row) -> Row:
    """A later state of a row. MSPs overwrite above all the PO and the dates of a contract."""
    rng = world.rng
    key = (
        (row["id"], (row["charge_kind"] or "").lower() or None) if table == "charges" else row["id"]
    )
    if table not in ("contracts", "projects", "tasks", "tickets"):
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


def _named_as_deleted(rng: random.Random, table: str, keys: list[Any], base: int) -> list[Row]:
    """Rows that name these keys, now and then one that nobody knows, beside other columns."""
    if chance(rng, 0.3):
        keys = [*keys, (base + 700, "ticket") if table == "charges" else base + 700]
    if table != "charges":
        return [{"id": key, **_JUNK.get(table, {})} for key in keys]
    return [
        {"id": number, "charge_kind": kind, "billable_amount": Odd("x")} for number, kind in keys
    ]


# Columns of a list of deleted keys that nobody reads.
_JUNK: dict[str, Row] = {"tickets": {"title": None}, "tasks": {"title": Odd("é" * 300)}}


def fill_table(world: World, table: str, deliveries: list[Delivery]) -> None:
    """Add the rows of one table of one world to its deliveries, as they change over time."""
    rng = world.rng
    make = MAKERS[table]
    keys: list[Any] = list(world.ids[table])
    kinds = world.charge_tables & CHARGE_KINDS.keys()
    if table == "companies" and world.has_own_organisation:
        keys.append(0)
    if table == "companies" and world.quiet_company_id == world.base + 800:
        keys.append(world.quiet_company_id)
    if table == "charges":
        keys = _charge_keys(world, len(keys), kinds)
    if table in CHARGE_KINDS:
        is_first = "charges" not in world.charge_tables and table == min(kinds)
        keys = _keys_of_one_kind(world, len(keys), from_first=is_first)
    always = (
        {0, *(world.base + number for number in (1, 2, 3, 4))} if table == "companies" else set()
    )

    states: dict[Any, Row] = {}
    gone: set[Any] = set()
    previous_at: datetime | None = None
    for number, delivery in enumerate(deliveries):
        rows: list[Row] = []
        if delivery.is_deleted:
            named = [key for key in states if key not in always and chance(rng, 0.06)]
            gone |= set(named)
            delivery.rows += _named_as_deleted(rng, table, named, world.base)
            continue
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
                    if table == "charges" and key[1] is None:
                        earlier |= {name: states[key][name] for name in PARENTS}
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
    if table in CHARGE_KINDS:
        return
    world.parents[table] = {row["id"]: row for row in states.values()}
