"""Bringing a raw table up to date with its delivered files (rules: landing.md, validation.md).

Which files are read, in which order, and under which number their contents are kept. What becomes
of the rows of one is said in `commit`; nothing here knows the orchestrator.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import polars as pl

from orchestration.ingest.commit import load_content
from orchestration.ingest.guards import removal
from orchestration.ingest.landing import Batch, timestamp_in
from orchestration.ingest.raw_store import (
    EMPTY_HASH,
    NO_DELIVERY,
    NO_DUPLICATES,
    NO_REJECTS,
    QUARANTINE_COLUMNS,
    Content,
    TableFiles,
    empty_file,
)
from orchestration.ingest.readers import open_delivery, read_once
from orchestration.ingest.readers.stream import Reading, take_hash
from orchestration.ingest.refused import await_mending, moot_refusals
from orchestration.ingest.rejections import RefusedFile
from orchestration.ingest.replay import archived_contents, read_otherwise
from orchestration.ingest.rows import DeliveredRows, Rows
from schemas import parts_of


@dataclass
class TableLoad:
    """What one load of a table did.

    Attributes:
        read: files that were read.
        unchanged: files whose content was loaded before.
        refusals: what was refused, and waits to be mended.
        warnings: what people should know without having to act.
        removals: the same of snapshots that took much of the table away.
        rejects: the broken rules of the files that were read, as in the quarantine.
    """

    read: int = 0
    unchanged: int = 0
    refusals: list[RefusedFile] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    removals: list[str] = field(default_factory=list)
    rejects: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=QUARANTINE_COLUMNS))


class _Delivered(NamedTuple):
    """A delivered file, as far as it is known before it is loaded.

    Attributes:
        batch: the file.
        content: what can be said of its content.
        reading: what reading it has told, or why it cannot be loaded at all.
    """

    batch: Batch
    content: Content
    reading: Reading | RefusedFile


class _Known:
    """The contents that the store holds, by batch.

    Listed once a load: a file changes what is known of its own batch, and of no other.
    """

    def __init__(self, files: TableFiles) -> None:
        self.loaded = _by_batch(files.contents().values())
        self.replaced = _by_batch(files.contents(files.replaced).values())
        self.refused = _by_batch(
            [*files.contents(files.refused).values(), *files.contents(files.mended).values()]
        )
        self.unloaded = _by_batch(files.contents(files.unloaded).values())

    def is_loaded(self, batch: str) -> bool:
        """Whether a file of this name has been loaded before."""
        return any(batch in found for found in (self.loaded, self.replaced, self.unloaded))

    def old_again(self, content: Content) -> list[str]:
        """Warn of a snapshot with the bytes of an earlier one, after others have come between."""
        known = [*self.loaded.values(), *self.replaced.values()]
        snapshots = sorted(
            (
                earlier
                for contents in known
                for earlier in contents
                if earlier.batch_kind == "full" and earlier.extracted_at < content.extracted_at
            ),
            key=lambda earlier: earlier.order,
        )
        same = [found for found in snapshots if found.content_hash == content.content_hash]
        is_full = content.batch_kind == "full"
        if not is_full or not same or snapshots[-1].content_hash == content.content_hash:
            return []
        earlier, between = same[-1], snapshots[-1]
        return [
            f"{content.file}: has the very bytes of {earlier.file} of {earlier.extracted_at} UTC, "
            f"and {between.file} has come between: an old export under a new name? It counts as "
            f"the newest; `make unload BATCH={content.file}` takes it out"
        ]


class TableLoader:
    """Loads the delivered files of one raw table."""

    def __init__(self, files: TableFiles, run_id: str = "") -> None:
        """Say what to load into.

        Args:
            files: of the table.
            run_id: what quarantined rows remember of the run that judged them.
        """
        self.files, self.run_id = files, run_id

    def load(self, batches: Iterable[Batch]) -> TableLoad:
        """Bring the table up to date with its delivered files.

        A content already judged by the rules of today is not read again. A refused one leaves the
        last good state as it was.
        """
        files = self.files
        for folder in (files.raw, files.quarantine):
            folder.mkdir(parents=True, exist_ok=True)
        files.sweep()
        load, known = TableLoad(), _Known(files)
        found = [self._identify(batch, known) for batch in batches]
        found.sort(key=lambda file: file.content.order)
        delivered = {file.content.batch: file.content.content_hash for file in found}
        for file in found:
            self._load_file(file, known, load)
        for content, open_rows in archived_contents(files, delivered):
            self._load_content(content, open_rows, load)
        load.warnings += read_otherwise(files, delivered)
        moot = moot_refusals(files)
        load.warnings += moot.values()
        load.refusals = [refusal for refusal in load.refusals if refusal.file not in moot]
        load.refusals += await_mending(files, delivered)
        # Empty, typed files, so that the models need no special case.
        empty_file(files.quarantine / NO_REJECTS, files.quarantine_schema())
        files.duplicates.mkdir(exist_ok=True)
        empty_file(files.duplicates / NO_DUPLICATES, files.raw_schema())
        if files.contents():
            (files.raw / NO_DELIVERY).unlink(missing_ok=True)
        elif files.table.is_optional() or parts_of(files.source, files.name):
            empty_file(files.raw / NO_DELIVERY, files.raw_schema())
        files.sweep()
        return load

    def _identify(self, batch: Batch, known: _Known) -> _Delivered:
        """What can be said of a file before it is loaded, and whether that already refuses it."""
        forms = self.files.forms(batch.batch)
        content = Content(
            source=self.files.source,
            table_name=self.files.name,
            batch=batch.batch,
            number=0,
            batch_kind=batch.kind,
            extracted_at=datetime.min,
            content_hash="",
            schema_version=self.files.table.version(forms),
            forms=forms,
        )
        try:
            with batch.opened() as stream:
                # A file that may be known costs no more than its hash; should it turn out to be a
                # new one, it is read once more.
                reading = (
                    take_hash(stream)
                    if known.is_loaded(batch.batch)
                    else read_once(stream, batch.path, batch.file)
                )
            content = replace(
                content, content_hash=reading.content_hash, extracted_at=batch.written_at()
            )
            content = replace(content, extracted_at=batch.extracted_at())
            if batch.twins:
                others = " and ".join(f"{batch.source}/{name}" for name in batch.twins)
                raise RefusedFile(batch.file, "twins", table=batch.table, others=others)
        except RefusedFile as refusal:
            return _Delivered(batch, content, refusal)
        return _Delivered(batch, content, reading)

    def _load_file(self, file: _Delivered, known: _Known, load: TableLoad) -> None:
        """Load a file, unless its content is known."""
        batch, content, reading = file
        is_refused = isinstance(reading, RefusedFile)
        replaced = known.replaced.get(batch.batch, [])
        same_path = [*known.loaded.get(batch.batch, []), *replaced]
        same = [entry for entry in same_path if entry.content_hash == content.content_hash]
        if content.content_hash and _any_of(content, known.unloaded):
            load.warnings.append(
                f"{batch.file}: left out, because it was taken out with `make unload`; to have it "
                f"back, delete its files in {self.files.unloaded} and refresh."
            )
            return
        if odd := not is_refused and batch.unread_timestamp():
            load.warnings.append(
                f"{batch.file}: {odd!r} has no timestamp that can be read, so it is ordered by the "
                "time of its file; name it like 2026-11-20 or 2026-11-20T020000Z"
            )
        if not (is_refused or same):
            load.warnings += known.old_again(content)
        # A timestamp in a name counts for what was loaded before it could be read, too.
        is_named = not is_refused and timestamp_in(batch.path.name) is not None
        is_as_judged = bool(same) and (
            same[0].schema_version == content.schema_version
            and (not is_named or same[0].extracted_at == content.extracted_at)
        )
        if not batch.twins and same and (same[0] in replaced or is_as_judged):
            load.unchanged += 1
            return
        seen_before = same or _any_of(content, known.refused)
        if seen_before and not is_refused:
            # When these bytes were first seen outlives a copy or a touch of the file.
            seen_at = content.extracted_at if is_named else seen_before[0].extracted_at
            content = replace(content, number=seen_before[0].number, extracted_at=seen_at)
        else:
            number = 1 + max((entry.number for entry in same_path), default=0)
            content = replace(content, number=number)
            if content.is_of_whole_table and content.content_hash:
                content = _after_earlier(content, same_path)
        self._load_content(content, partial(self._open, file, load), load)

    def _open(self, file: _Delivered, load: TableLoad) -> DeliveredRows:
        """Open a file for its rows.

        Raises:
            RefusedFile: it cannot be read.
        """
        batch, _, reading = file
        if isinstance(reading, RefusedFile):
            raise reading
        if reading.content_hash == EMPTY_HASH:
            raise RefusedFile(batch.file, "empty")
        checked, table = reading, self.files.table_of(file.content)
        if not reading.is_checked:
            with batch.opened() as stream:
                checked = read_once(stream, batch.path, batch.file)
        delivery = open_delivery(batch.path, batch.file, table, checked)
        if delivery.is_one_page:
            if batch.kind == "full":
                raise RefusedFile(batch.file, "one_page")
            load.warnings.append(
                f"{batch.file}: it is one page of several of an answer of the API; see that the "
                "others are delivered, too"
            )

        def is_as_read() -> bool:
            with batch.opened() as stream:
                return reading.is_of(stream)

        return DeliveredRows(table, batch.file, delivery, is_as_read, file.content.forms)

    def _load_content(
        self, content: Content, open_rows: Callable[[], Rows], load: TableLoad
    ) -> None:
        try:
            content, rejects, warnings = load_content(self.files, content, open_rows, self.run_id)
        except RefusedFile as refusal:
            load.refusals.append(refusal)
        else:
            load.read += 1
            load.warnings += warnings
            load.removals += filter(None, [removal(content)])
            load.rejects = pl.concat([load.rejects, rejects.select(load.rejects.columns)])


def _by_batch(contents: Iterable[Content]) -> dict[str, list[Content]]:
    found: dict[str, list[Content]] = {}
    for content in contents:
        found.setdefault(content.batch, []).append(content)
    return found


def _any_of(content: Content, known: dict[str, list[Content]]) -> list[Content]:
    """The known contents that are the same bytes under the same name."""
    return [entry for entry in known.get(content.batch, []) if entry.is_of(content)]


def _after_earlier(content: Content, earlier: Iterable[Content]) -> Content:
    """Date a new content of a table's one file after those seen before, whatever its file says.

    A restored or copied file may bear an older time than the content that it replaces (LND-7:
    contents of one path are ordered by when they were first seen).
    """
    moments = [known.extracted_at + timedelta(microseconds=1) for known in earlier]
    return replace(content, extracted_at=max([content.extracted_at, *moments]))
