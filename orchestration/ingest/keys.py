"""Sets of row keys, as hashes: which of them contents leave alive, and which occur twice.

Which keys are alive is said a second time in the staging models (`current_rows.sql`), as the guard
must know it before a content is committed: there of rows, in SQL that dbt renders; here of hashes,
five times as fast. `tests/test_keys.py` proves them equal.
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
    """The hashes of the keys that contents, in their order, leave alive (LND-5, LND-6).

    Args:
        contents: each with what reads its loaded keys and those of its quarantined rows.
    """
    fulls = [at for at, (content, _, _) in enumerate(contents) if content.batch_kind == "full"]
    newest = fulls.pop() if fulls else 0
    alive = union(loaded() for _, loaded, _ in contents[newest:])
    # A quarantined row keeps its key alive, as far back as full batches lead to a loaded row.
    kept = without(contents[newest][2](), alive) if contents else NO_KEYS
    while newest and not kept.is_empty():
        earlier = fulls.pop() if fulls else 0
        loaded = union(read() for _, read, _ in contents[earlier:newest])
        alive = union([alive, kept.filter(kept.is_in(loaded.implode()))])
        kept = without(kept, loaded)
        if contents[earlier][0].batch_kind == "full":
            kept = kept.filter(kept.is_in(contents[earlier][2]().implode()))
        newest = earlier
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
