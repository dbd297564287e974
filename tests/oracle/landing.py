"""What became of every file that a landing folder ever held (rules: landing.md, validation.md)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from tests.oracle.columns import CHARGE_KINDS
from tests.oracle.files import Cells, Refused, extension_of, read_file, timestamp_in
from tests.oracle.forms import (
    PLAIN,
    Forms,
    Typed,
    is_of_another_order,
    looks_like_another_mark,
    user_field,
)
from tests.oracle.tables import (
    KEYS,
    MEASURES,
    TABLES,
    Key,
    Row,
    judge,
    key_of,
    match_headers,
    normalise_header,
    placeholders,
    source_of,
)
from tests.oracle.texts import clean_po

__all__ = ["Batch", "BrokenRule", "Landing", "Row"]


@dataclass(frozen=True)
class BrokenRule:
    """One rule that one delivered row breaks: where, and the text that stood there."""

    row_number: int  # 1 = first data row
    column: str
    text: str | None


@dataclass(eq=False)
class Batch:
    """One content of one file (LND-4)."""

    table: str
    batch_id: str
    content_hash: str
    kind: str  # full, upsert or deleted
    extracted_at: datetime
    seen: int  # number of the content in the order in which contents were first seen
    delivered: int = 0
    rows: list[Row] = field(default_factory=list)  # typed, one a key, the last valid one
    doubled: list[Row] = field(default_factory=list)  # the other valid ones
    broken: list[BrokenRule] = field(default_factory=list)
    quarantined: int = 0
    quarantined_keys: set[Key] = field(default_factory=set)
    duplicates: int = 0
    measure_quarantined: Decimal = Decimal(0)
    measure_duplicates: Decimal = Decimal(0)
    headers: list[str] | None = None
    drift: list[tuple[str, str]] = field(default_factory=list)  # (column, kind of drift)
    refusal: str | None = "not looked at yet"
    is_replaced: bool = False  # a corrected delivery took its place

    @property
    def is_full(self) -> bool:
        """LND-4: a complete snapshot."""
        return self.kind == "full"

    @property
    def is_deleted(self) -> bool:
        """LND-14: a list of keys that are gone."""
        return self.kind == "deleted"

    @property
    def order(self) -> tuple[datetime, bool, str, int]:
        """LND-5: what makes a batch later than another one."""
        return self.extracted_at, self.is_deleted, self.batch_id, self.seen

    def measure(self, row: Row) -> Decimal:
        """VAL-6: the amount or the hours of a row that the accounting adds up."""
        column = MEASURES.get(self.table)
        return (row[column] if column else None) or Decimal(0)

    @property
    def has_measure(self) -> bool:
        """VAL-6: whether the accounting adds anything up."""
        return self.table in MEASURES and not self.is_deleted


def is_being_written(name: str) -> bool:
    """LND-11: names of files that are not there yet."""
    return name.startswith((".", "_")) or name.endswith((".tmp", ".part", ".crdownload"))


def is_named(name: str, table: str) -> bool:
    """LND-21: whether a name is that of a table, in letters and digits, singular or plural."""
    singular = f"{table[:-3]}y" if table.endswith("ies") else table.removesuffix("s")
    return normalise_header(name) in (normalise_header(table), normalise_header(singular))


def files_of(folder: Path, table: str) -> list[Path]:
    """LND-1: the files of a table, whole or batch by batch."""
    source = folder / source_of(table)
    found = [
        *(path for path in source.glob("*") if is_named(path.name.split(".")[0], table)),
        *(path for path in source.glob("*/*") if is_named(path.parent.name, table)),
    ]
    return [
        path
        for path in found
        if path.is_file()
        and not is_being_written(path.name)
        and extension_of(path.name) is not None
        and (
            path.parent != source
            or path.name.count(".") == str(extension_of(path.name)).count(".") + 1
        )
    ]


class Landing:
    """The deliveries of one landing folder, taken in as often as somebody refreshes."""

    def __init__(self) -> None:
        """Start before the first refresh."""
        self.forms = PLAIN
        self.contents: dict[str, list[Batch]] = {table: [] for table in TABLES}

    def take_in(
        self,
        folder: Path,
        *,
        allow_shrink: bool = False,
        max_quarantine_ratio: float = 0.05,
        forms: Forms = PLAIN,
    ) -> None:
        """Look at the folder as one refresh does: new contents are judged, refused ones again."""
        self.forms = forms
        for table in TABLES:
            found = [self._content(path, folder, table) for path in files_of(folder, table)]
            for batch in sorted((batch for batch in found if batch), key=lambda found: found.order):
                path = folder / source_of(table) / batch.batch_id
                self._load(batch, path, allow_shrink, max_quarantine_ratio)

    def _content(self, path: Path, folder: Path, table: str) -> Batch | None:
        """The content that a path has now, if it was not accepted earlier."""
        batch_id = path.relative_to(folder / source_of(table)).as_posix()
        content_hash = hashlib.sha256(path.read_bytes()).hexdigest()
        of_path = [batch for batch in self.contents[table] if batch.batch_id == batch_id]
        for batch in of_path:
            if batch.content_hash == content_hash:
                is_pending = batch.refusal is not None and batch is of_path[-1]
                return batch if is_pending else None
        modified_at = datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None)
        try:
            extracted_at = timestamp_in(path.name) or modified_at
        except Refused:
            extracted_at = modified_at  # refused again below, with the reason
        batch = Batch(
            table=table,
            batch_id=batch_id,
            content_hash=content_hash,
            kind="full" if "/" not in batch_id else kind_in(path.name),
            # contents of one path are in the order in which they were seen, whatever their time
            extracted_at=max([extracted_at, *(earlier.extracted_at for earlier in of_path)]),
            seen=sum(map(len, self.contents.values())),
        )
        self.contents[table].append(batch)
        return batch

    def _load(self, batch: Batch, path: Path, allow_shrink: bool, max_ratio: float) -> None:
        """Judge a content; what is accepted takes effect at once."""
        batch.rows, batch.broken, batch.quarantined_keys = [], [], set()
        batch.doubled = []
        batch.quarantined = batch.duplicates = 0
        batch.measure_quarantined = batch.measure_duplicates = Decimal(0)
        try:
            timestamp_in(path.name)
            if {"full", "deleted"} <= set(tokens_of(path.name)):
                raise Refused("two kinds of batch in one name")
            batch.headers, delivered, above = read_file(
                path, batch.table, keys_alone=batch.is_deleted
            )
            is_local = str(extension_of(path.name)).startswith(("csv", "xlsx"))
            _read_rows(batch, delivered, replace(self.forms, is_local=is_local))
            if above:
                batch.drift.append((" | ".join(above)[:200], "above_header"))
            _check_budget(batch, max_ratio)
            self._check_shrinking(batch, allow_shrink)
        except Refused as error:
            batch.refusal = str(error)
            return
        batch.refusal = None
        for earlier in self._replaced_by(batch):
            earlier.is_replaced = True

    def _replaced_by(self, batch: Batch) -> list[Batch]:
        """LND-7: an overwritten batch replaces its earlier self, a whole table does not."""
        if "/" not in batch.batch_id:
            return []
        return [
            other
            for other in self.contents[batch.table]
            if other is not batch and other.batch_id == batch.batch_id
        ]

    def _check_shrinking(self, batch: Batch, allow_shrink: bool) -> None:
        """LND-13: no batch may delete more than half of a table, and at least 10."""
        before = self.current(batch.table)
        replaced = self._replaced_by(batch)
        others = [other for other in self.batches(batch.table) if other not in replaced]
        after = current_of([*others, batch])
        deleted = len(before.keys() - after.keys())
        is_guarded = batch.kind != "upsert" and not allow_shrink
        if is_guarded and deleted >= 10 and deleted * 2 > len(before):
            raise Refused(f"would delete {deleted} of {len(before)} ids")

    def batches(self, table: str) -> list[Batch]:
        """The batches that count, oldest first."""
        return sorted(
            (
                batch
                for batch in self.contents[table]
                if batch.refusal is None and not batch.is_replaced
            ),
            key=lambda batch: batch.order,
        )

    def current(self, table: str) -> dict[Key, Row]:
        """LND-6: the current row of every id that was not deleted."""
        return {key: row for key, (_, row) in current_of(self.batches(table)).items()}

    def charges(self) -> dict[Key, Row]:
        """RAW-10: the current charges of all five tables, by kind and id."""
        charges = {
            (kind, row["id"]): {**row, "charge_kind": kind}
            for table, kind in CHARGE_KINDS.items()
            for row in self.current(table).values()
        }
        overruled = self.overruled_charges()
        own = {key: row for key, row in self.current("charges").items() if key not in overruled}
        return own | charges

    def overruled_charges(self) -> set[Key]:
        """RAW-10: the current keys of `charges` that the table of their kind decides about."""
        overruled = set()
        current = current_of(self.batches("charges"))
        for table, kind in CHARGE_KINDS.items():
            batches = self.batches(table)
            deletions = [
                (row["id"], batch.extracted_at)
                for batch in batches
                if batch.is_deleted
                for row in batch.rows
            ]
            for key, (batch, row) in current.items():
                if row["charge_kind"] == kind and (
                    any(other.is_full for other in batches)
                    or (row["id"],) in self.current(table)
                    or any(
                        charge_id == row["id"] and moment >= batch.extracted_at
                        for charge_id, moment in deletions
                    )
                ):
                    overruled.add(key)
        return overruled

    def refused(self) -> list[Batch]:
        """The contents for which publication waits (VAL-4).

        No other one of their path came after them, and no later snapshot has loaded.
        """
        latest = {
            (table, batch.batch_id): batch
            for table, contents in self.contents.items()
            for batch in contents
        }
        return [
            batch
            for batch in latest.values()
            if batch.refusal is not None
            and not any(
                other.is_full and other.extracted_at > batch.extracted_at
                for other in self.batches(batch.table)
            )
        ]


def tokens_of(name: str) -> list[str]:
    """LND-4: what a file name says, its extension apart."""
    return re.split(r"[.\-_]", name.lower().removesuffix(f".{extension_of(name)}"))


def kind_in(name: str) -> str:
    """LND-4, LND-14: what kind of batch a file in the folder of its table is."""
    tokens = tokens_of(name)
    if "full" in tokens:
        return "full"
    return "deleted" if tokens[-1] == "deleted" else "upsert"


def _read_rows(batch: Batch, delivered: list[Cells], forms: Forms) -> None:
    """VAL-1, VAL-2: type the rows of a batch, set the broken ones aside, the last of a key wins."""
    batch.delivered = len(delivered)
    if batch.headers is None:
        return
    try:
        chosen, unknown = match_headers(batch.headers, batch.table, keys_alone=batch.is_deleted)
    except ValueError as error:
        raise Refused(str(error)) from None
    batch.drift = [(header, "new") for header in unknown]
    looked_for = KEYS[batch.table] if batch.is_deleted else TABLES[batch.table]
    batch.drift += [(column, "missing_optional") for column in looked_for if column not in chosen]
    if forms.is_local:
        _check_forms(batch.table, chosen, delivered, forms)
    last_of_key: dict[Key | None, Row] = {}
    for number, raw in enumerate(delivered, start=1):
        cells = {column: raw.get(header) for column, header in chosen.items()}
        _fill_from_user_fields(cells, raw, forms, set(looked_for))
        row, broken = judge(batch.table, cells, forms, keys_alone=batch.is_deleted)
        key = key_of(batch.table, row)
        if broken:
            batch.quarantined += 1
            batch.broken += [BrokenRule(number, column, text) for column, text in broken]
            batch.measure_quarantined += batch.measure(row)
            if key is not None:
                batch.quarantined_keys.add(key)
            continue
        if key in last_of_key:
            batch.duplicates += 1
            batch.measure_duplicates += batch.measure(last_of_key[key])
            batch.doubled.append(last_of_key[key])
        last_of_key[key] = row
    batch.rows = list(last_of_key.values())


def _fill_from_user_fields(cells: Cells, raw: Cells, forms: Forms, columns: set[str]) -> None:
    """RAW-23: a row without a PO takes the first field that has one; a company, its yes or no."""
    po = cells.get("purchase_order_number")
    is_free = po == "false" or clean_po(po, placeholders()) is None
    is_text = not isinstance(po, Typed) or po[:1].isdigit() or po == "false"
    if "purchase_order_number" in columns and is_text and is_free:
        found = (user_field(raw, name) for name in forms.po_fields)
        cells["purchase_order_number"] = next(
            (text for text in found if text and len(text) <= 50), po
        )
    if "po_required" in columns and forms.po_required_field and not cells.get("po_required"):
        word = (user_field(raw, forms.po_required_field) or "").strip().lower()
        is_word = word in ("true", "1", "yes", "y", "false", "0", "no", "n")
        cells["po_required"] = word if is_word else None


def _check_forms(table: str, chosen: dict[str, str], delivered: list[Cells], forms: Forms) -> None:
    """RAW-20, RAW-21: numbers and dates that are written in another way than they are read."""
    for column, header in chosen.items():
        kind = TABLES[table][column].kind
        values = (raw.get(header) for raw in delivered)
        texts = [text for text in values if text and not isinstance(text, Typed)]
        if kind in ("id", "fk", "money", "hours") and forms.decimal_mark is None:
            has_thousands = column != "hours_worked"
            if looks_like_another_mark(texts, has_thousands=has_thousands):
                raise Refused(f"{column} has another decimal mark")
        if kind not in ("date", "ts"):
            continue
        if any(is_of_another_order(text, forms.date_order) for text in texts):
            raise Refused(f"{column} has another order of dates")


def _check_budget(batch: Batch, max_ratio: float) -> None:
    """VAL-3: when a batch holds too many broken rows to be what it should be."""
    if batch.quarantined > max(Decimal(10), Decimal(str(max_ratio)) * batch.delivered):
        raise Refused(f"{batch.quarantined} of {batch.delivered} rows break a rule")
    if batch.delivered > 0 and not batch.rows:
        raise Refused("no row is valid")


def current_of(batches: list[Batch]) -> dict[Key, tuple[Batch, Row]]:
    """LND-5, LND-6: the current row of every id, batch by batch.

    A full batch deletes what it does not hold, a deleted one what it names. A row in quarantine
    whose key parses counts as held, but brings nothing back.
    """
    current: dict[Key, tuple[Batch, Row]] = {}
    for batch in sorted(batches, key=lambda batch: batch.order):
        if batch.is_full:
            current = {key: held for key, held in current.items() if key in batch.quarantined_keys}
        for row in batch.rows:
            key = key_of(batch.table, row)
            assert key is not None
            if batch.is_deleted:
                current.pop(key, None)
            else:
                current[key] = (batch, row)
    return current
