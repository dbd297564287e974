"""What becomes of a delivered file: raw rows, quarantined rows, or a refusal (SPEC 1 and 3).

Where the files of a table lie is said in `contents`; nothing here knows the orchestrator.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import NamedTuple

import polars as pl

from orchestration.ingest.formats import Delivery, open_delivery
from orchestration.ingest.keys import NO_KEYS, alive_keys, twice, union, without
from orchestration.ingest.landing import Batch
from orchestration.ingest.raw_store import (
    LEDGER,
    NO_DELIVERY,
    NO_DUPLICATES,
    NO_REJECTS,
    QUARANTINE_COLUMNS,
    Content,
    TableFiles,
    append,
    empty_file,
    frames,
    parquet_file,
    parquet_writer,
    whole_file,
)
from orchestration.ingest.rejections import RefusedFile
from orchestration.settings import Settings
from schemas.base import HeaderError, MissingColumnError
from schemas.grammar import as_text

FREE_REJECTS = 10  # rows that any batch may have set aside, however few it has
SHRINK_FREE = 10  # ids that any snapshot may delete
REFUSED_ROWS_KEPT = 1_000
EMPTY_HASH = hashlib.sha256().hexdigest()

# Row numbers, and the columns of these rows under their canonical names.
Piece = tuple[pl.Series, pl.DataFrame]


@dataclass
class TableLoad:
    """What one load of a table did.

    Attributes:
        read: files that were read.
        unchanged: files whose content was loaded before.
        refusals: what was refused, and waits to be mended.
        warnings: what people should know without having to act.
        rejects: the broken rules of the files that were read, as in the quarantine.
    """

    read: int = 0
    unchanged: int = 0
    refusals: list[RefusedFile] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    rejects: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=QUARANTINE_COLUMNS))


@dataclass
class _Judged:
    """What the rows of a content came to, gathered chunk by chunk.

    The rejects themselves are kept only as long as the content can still be accepted: a file that
    is broken from end to end would fill the memory with them.
    """

    broken: list[pl.DataFrame] = field(default_factory=list)
    rejected: list[pl.DataFrame] = field(default_factory=list)
    rules: list[pl.DataFrame] = field(default_factory=list)
    key_hashes: list[pl.Series] = field(default_factory=list)
    delivered: int = 0
    quarantined: int = 0
    measure_delivered: Decimal = Decimal(0)
    measure_quarantined: Decimal = Decimal(0)


class _Delivered(NamedTuple):
    """A delivered file, as far as it is known before it is read.

    Attributes:
        batch: the file.
        content: what can be said of its content.
        refusal: why it cannot be read at all, if so.
    """

    batch: Batch
    content: Content
    refusal: RefusedFile | None


@dataclass
class _Known:
    """The contents that a load has found in the store, by the batch whose content they are."""

    loaded: dict[str, list[Content]] = field(default_factory=dict)
    replaced: dict[str, list[Content]] = field(default_factory=dict)
    refused: dict[str, list[Content]] = field(default_factory=dict)
    unloaded: dict[str, list[Content]] = field(default_factory=dict)


class TableStore(TableFiles):
    """Loads the delivered files of one raw table."""

    def __init__(self, source: str, name: str, settings: Settings, run_id: str = "") -> None:
        """Say what to load into.

        Args:
            source: `autotask` or `reference`.
            name: name of the raw table.
            settings: data folder, budget of rejects and leave to shrink.
            run_id: what quarantined rows remember of the run that judged them.
        """
        super().__init__(source, name, settings)
        self.run_id = run_id

    def load(self, batches: Iterable[Batch]) -> TableLoad:
        """Bring the store up to date with the delivered files of its table.

        A content already judged by the rules of today is not read again. A refused one leaves the
        last good state as it was.
        """
        for folder in (self.raw, self.quarantine):
            folder.mkdir(parents=True, exist_ok=True)
        self.sweep()
        load = TableLoad()
        # Listed once: a file changes what is known of its own batch, and of no other.
        known = _Known(
            _by_batch(self.contents()),
            _by_batch(self.contents(self.replaced)),
            _by_batch(self.contents(self.refused)),
            _by_batch(self.contents(self.unloaded)),
        )
        delivered = {}
        for file in sorted(map(self._identify, batches), key=_order):
            delivered[file.content.batch] = file.content.content_hash
            try:
                self._load_batch(file, known, load)
            except RefusedFile as error:
                load.refusals.append(error)
        self._replay_archived(delivered, load)
        self._await_refused(delivered, load)
        # Empty, typed files, so that the models need no special case.
        empty_file(self.quarantine / NO_REJECTS, self.quarantine_schema())
        self.duplicates.mkdir(exist_ok=True)
        empty_file(self.duplicates / NO_DUPLICATES, self.raw_schema())
        if self.contents():
            (self.raw / NO_DELIVERY).unlink(missing_ok=True)
        elif self.table.is_optional():
            empty_file(self.raw / NO_DELIVERY, self.raw_schema())
        self.sweep()
        return load

    def _identify(self, batch: Batch) -> _Delivered:
        """What can be said of a batch before it is read, and whether that already refuses it."""
        content = Content(
            source=self.source,
            table_name=self.name,
            batch=batch.batch,
            number=0,
            batch_kind=batch.kind,
            extracted_at=datetime.min,
            content_hash="",
            schema_version=self.table.version(),
        )
        try:
            content_hash = batch.content_hash()
            content = replace(content, content_hash=content_hash, extracted_at=batch.written_at())
            content = replace(content, extracted_at=batch.extracted_at())
        except RefusedFile as refusal:
            return _Delivered(batch, content, refusal)
        return _Delivered(batch, content, None)

    def _load_batch(self, file: _Delivered, known: _Known, load: TableLoad) -> None:
        """Load a file, unless its content is known.

        Raises:
            RefusedFile: nothing of the file is loaded; the refusal is on record.
        """
        batch, content, refusal = file
        replaced = known.replaced.get(batch.batch, [])
        same_path = [*known.loaded.get(batch.batch, []), *replaced]
        same = [entry for entry in same_path if entry.content_hash == content.content_hash]
        if content.content_hash and any(
            entry.is_of(content) for entry in known.unloaded.get(batch.batch, [])
        ):
            load.warnings.append(
                f"{batch.file}: left out, because it was taken out with `make unload`; to have it "
                f"back, delete its files in {self.unloaded} and refresh."
            )
            return
        seen_before = same or [
            entry for entry in known.refused.get(batch.batch, []) if entry.is_of(content)
        ]
        if same and (same[0] in replaced or same[0].schema_version == content.schema_version):
            load.unchanged += 1
            return
        if seen_before and not refusal:
            # When these bytes were first seen outlives a copy or a touch of the file.
            content = replace(
                content, number=seen_before[0].number, extracted_at=seen_before[0].extracted_at
            )
        else:
            number = 1 + max((entry.number for entry in same_path), default=0)
            content = replace(content, number=number)
            if content.is_of_whole_table and not refusal:
                content = _after_earlier(content, same_path)
        judged = _Judged()
        try:
            if refusal:
                raise refusal
            if content.content_hash == EMPTY_HASH:
                raise RefusedFile(batch.file, "empty")
            delivery = open_delivery(batch.path, batch.file, self.table)
            content = replace(content, headers=delivery.headers)
            pieces = self._pieces_of(file, delivery)
            whole_rows = partial(_whole_rows, delivery)
            self._store(content, pieces, delivery.most_rows, whole_rows, judged, load)
        except RefusedFile as error:
            self._record_refusal(content, error, judged)
            raise
        load.read += 1

    def _pieces_of(self, file: _Delivered, delivery: Delivery) -> Iterator[Piece]:
        if not delivery.headers:  # a JSON array without a record
            return
        matched = self._match(delivery.headers, file.batch.file)
        first_row = 1
        for frame in delivery.columns(list(matched.values())):
            named = frame.select(pl.col(str(at)).alias(name) for name, at in matched.items())
            yield pl.int_range(first_row, first_row + named.height, eager=True), named
            first_row += named.height
        if file.batch.content_hash() != file.content.content_hash:
            raise RefusedFile(file.batch.file, "moving")

    def _match(self, headers: Sequence[str], file: str) -> dict[str, int]:
        try:
            return self.table.match_headers(headers)
        except MissingColumnError as error:
            facts = {"column": error.column, "problem": error.problem}
            raise RefusedFile(file, "missing_column", **facts) from None
        except HeaderError as error:
            facts = {"column": error.column, "problem": error.problem}
            raise RefusedFile(file, "alike_headers", **facts) from None

    def _store(
        self,
        content: Content,
        pieces: Iterator[Piece],
        most_rows: int,
        whole_rows: Callable[[pl.Series], dict[int, str]],
        judged: _Judged,
        load: TableLoad,
    ) -> None:
        """Judge the rows of a content and commit them.

        Args:
            content: what is known of it.
            pieces: its rows.
            most_rows: how many these can be at most.
            whole_rows: gives the JSON of the rows with the given numbers.
            judged: is filled, so that a refusal can tell what was found.
            load: gets the rejects.

        Raises:
            RefusedFile: a guard of SPEC 1 or 3 holds it back.
        """
        stamps = {
            "_batch": pl.lit(content.batch),
            "_batch_kind": pl.lit(content.batch_kind),
            "_extracted_at": pl.lit(content.extracted_at, pl.Datetime("us")),
            "_content_hash": pl.lit(content.content_hash),
            "_schema_version": pl.lit(content.schema_version),
        }
        with whole_file(self.raw_path(content)) as unfinished:
            with (
                parquet_writer(unfinished, self.raw_schema()) as writer,
                ThreadPoolExecutor(1) as second_core,
            ):
                writing: Future[None] | None = None
                for numbers, delivered in pieces:
                    rows, broken = self.table.judge(delivered)
                    rows = rows.with_columns(numbers.alias("_row_number"))
                    self._count(rows, judged)
                    if broken.height:
                        rows = self._set_aside(rows, broken, judged, most_rows)
                    judged.key_hashes.append(self._hashes(rows))
                    if writing:
                        writing.result()
                    writing = second_core.submit(append, writer, rows.with_columns(**stamps))
                if writing:
                    writing.result()
                content = self._counted(content, judged)
                self._guard_quality(content, judged)
                keys = union(judged.key_hashes)
                self._guard_size(content, keys, judged.rejected)
                writer.add_key_value_metadata({LEDGER: content.dumps()})
            if len(keys) < content.loaded:
                content = self._part_doubled(unfinished, twice(judged.key_hashes), content)
            rejects = self._rejects(content, judged)
            if rejects.height:
                texts = whole_rows(rejects["row_number"].unique())
                rejects = rejects.with_columns(
                    row_json=rejects["row_number"].replace_strict(texts, return_dtype=pl.String)
                )
                self._write_rejects(self.beside(self.quarantine, content), rejects, content)
            self.keep_replaced(content)
        load.rejects = pl.concat([load.rejects, rejects.select(load.rejects.columns)])

    def _count(self, rows: pl.DataFrame, judged: _Judged) -> None:
        judged.delivered += rows.height
        if measure := self.table.control_total():
            judged.measure_delivered += _total(rows[measure])

    def _set_aside(
        self, rows: pl.DataFrame, broken: pl.DataFrame, judged: _Judged, most_rows: int
    ) -> pl.DataFrame:
        """Note what is broken; returns the rows that are not."""
        is_broken = pl.int_range(rows.height, eager=True).is_in(broken["row"].implode())
        rejected = rows.filter(is_broken)
        measure = self.table.control_total()
        judged.rules.append(broken.group_by("column", "rule").len())
        if judged.quarantined <= max(REFUSED_ROWS_KEPT, self._allowed(most_rows)):
            judged.rejected.append(
                rejected.select(
                    "_row_number",
                    *self.table.key(),
                    (pl.col(measure) if measure else pl.lit(None))
                    .cast(pl.Decimal(38, 4))
                    .alias("measure"),
                )
            )
            judged.broken.append(broken.with_columns(row=rows["_row_number"].gather(broken["row"])))
        judged.quarantined += rejected.height
        if measure:
            judged.measure_quarantined += _total(rejected[measure])
        return rows.filter(~is_broken)

    def _counted(self, content: Content, judged: _Judged) -> Content:
        content = replace(
            content,
            delivered=judged.delivered,
            loaded=judged.delivered - judged.quarantined,
            quarantined=judged.quarantined,
        )
        if self.table.control_total() is None:
            return content
        return replace(
            content,
            measure_delivered=judged.measure_delivered,
            measure_loaded=judged.measure_delivered - judged.measure_quarantined,
            measure_quarantined=judged.measure_quarantined,
            measure_duplicates=Decimal(0),
        )

    def _part_doubled(self, unfinished: Path, suspects: pl.Series, content: Content) -> Content:
        """Move the rows that a later one of the same key replaces out of a raw file.

        Args:
            unfinished: the raw file; it is written anew.
            suspects: hashes of keys that more than one row may have.
            content: with its counts so far.

        Returns:
            The content with its duplicates.
        """
        measure = self.table.control_total()
        found = []
        for rows in frames(
            unfinished, ["_row_number", *self.table.key(), *filter(None, [measure])]
        ):
            found.append(rows.filter(self._hashes(rows).is_in(suspects.implode())))
        keys = self.table.key_values()
        last = pl.col("_row_number") == pl.col("_row_number").max().over(keys)
        doubled = pl.concat(found).filter(~last)
        if doubled.is_empty():  # different keys of one hash
            return content
        content = replace(
            content, loaded=content.loaded - doubled.height, duplicates=doubled.height
        )
        if measure and content.measure_loaded is not None:
            amount = _total(doubled[measure])
            content = replace(
                content,
                measure_loaded=content.measure_loaded - amount,
                measure_duplicates=amount,
            )
        self.duplicates.mkdir(parents=True, exist_ok=True)
        parted = unfinished.with_name(f"{unfinished.name}.parted")
        with (
            parquet_file(parted, self.raw_schema(), content) as keep,
            parquet_file(
                self.beside(self.duplicates, content), self.raw_schema(), content
            ) as set_aside,
        ):
            for rows in frames(unfinished):
                is_doubled = rows["_row_number"].is_in(doubled["_row_number"].implode())
                keep(rows.filter(~is_doubled))
                set_aside(rows.filter(is_doubled))
        parted.replace(unfinished)
        return content

    def _rejects(self, content: Content, judged: _Judged) -> pl.DataFrame:
        """The broken rules of a content as they are kept, without the whole rows."""
        if not judged.broken:
            return pl.from_arrow(self.quarantine_schema().empty_table())  # type: ignore[return-value]
        rejected = pl.concat(judged.rejected).rename({"_row_number": "row_number"})
        broken = pl.concat(judged.broken).rename(
            {"row": "row_number", "column": "column_name", "value": "offending_value"}
        )
        return (
            broken.join(rejected, on="row_number", maintain_order="left")
            .with_columns(
                source=pl.lit(self.source),
                table_name=pl.lit(self.name),
                batch=pl.lit(content.batch),
                content_hash=pl.lit(content.content_hash),
                schema_version=pl.lit(content.schema_version),
                run_id=pl.lit(self.run_id),
                row_json=pl.lit(None, pl.String),
            )
            .select(self.quarantine_schema().names)
            .sort("row_number", "column_name", "rule")
        )

    def _write_rejects(self, path: Path, rejects: pl.DataFrame, content: Content) -> None:
        with parquet_file(path, self.quarantine_schema(), content) as append:
            append(rejects)

    # --- guards -------------------------------------------------------------------------------

    def _hashes(self, rows: pl.DataFrame) -> pl.Series:
        """The hashes of the keys of rows; equal keys have equal hashes."""
        return rows.select(self._key_values()).hash_rows()

    def _key_values(self) -> list[pl.Expr]:
        return [value.alias(f"key_{at}") for at, value in enumerate(self.table.key_values())]

    def _guard_quality(self, content: Content, judged: _Judged) -> None:
        """Refuse a content of which too much is broken (SPEC 1 and 3)."""
        if not content.quarantined:
            return
        top = (
            pl.concat(judged.rules)
            .group_by("column", "rule")
            .sum()
            .sort("len", "column", "rule", descending=[True, False, False])
        )
        rules = ", ".join(
            f"{column}: {rule} ({count:,})" for column, rule, count in top.head(3).iter_rows()
        )
        facts = {"quarantined": content.quarantined, "delivered": content.delivered, "rules": rules}
        if content.quarantined == content.delivered:
            raise RefusedFile(content.file, "no_valid_row", **facts)
        allowed = self._allowed(content.delivered)
        if content.quarantined > allowed:
            raise RefusedFile(content.file, "too_many_rejects", allowed=allowed, **facts)

    def _allowed(self, rows: int) -> int:
        """How many of so many rows may be set aside."""
        return max(FREE_REJECTS, int(self.settings.max_quarantine_ratio * rows))

    def _guard_size(
        self, content: Content, keys: pl.Series, rejected: Sequence[pl.DataFrame]
    ) -> None:
        """Refuse a snapshot that would delete more than half of the table (SPEC 1)."""
        if content.batch_kind != "full" or self.settings.allow_shrink:
            return
        current = self.contents()
        known = [
            (known, partial(self._loaded_keys, path), partial(self._rejected_keys, known))
            for path, known in current.items()
        ]
        before = alive_keys(known)
        if len(before) < SHRINK_FREE:
            return
        this = (content, lambda: keys, lambda: union(map(self._present, rejected)))
        others = [entry for entry in known if not self._is_replaced_by(entry[0], content)]
        after = alive_keys(sorted([*others, this], key=lambda entry: entry[0].order))
        deleted = without(before, after).len()
        if deleted >= SHRINK_FREE and 2 * deleted > before.len():
            raise RefusedFile(content.file, "shrinks", deleted=deleted, current=before.len())

    def _is_replaced_by(self, known: Content, content: Content) -> bool:
        """Whether a content is one that this one corrects, or the same judged before."""
        if known.batch != content.batch:
            return False
        return not content.is_of_whole_table or known.content_hash == content.content_hash

    def _loaded_keys(self, path: Path) -> pl.Series:
        return self._hashes(pl.read_parquet(path, columns=list(self.table.key())))

    def _rejected_keys(self, content: Content) -> pl.Series:
        path = self.beside(self.quarantine, content)
        if not content.quarantined or not path.exists():
            return NO_KEYS
        return self._present(pl.read_parquet(path, columns=list(self.table.key())))

    def _present(self, rejected: pl.DataFrame) -> pl.Series:
        """A row whose key parses is there, whatever else is broken in it."""
        return rejected.select(self._key_values()).drop_nulls().hash_rows()

    # --- refusals -----------------------------------------------------------------------------

    def _record_refusal(self, content: Content, refusal: RefusedFile, judged: _Judged) -> None:
        """Remember a refused content, with the first of its rejects, until it is mended."""
        content = replace(
            content,
            delivered=judged.delivered,
            loaded=0,
            quarantined=0,
            refusal_kind=refusal.kind,
            refusal_reason=refusal.reason,
        )
        self.refused.mkdir(parents=True, exist_ok=True)
        path = self.refused_path(content)
        self._write_rejects(path, self._rejects(content, judged).head(REFUSED_ROWS_KEPT), content)

    def _await_refused(self, delivered: dict[str, str], load: TableLoad) -> None:
        """Drop the refusals that are mended; remind of those whose file has gone."""
        loaded = list(self.contents().values())
        for path, content in self.contents(self.refused).items():
            if any(content.is_of(other) for other in loaded):
                # Accepted after all, unless it is older rules that have accepted it.
                if not self._is_rejudged(content):
                    path.unlink()
            elif delivered.get(content.batch) == content.content_hash:
                continue
            elif content.refusal_kind == "unreadable":
                path.unlink()  # nobody knows what it was
            elif (
                content.batch in delivered
                or content.content_hash in {other.content_hash for other in loaded}
                or content.content_hash == EMPTY_HASH
            ):
                self.file_away(path, content)  # replaced, or accepted under a better name
            else:
                facts = {"reason": content.refusal_reason, "batch": content.file}
                load.refusals.append(RefusedFile(content.file, "gone", **facts))

    def _is_rejudged(self, refused: Content) -> bool:
        """Whether a refusal is of a content that is loaded as older rules have judged it."""
        return any(
            content.is_of(refused) and content.schema_version != self.table.version()
            for content in self.contents().values()
        )

    # --- replay -------------------------------------------------------------------------------

    def _replay_archived(self, delivered: dict[str, str], load: TableLoad) -> None:
        """Judge by the rules of today what is loaded and has left the landing folder since."""
        for path, content in self.contents().items():
            is_there = delivered.get(content.batch) == content.content_hash
            if is_there or content.schema_version == self.table.version():
                continue
            judged = _Judged()
            anew = replace(content, schema_version=self.table.version())
            try:
                self._store(
                    anew,
                    self._archived_pieces(path, content),
                    content.delivered,
                    partial(self._archived_rows, path, content),
                    judged,
                    load,
                )
                load.read += 1
            except RefusedFile as refusal:
                self._record_refusal(anew, refusal, judged)
                load.refusals.append(refusal)

    def _archived_pieces(self, path: Path, content: Content) -> Iterator[Piece]:
        """The rows of a content as far as they are kept: typed where valid, else as delivered."""
        matched = self._match(content.headers, content.file)
        columns = set(self.table.columns())
        for source in (path, self.beside(self.duplicates, content)):
            if source.exists():
                names = [name for name in pl.read_parquet_schema(source) if name in columns]
                for rows in frames(source, [*names, "_row_number"]):
                    yield rows["_row_number"], rows.drop("_row_number")
        aside = self.beside(self.quarantine, content)
        if aside.exists():
            whole = pl.read_parquet(aside, columns=["row_number", "row_json"]).unique(
                "row_number", maintain_order=True
            )
            delivered = [json.loads(text) for text in whole["row_json"]]
            names = _unlike(content.headers)
            yield (
                whole["row_number"],
                pl.DataFrame(
                    {
                        column: pl.Series(
                            [row.get(names[at]) for row in delivered], dtype=pl.String
                        )
                        for column, at in matched.items()
                    }
                ),
            )

    def _archived_rows(self, path: Path, content: Content, numbers: pl.Series) -> dict[int, str]:
        """The rows with the given numbers as JSON, as far as they are kept."""
        names = _unlike(content.headers)
        matched = self._match(content.headers, content.file)
        rows: dict[int, str] = {}
        for piece_numbers, piece in self._archived_pieces(path, content):
            wanted = piece_numbers.is_in(numbers.implode())
            kept_columns = [column for column in matched if column in piece.columns]
            texts = _as_json(
                piece.filter(wanted).select(kept_columns),
                [names[matched[column]] for column in kept_columns],
            )
            rows |= dict(zip(piece_numbers.filter(wanted), texts, strict=True))
        aside = self.beside(self.quarantine, content)
        if aside.exists():  # as delivered, with the columns that the table does not know
            kept = pl.read_parquet(aside, columns=["row_number", "row_json"])
            rows |= {number: text for number, text in kept.iter_rows() if number in rows}
        return rows


def _order(file: _Delivered) -> tuple[datetime, str]:
    return file.content.order


def _by_batch(contents: dict[Path, Content]) -> dict[str, list[Content]]:
    found: dict[str, list[Content]] = {}
    for content in contents.values():
        found.setdefault(content.batch, []).append(content)
    return found


def _after_earlier(content: Content, earlier: Iterable[Content]) -> Content:
    """Date a new content of a table's one file after those seen before, whatever its file says.

    A restored or copied file may bear an older time than the content that it replaces (SPEC 1:
    contents of one path are ordered by when they were first seen).
    """
    moments = [known.extracted_at + timedelta(microseconds=1) for known in earlier]
    return replace(content, extracted_at=max([content.extracted_at, *moments]))


def _total(amounts: pl.Series) -> Decimal:
    return Decimal(amounts.sum() or 0)


def _unlike(headers: Sequence[str]) -> list[str]:
    """Headers under which the values of a row can be told apart."""
    names: dict[str, None] = {}
    for header in headers:
        name, times = header, 1
        while name in names:
            times += 1
            name = f"{header} ({times})"
        names[name] = None
    return list(names)


def _whole_rows(delivery: Delivery, numbers: pl.Series) -> dict[int, str]:
    """Read the rows with the given numbers again, with all their columns, as JSON."""
    names = _unlike(delivery.headers)
    rows: dict[int, str] = {}
    first_row = 1
    for frame in delivery.columns(range(len(names))):
        frame_numbers = pl.int_range(first_row, first_row + frame.height, eager=True)
        wanted = frame_numbers.is_in(numbers.implode())
        texts = _as_json(frame.filter(wanted), names)
        rows |= dict(zip(frame_numbers.filter(wanted), texts, strict=True))
        first_row += frame.height
    return rows


def _as_json(rows: pl.DataFrame, names: Sequence[str]) -> list[str]:
    # A header may be blank, which no data frame can have for the name of a column.
    texts = pl.DataFrame({name: as_text(rows[name]) for name in rows.columns})
    return [
        json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False)
        for row in texts.iter_rows()
    ]
