"""Deliveries as they come in practice: overwritten, out of order, removed, refused.

The rows are those of `worlds`, some of them broken.
"""

import os
import random
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.scenarios.batches import Delivery
from tests.scenarios.broken_rows import Breaker, Odd
from tests.scenarios.formats import FORMATS, encode
from tests.scenarios.tables import Row, source_of
from tests.scenarios.worlds import make_worlds


@dataclass
class Step:
    """What happens to a landing folder between two refreshes."""

    files: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)  # path -> bytes, time
    removed: list[str] = field(default_factory=list)

    def apply(self, landing: Path) -> None:
        """Change the landing folder."""
        for name in self.removed:
            (landing / name).unlink()
        for name, (content, modified_at) in self.files.items():
            path = landing / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            stamp = modified_at.replace(tzinfo=UTC).timestamp()
            os.utime(path, (stamp, stamp))


def _corrected(rng: random.Random, table: str, rows: list[Row]) -> list[Row]:
    """A later content of the same file: some rows are gone, some have another PO."""
    kept = [row for row in rows if rng.random() < 0.9] or rows[:1]
    if table in ("contracts", "projects", "tasks", "tickets"):
        kept = [
            {**row, "purchase_order_number": "PO-2002"} if rng.random() < 0.1 else row
            for row in kept
        ]
    return kept


def _spoiled_keys(rng: random.Random, rows: list[Row]) -> list[Row]:
    """Keys that are gone, some of them named twice or not readable."""
    spoiled = list(rows)
    for row in rng.sample(rows, min(len(rows) // 4, 5)):
        spoiled.insert(rng.randrange(len(spoiled)), dict(row))
        column = "id" if "id" in row else "entity"
        spoiled.insert(
            rng.randrange(len(spoiled)), {**row, column: Odd(rng.choice(["x", "", "1.5"]))}
        )
    return spoiled


def _extensions(rng: random.Random, deliveries: list[Delivery]) -> list[str]:
    """A format for each delivery, in turn; a delivery without rows needs one that can be empty."""
    turn = rng.sample(FORMATS, len(FORMATS))
    silent = ("jsonl", "ndjson")  # without rows these are empty files, which are refused
    return [
        rng.choice(["csv", "csv.gz", "json", "parquet"])
        if not delivery.rows and turn[number % len(turn)].startswith(silent)
        else turn[number % len(turn)]
        for number, delivery in enumerate(deliveries)
    ]


def make_steps(
    rng: random.Random,
    count: int,
    *,
    steps: int = 3,
    csv_forms: tuple[str, str] = (".", "ymd"),
    **shape: bool | None,
) -> list[Step]:
    """Deliveries of many worlds, spread over several refreshes in any order.

    Later steps bring older files, overwrite earlier ones with other bytes or with the same, put
    the same rows under a second name, and remove files that were taken in.

    Args:
        rng: the only source of randomness.
        count: how many worlds.
        steps: between how many refreshes the deliveries are spread.
        csv_forms: decimal mark and order of dates of CSV files.
        **shape: the switches of `make_worlds`.
    """
    made = [Step() for _ in range(steps)]
    breaker = Breaker(rng)
    tables = make_worlds(rng, count, **shape)
    everything = [delivery for deliveries in tables.values() for delivery in deliveries]
    extensions = iter(_extensions(rng, everything))
    for table, deliveries in tables.items():
        folder = source_of(table)
        # A required table must exist from the start.
        first = rng.choice([at for at, one in enumerate(deliveries) if not one.is_deleted])
        for number, delivery in enumerate(deliveries):
            extension = next(extensions)
            name = f"{folder}/{_named_anew(delivery.file.removesuffix('csv'))}{extension}"
            at = 0 if number == first else rng.randrange(steps)
            if delivery.is_deleted:
                delivery.rows = _spoiled_keys(rng, delivery.rows)
                rows = delivery.rows
            else:
                rows = breaker.spoil(table, delivery.rows) if delivery.rows else []
            content = encode(rng, table, rows, extension, *csv_forms)
            made[at].files[name] = content, delivery.modified_at
            if at + 1 == steps:
                continue
            fate = rng.random()
            if fate < 0.25 and delivery.rows and not delivery.is_deleted:
                later = _corrected(rng, table, delivery.rows)
                again = encode(rng, table, breaker.spoil(table, later), extension, *csv_forms)
                made[at + 1].files[name] = again, delivery.modified_at + timedelta(hours=1)
                if fate < 0.08 and at + 2 < steps:
                    # the earlier content comes back: known bytes change nothing
                    made[at + 2].files[name] = content, delivery.modified_at
            elif fate < 0.35:
                # the same bytes with a new time are not a new extract
                made[at + 1].files[name] = content, delivery.modified_at + timedelta(days=300)
            elif fate < 0.45:
                made[at + 1].removed.append(name)
            elif fate < 0.5 and delivery.rows and "/" in delivery.file and not delivery.is_deleted:
                made[at + 1].files[f"{folder}/{table}/2026-11-19_copy.{extension}"] = (
                    content,
                    delivery.modified_at,
                )
    made[0].files |= {name: (b"id\n1\n", datetime(2026, 5, 1)) for name in _IGNORED}
    return made


def _named_anew(file: str) -> str:
    """A table under another spelling of its name."""
    table = re.split("[/.]", file)[0]
    return _SPELLINGS.get(table, table) + file.removeprefix(table)


_SPELLINGS = {
    "time_entries": "Time Entries",
    "contract_milestones": "ContractMilestone",
    "purchase_orders": "PURCHASE_ORDERS",
}
_IGNORED = (
    "autotask/companies/.hidden.csv",
    "autotask/companies/_unfinished.csv",
    "autotask/companies/2026-11-18.csv.part",
    "autotask/companies/2026-11-18.csv.tmp",
    "autotask/companies/notes.txt",
    "autotask/expense_items.csv",
)


def refused_files(rng: random.Random, deliveries: dict[str, list[Delivery]]) -> tuple[Step, Step]:
    """Files that must be refused as a whole, each for a different reason, and their corrections.

    Returns:
        The bad files, and good files of the same names.
    """
    rows = {
        table: max((delivery.rows for delivery in batches), key=len)
        for table, batches in deliveries.items()
    }
    good = {
        name: encode(rng, table, rows[table], name.split(".", 1)[1])
        for table, names in {
            "companies": (
                *("empty.csv", "truncated.json", "truncated.parquet", "no-list.json", "twins.csv"),
                *("no-name.csv", "latin.csv", "quote.csv", "all-broken.csv"),
            ),
            "charges": ("truncated.csv.gz", "shrinking_full.csv", "decimal-commas.csv"),
            "time_entries": ("over-budget.jsonl", "american-dates.csv"),
        }.items()
        for name in names
    }
    breaker = Breaker(rng)
    entries = rows["time_entries"]
    broken = [breaker.broken("time_entries", entry) for entry in entries[:11]]
    half = {name: content[: len(content) // 2] for name, content in good.items()}
    bad = {
        "empty.csv": b"",
        "truncated.json": half["truncated.json"],
        "truncated.parquet": half["truncated.parquet"],
        "no-list.json": b'{"item": {"id": 1, "company_name": "a"}}',
        "twins.csv": b"id,Company Name,companyName\n1,a,b\n",
        "no-name.csv": b"id,isActive\n1,true\n",
        "latin.csv": "id,company_name\n1,Müller\n".encode("latin-1"),
        "quote.csv": b'id,company_name\n1,"a\n',
        "all-broken.csv": b"id,company_name\nx,a\ny,b\n",
        "truncated.csv.gz": half["truncated.csv.gz"],
        "shrinking_full.csv": encode(rng, "charges", rows["charges"][:3], "csv"),
        "decimal-commas.csv": (
            b'id,billable_amount,date_purchased\n1,"1.234,50",2026-03-01\n2,7,2026-03-01\n'
        ),
        "american-dates.csv": b"id,hours_worked,date_worked\n1,2.5,3/15/2026\n",
        "over-budget.jsonl": encode(rng, "time_entries", [*broken, *entries[11:60]], "jsonl"),
    }
    tables = {"truncated.csv.gz": "charges", "shrinking_full.csv": "charges"}
    tables["decimal-commas.csv"] = "charges"
    tables |= dict.fromkeys(("over-budget.jsonl", "american-dates.csv"), "time_entries")
    latest = datetime(2026, 11, 19, 12)  # after every other delivery

    def step(files: dict[str, bytes]) -> Step:
        return Step(
            {
                f"autotask/{tables.get(name, 'companies')}/{name}": (content, latest)
                for name, content in files.items()
            }
        )

    return step(bad), step(good)
