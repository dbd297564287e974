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
MEMORY = "100MB"
IS_OPEN = {
    "isBilled": "not coalesce(is_billed, false)",
    "invoiceID": "coalesce(invoice_id, 0) = 0",
}
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
        self._settings, self._entity = settings, entity
        self._raw = settings.raw_dir / "autotask" / entity.table
        self._db = duckdb.connect(
            config={
                "memory_limit": MEMORY,
                "threads": 2,
                "temp_directory": str(settings.data_dir / "extract" / "spill"),
                "preserve_insertion_order": False,
            }
        )
        self.contents = self._contents()
        self._is_read = False

    def close(self) -> None:
        """Give the memory back."""
        self._db.close()

    def has(self, batch: str, content_hash: str) -> bool:
        """Whether a landing file of these bytes is loaded."""
        return any((one.batch, one.content_hash) == (batch, content_hash) for one in self.contents)

    def has_refused(self, batch: str) -> bool:
        """Whether the landing file was refused."""
        refused = self._settings.data_dir / "quarantine" / "autotask" / self._entity.table
        return any(
            json.loads(one)["batch"] == batch for _, one in self._ledgers(refused / "refused")
        )

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
        touched = "false"
        if voided is not None:
            touched = f"invoice_id in (select id from {_ids(voided)})"
        return self._column(
            f"select id from known where id > {after} and (is_open or {touched}) "
            f"and id not in (select id from {_ids(seen)}) order by id limit {ROWS_AT_ONCE}"
        )

    def expect(self, seen: Path, gone: list[int]) -> None:
        """Work out which ids the tenant should have now.

        Args:
            seen: file with the ids that were read tonight.
            gone: those that were found missing.
        """
        self._read()
        self._db.execute("create or replace table gone (id bigint)")
        if gone:
            self._db.execute("insert into gone select unnest(?::bigint[])", [gone])
        self._db.execute(
            "create or replace table expected as "
            f"select id from known where id not in (select id from gone) union "
            f"select id from {_ids(seen)} where id not in (select id from gone)"
        )

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
        found = [(path, json.loads(ledger)) for path, ledger in self._ledgers(self._raw)]
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

    def _ledgers(self, folder: Path) -> Iterator[tuple[str, str]]:
        for path in sorted(folder.glob("*.parquet")):
            rows = self._db.execute(
                "select value from parquet_kv_metadata(?) where key::varchar = ?",
                [str(path), LEDGER],
            ).fetchall()
            if rows:
                yield str(path), bytes(rows[0][0]).decode()

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
        files = self._raw_files()
        if not files:
            self._db.execute(
                "create table known (id bigint, is_open boolean, invoice_id bigint, "
                "is_voided boolean)"
            )
            return
        self._db.execute("create table files (path varchar, rank bigint, gone boolean)")
        self._db.executemany(
            "insert into files values (?, ?, ?)",
            [(one.path, rank, one.kind == "deleted") for rank, one in files],
        )
        columns = self._columns(files[0][1].path)
        wanted = IS_OPEN[self._entity.is_open[0]] if self._entity.is_open else "false"
        invoice = "invoice_id" if "invoice_id" in columns else "null::bigint"
        voided = "coalesce(is_voided, false)" if "is_voided" in columns else "false"
        listed = ", ".join(f"'{_quoted(one.path)}'" for _, one in files)
        events = (
            f"select r.id, {wanted} as is_open, {invoice} as invoice_id, {voided} as is_voided, "
            "f.rank * 4294967296 + r._row_number as place, f.gone "
            f"from read_parquet([{listed}], union_by_name = true, filename = true) as r "
            "join files as f on f.path = r.filename"
        )
        events += self._quarantined(dict((one.content_hash, rank) for rank, one in files))
        self._db.execute(
            "create table known as select id, arg_max(is_open, place) as is_open, "
            "arg_max(invoice_id, place) as invoice_id, arg_max(is_voided, place) as is_voided "
            f"from ({events}) group by id having not arg_max(gone, place)"
        )

    def _quarantined(self, ranks: dict[str, int]) -> str:
        """A quarantined row whose id can be read is there, whatever else is wrong with it."""
        folder = self._settings.data_dir / "quarantine" / "autotask" / self._entity.table
        found = []
        for path, ledger in self._ledgers(folder):
            rank = ranks.get(json.loads(ledger)["content_hash"])
            if rank is not None:
                found.append(
                    " union all select id, true, null, false, "
                    f"{rank} * 4294967296 + row_number, false "
                    f"from read_parquet('{_quoted(path)}') where id is not null"
                )
        return "".join(found)

    def _columns(self, path: str) -> set[str]:
        rows = self._db.execute("select name from parquet_schema(?)", [path])
        return {name for (name,) in rows.fetchall()}

    def _one(self, query: str) -> Any:
        self._read()
        rows = self._db.execute(query).fetchall()
        return rows[0][0]

    def _column(self, query: str) -> list[int]:
        return [row[0] for row in self._db.execute(query).fetchall()]


def _ids(path: Path) -> str:
    return f"read_csv('{_quoted(str(path))}', header = false, columns = {{'id': 'bigint'}})"


def _quoted(text: str) -> str:
    return text.replace("'", "''")
