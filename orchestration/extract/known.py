# ruff: noqa: S608 - own numbers, names and paths only
"""What is known of the tenant: the current rows of the raw files, and nothing else (EXT-8).

Read here from the files alone, without the code that writes them: what a raw file remembers of its
content is part of its format. `tests/extract/test_known.py` proves that both see the same keys.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.extract.entities import Entity
from orchestration.settings import Settings

LEDGER = "psa_batch"
MEMORY = "64MB"
IS_OPEN = {
    "isBilled": "not coalesce(is_billed, false)",
    "invoiceID": "coalesce(invoice_id, 0) = 0",
}
# What else is known of an entity's rows.
EXTRA = {
    "Invoices": {"is_voided": "coalesce(is_voided, false)"},
    "BillingItems": {"invoice_id": "invoice_id"},
}
TYPES = {"is_open": "boolean", "is_voided": "boolean", "invoice_id": "bigint"}
ROWS_AT_ONCE = 400  # ids in one condition; Autotask takes 500


@dataclass(frozen=True)
class Loaded:
    """A content that counts.

    Attributes:
        path: its raw file.
        batch: path of the landing file below the source.
        kind: `full`, `upsert` or `deleted`.
        content_hash: of the landing file.
    """

    path: str
    batch: str
    kind: str
    content_hash: str


class Known:
    """The known rows of one entity."""

    def __init__(self, settings: Settings, entity: Entity) -> None:
        """Open a database of one's own; nothing is read before it is asked for."""
        self._entity = entity
        self._quarantine = settings.data_dir / "quarantine" / "autotask" / entity.table
        self._raw = settings.raw_dir / "autotask" / entity.table
        folder = settings.data_dir / "extract" / "spill"
        folder.mkdir(parents=True, exist_ok=True)
        # On disk, so that what is known of millions of rows is not held in memory.
        self._file = folder / f"{entity.name}.duckdb"
        self._file.unlink(missing_ok=True)
        options: dict[str, Any] = {"memory_limit": MEMORY, "threads": 1}
        options |= {"preserve_insertion_order": False, "temp_directory": str(folder)}
        self._db = duckdb.connect(self._file, config=options)
        self.contents = self._contents()
        self._is_read = self._has_open = False

    def close(self) -> None:
        """Give memory and disk back."""
        self._db.close()
        self._file.unlink(missing_ok=True)

    def has(self, batch: str, content_hash: str) -> bool:
        """Whether a landing file of these bytes is loaded."""
        return any((one.batch, one.content_hash) == (batch, content_hash) for one in self.contents)

    def has_refused(self, batch: str) -> bool:
        """Whether the landing file was refused."""
        refused = _ledgers(self._db, self._quarantine / "refused")
        return any(json.loads(one)["batch"] == batch for _, one in refused)

    def count(self) -> int:
        """How many rows are known."""
        return int(self._one("select count(*) from known"))

    def greatest(self) -> int:
        """The greatest known id; -1 without any."""
        return int(self._one("select coalesce(max(id), -1) from known"))

    def open_ids(self, seen: Path, voided: Path | None, after: int) -> list[int]:
        """The next ids of records that can change without a stamp and were not seen tonight.

        Args:
            seen: file with the ids that were read tonight.
            voided: file with the ids of invoices that were voided since, or no longer are.
            after: the id from which on to look, itself left out.
        """
        self._read()
        if not self._has_open:
            touched = f"or invoice_id in (select id from {_ids(voided)})" if voided else ""
            self._db.execute(
                f"create table open as select id from known where (is_open {touched}) "
                f"and id not in (select id from {_ids(seen)})"
            )
            self._has_open = True
        return self._column(
            f"select id from open where id > {after} order by id limit {ROWS_AT_ONCE}"
        )

    def expect(self, seen: Path, gone: list[int]) -> None:
        """Work out which ids the tenant should have now.

        Args:
            seen: file with the ids that were read tonight.
            gone: those that were found missing.
        """
        self._read()
        self._db.execute("create or replace table gone (id bigint)")
        for start in range(0, len(gone), ROWS_AT_ONCE):
            self._db.execute(
                f"insert into gone select unnest({gone[start : start + ROWS_AT_ONCE]})"
            )
        self._db.execute(f"create or replace table seen as select distinct id from {_ids(seen)}")
        # Of known and seen ones the few are looked up among the many, not the other way round.
        self._db.execute(
            "create or replace table added as select id from seen except "
            "select id from known where id in (select id from seen)"
        )
        self._db.execute(
            "create or replace view expected as select id from (select id from known union all "
            "select id from added) where id not in (select id from gone)"
        )

    def seen_count(self, seen: Path) -> int:
        """How many different ids were read tonight; after an interruption some were read twice."""
        return int(self._one(f"select count(distinct id) from {_ids(seen)}"))

    def blocks(self, size: int) -> list[tuple[int, int, int]]:
        """Ranges of ids that lie side by side, with how many rows are expected in each."""
        rows = self._db.execute(
            f"select id // {size} as block, count(*) from expected group by 1 order by 1"
        ).fetchall()
        starts = [block * size for block, _ in rows]
        starts[:1] = [0] * bool(starts)
        end = self._one("select coalesce(max(id), -1) + 1 from expected")
        return [
            (start, stop, count)
            for start, stop, (_, count) in zip(starts, [*starts[1:], int(end)], rows, strict=True)
        ]

    def expected(self, start: int, stop: int) -> list[int]:
        """The expected ids of a range, in order."""
        return self._column(
            f"select id from expected where id >= {start} and id < {stop} order by id"
        )

    def middle(self, start: int, stop: int, count: int) -> int:
        """The id that halves the expected ones of a range."""
        return int(
            self._one(
                f"select id from expected where id >= {start} and id < {stop} "
                f"order by id limit 1 offset {count // 2}"
            )
        )

    def expected_count(self, start: int, stop: int) -> int:
        """How many ids are expected in a range."""
        return int(self._one(f"select count(*) from expected where id >= {start} and id < {stop}"))

    def voided(self) -> set[int]:
        """Known invoices that are voided."""
        if not self._raw_files():
            return set()
        self._read()
        return set(self._column("select id from known where is_voided"))

    def _contents(self) -> list[Loaded]:
        """The contents that count, in the order in which later ones overrule earlier ones."""
        found = [(path, json.loads(ledger)) for path, ledger in _ledgers(self._db, self._raw)]
        found.sort(
            key=lambda one: (
                one[1]["extracted_at"],
                one[1]["batch_kind"] == "deleted",
                one[1]["batch"],
            )
        )
        return [
            Loaded(path, told["batch"], told["batch_kind"], told["content_hash"])
            for path, told in found
        ]

    def _raw_files(self) -> list[tuple[int, Loaded]]:
        """The contents from the last complete snapshot on, with their ranks."""
        ranked = list(enumerate(self.contents))
        fulls = [rank for rank, content in ranked if content.kind == "full"]
        return ranked[max(fulls, default=0) :]

    def _read(self) -> None:
        """Make the table of known rows."""
        if self._is_read:
            return
        self._is_read = True
        extra = EXTRA.get(self._entity.name, {})
        if self._entity.is_open:
            extra = extra | {"is_open": IS_OPEN[self._entity.is_open[0]]}
        ranked = self._raw_files()
        if not ranked:
            columns = "".join(f", null::{TYPES[name]} as {name}" for name in extra)
            self._db.execute(f"create table known as select null::bigint as id{columns} limit 0")
            return
        # The newest complete snapshot is large and has every id once; what came later is small.
        (rank, base), *later = ranked
        events = [_events(rank, base, extra)] if base.kind != "full" else []
        events += [_events(rank, one, extra) for rank, one in later]
        ranks = {one.content_hash: rank for rank, one in ranked}
        events += _quarantined(self._db, self._quarantine, ranks, extra)
        newest = "".join(f", arg_max({name}, place) as {name}" for name in extra)
        none = "".join(f", null::{TYPES[name]} as {name}" for name in extra)
        events = events or [f"select null::bigint as id, 0 as place, false as gone{none} limit 0"]
        self._db.execute(
            f"create table later as select id, arg_max(gone, place) as gone{newest} "
            f"from ({' union all '.join(events)}) group by id"
        )
        names = ", ".join(["id", *extra])
        whole = f"select {names} from later where not gone"
        if base.kind == "full":
            wanted = ", ".join(["id", *(f"{sql} as {name}" for name, sql in extra.items())])
            whole += (
                f" union all select {wanted} from read_parquet('{quoted(base.path)}') "
                "where id not in (select id from later)"
            )
        self._db.execute(f"create table known as {whole}")

    def _one(self, query: str) -> Any:
        self._read()
        rows = self._db.execute(query).fetchall()
        return rows[0][0]

    def _column(self, query: str) -> list[int]:
        return [row[0] for row in self._db.execute(query).fetchall()]


def _ledgers(db: duckdb.DuckDBPyConnection, folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.glob("*.parquet")):
        rows = db.execute(
            f"select value from parquet_kv_metadata('{quoted(str(path))}') "
            f"where key::varchar = '{LEDGER}'"
        ).fetchall()
        if rows:
            yield str(path), bytes(rows[0][0]).decode()


def _events(rank: int, content: Loaded, extra: dict[str, str]) -> str:
    wanted = "".join(f", {sql} as {name}" for name, sql in extra.items())
    gone = "true" if content.kind == "deleted" else "false"
    return (
        f"select id, {rank} * 4294967296 + _row_number as place, {gone} as gone{wanted} "
        f"from read_parquet('{quoted(content.path)}')"
    )


def _quarantined(
    db: duckdb.DuckDBPyConnection, folder: Path, ranks: dict[str, int], extra: dict[str, str]
) -> list[str]:
    """A quarantined row whose id can be read is there, whatever else is wrong with it."""
    wanted = "".join(
        f", {'true' if name == 'is_open' else 'null'}::{TYPES[name]} as {name}" for name in extra
    )
    return [
        f"select id, {rank} * 4294967296 + row_number as place, false as gone{wanted} "
        f"from read_parquet('{quoted(path)}') where id is not null"
        for path, ledger in _ledgers(db, folder)
        if (rank := ranks.get(json.loads(ledger)["content_hash"])) is not None
    ]


def _ids(path: Path) -> str:
    # Its buffers are as large as our memory unless they are told not to be.
    small = "max_line_size = 100, buffer_size = 1000000"
    return f"read_csv('{quoted(str(path))}', header = false, columns = {{'id': 'bigint'}}, {small})"


def quoted(text: str) -> str:
    """A text within quotes of SQL."""
    return text.replace("'", "''")
