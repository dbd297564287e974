"""Sets of row keys, as hashes: which of them contents leave alive, and which occur twice.

Which keys are alive is said a second time in the staging models (`current_rows.sql`), as the guard
must know it before a content is committed: there of rows, in SQL that dbt renders; here of hashes,
in a third of the time. `tests/ingest/test_keys.py` proves them equal.
"""

from collections.abc import Callable, Iterable, Sequence

import polars as pl

from orchestration.ingest.raw_store import Content
from schemas import RawTable

NO_KEYS = pl.Series(dtype=pl.UInt64)

# A content, with what reads the keys of its loaded and of its quarantined rows.
Known = tuple[Content, Callable[[], pl.Series], Callable[[], pl.Series]]


def key_hashes(table: type[RawTable], rows: pl.DataFrame) -> pl.Series:
    """The hashes of the keys of rows; equal keys have equal hashes."""
    return rows.select(_key_values(table)).hash_rows()


def readable_key_hashes(table: type[RawTable], quarantined: pl.DataFrame) -> pl.Series:
    """The hashes of the keys that parse: such a row is there, whatever else is broken in it."""
    return quarantined.select(_key_values(table)).drop_nulls().hash_rows()


def _key_values(table: type[RawTable]) -> list[pl.Expr]:
    return [value.alias(f"key_{at}") for at, value in enumerate(table.key_values())]


def alive_keys(contents: Sequence[Known]) -> pl.Series:
    """The hashes of the keys that contents, in their order, leave alive (LND-5, LND-6, LND-14).

    Args:
        contents: each with what reads its loaded keys and those of its quarantined rows.
    """
    # Newest first: the contents from a full one on, and the keys that were alive before it and that
    # its quarantined rows hold. These are followed as far back as there are any.
    periods: list[tuple[Sequence[Known], pl.Series]] = []
    end, held = len(contents), NO_KEYS
    while end and not (periods and held.is_empty()):
        fulls = (at for at in range(end) if contents[at][0].batch_kind == "full")
        start = max(fulls, default=0)
        first, loaded, quarantined = contents[start]
        earlier = NO_KEYS
        if first.batch_kind == "full" and not (earlier := quarantined()).is_empty():
            earlier = without(earlier, loaded())
            earlier = earlier.filter(earlier.is_in(held.implode())) if periods else earlier
        periods.append((contents[start:end], earlier))
        end, held = start, earlier
    alive = NO_KEYS
    for period, held in reversed(periods):
        alive = alive.filter(alive.is_in(held.implode()))
        added: list[pl.Series] = []
        for content, loaded, _ in period:
            if content.is_of_keys:
                alive, added = without(union([alive, *added]), loaded()), []
            else:
                added.append(loaded())
        alive = union([alive, *added])
    return alive


def union(keys: Iterable[pl.Series]) -> pl.Series:
    """The keys that are in any of the sets."""
    return pl.concat([NO_KEYS, *keys]).unique()


def without(keys: pl.Series, others: pl.Series) -> pl.Series:
    """The keys that are not in the other set."""
    return keys.filter(~keys.is_in(others.implode()))


def twice(hashes: list[pl.Series]) -> pl.Series:
    """The hashes that occur more than once; in nearly every file there is none."""
    ordered = pl.concat([NO_KEYS, *hashes]).sort()
    return ordered.filter(ordered == ordered.shift()).unique()
