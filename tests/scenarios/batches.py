"""Which batches each table has. All worlds of a landing folder share them."""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tests.scenarios.tables import CHARGE_KINDS, REFERENCE_TABLES, Row
from tests.scenarios.values import chance, day_between

_FIRST_DELIVERY = date(2026, 6, 1)
_LAST_DELIVERY = date(2026, 11, 19)

# Least and most number of batches of a table in one landing folder.
_BATCH_COUNTS = {
    "companies": (1, 2),
    "contracts": (2, 5),
    "projects": (1, 4),
    "tasks": (1, 4),
    "tickets": (1, 4),
    "charges": (1, 3),
    **dict.fromkeys(CHARGE_KINDS, (1, 3)),
    "time_entries": (1, 2),
    "contract_milestones": (1, 2),
    "billing_codes": (1, 2),
    "invoices": (1, 3),
    "billing_items": (1, 3),
    "picklist_values": (1, 3),
    "purchase_orders": (1, 3),
    "po_required_companies": (1, 2),
    "milestone_conflict_waivers": (1, 4),
}


@dataclass
class Delivery:
    """One batch of one table: its file, what its name says, and the rows of all worlds."""

    file: str  # below the folder of the source
    is_full: bool
    extracted_at: datetime
    modified_at: datetime  # of the file: counts only where the name has no timestamp
    is_empty: bool = False  # a header and no rows
    is_deleted: bool = False  # names keys that are gone
    rows: list[Row] = field(default_factory=list)


def _file_name(rng: random.Random, table: str, at: datetime, kind: str) -> str:
    """A batch name in one of the timestamp spellings of LND-3."""
    if (at.hour, at.minute, at.second) == (0, 0, 0):
        stamp = rng.choice([f"{at:%Y-%m-%d}", f"{at:%Y.%m.%d}"])
    else:
        stamp = rng.choice([f"{at:%Y-%m-%d_%H-%M-%S}", f"{at:%Y%m%d%H%M%S}"])
    if kind == "deleted":
        patterns = ["{stamp}.deleted", "{stamp}_deleted", "{table}-{stamp}-DELETED"]
    elif kind == "full":
        patterns = [
            "{stamp}_full",
            "{stamp}.full",
            "{stamp}-full",
            "full.{stamp}",
            "{table}_full_{stamp}",
        ]
    else:
        patterns = [
            "{stamp}",
            "{stamp}",
            "{table}_{stamp}",
            "{stamp}-delta",
            "{stamp}_refull",
            "{stamp}.fully",
            "deleted-{stamp}",
            "{stamp}.undeleted",
        ]
    return rng.choice(patterns).format(stamp=stamp, table=table) + ".csv"


def plan_deliveries(rng: random.Random, table: str) -> list[Delivery]:
    """The batches of one table, oldest first."""
    least, most = _BATCH_COUNTS[table]
    count = rng.randint(least, most)
    if count == 1 and chance(rng, 0.6):
        at = datetime.combine(
            day_between(rng, _FIRST_DELIVERY, _LAST_DELIVERY), datetime.min.time()
        )
        return [Delivery(f"{table}.csv", True, at, at)]

    days = sorted(day_between(rng, _FIRST_DELIVERY, _LAST_DELIVERY) for _ in range(count))
    deliveries: list[Delivery] = []
    names: set[str] = set()
    for number, day in enumerate(days):
        at = datetime.combine(day, datetime.min.time())
        if chance(rng, 0.5):
            at += timedelta(hours=rng.choice([2, 2, 14, 23]), minutes=rng.choice([0, 30]))
        if deliveries and chance(rng, 0.2):
            at = deliveries[-1].extracted_at  # only the batch id decides which is later
        is_full = chance(rng, 0.5)
        # the modification time of a file with a timestamp in its name must not matter
        modified_at = at + timedelta(days=rng.randint(-400, 40))
        is_deleted = number > 0 and table not in REFERENCE_TABLES and chance(rng, 0.15)
        is_full = is_full and not is_deleted
        kind = "deleted" if is_deleted else "full" if is_full else "upsert"
        name = f"{table}/{_file_name(rng, table, at, kind)}"
        if not is_deleted and chance(rng, 0.1):
            # a name without digits, which cannot be read as a timestamp
            name, is_full, modified_at = f"{table}/load_{'abcdefg'[number]}.csv", False, at
        elif number == 0 and chance(rng, 0.1):
            name, is_full, modified_at = f"{table}.csv", True, at
        if name not in names:
            names.add(name)
            is_empty = number > 0 and not is_full and not is_deleted and chance(rng, 0.3)
            deliveries.append(Delivery(name, is_full, at, modified_at, is_empty, is_deleted))
    return sorted(
        deliveries,
        key=lambda delivery: (delivery.extracted_at, delivery.is_deleted, delivery.file),
    )
