"""The guards: a content of which too much is broken, or that deletes too much, is refused.

VAL-3 and LND-13. They judge what is kept; nothing is written here.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import polars as pl

from orchestration.ingest.judging import JudgedRows
from orchestration.ingest.keys import (
    NO_KEYS,
    Known,
    alive_keys,
    key_hashes,
    readable_key_hashes,
    union,
    without,
)
from orchestration.ingest.raw_store import Content, TableFiles
from orchestration.ingest.rejections import RefusedFile
from orchestration.settings import Settings
from schemas import RawTable

FREE_REJECTS = 10  # rows that any batch may have quarantined, however few it has
THOUSAND = 1000
SHRINK_FREE = 10  # ids that any snapshot may delete


def allowed_rejects(settings: Settings, rows: int) -> int:
    """How many of so many rows may be quarantined."""
    return max(FREE_REJECTS, int(settings.max_quarantine_ratio * rows))


def _small_columns(table: type[RawTable]) -> set[str]:
    """Columns whose numbers are never thousands."""
    return {
        name
        for name, column in table.schema().columns.items()
        for check in column.checks
        if column.dtype.type.is_decimal() and check.statistics.get("max_value", THOUSAND) < THOUSAND
    }


def guard_forms(table: type[RawTable], content: Content, judged: JudgedRows) -> None:
    """Refuse a content whose numbers or dates are written in another way than it was read by.

    Raises:
        RefusedFile: so it is (RAW-20, RAW-21).
    """
    if not judged.seen:
        return
    if found := judged.seen.other_mark(_small_columns(table)):
        column, (row, value), why = found
        facts = {"column": column, "row": row, "value": value, "why": why}
        raise RefusedFile(content.file, "decimal_mark", **facts)
    if found_date := judged.seen.other_order():
        column, (row, value) = found_date
        facts = {"column": column, "row": row, "value": value, "order": content.forms.date_order}
        raise RefusedFile(content.file, "date_order", **facts)


def warnings(content: Content, judged: JudgedRows) -> Iterator[str]:
    """What people should know of a content that was loaded all the same (RAW-22, RAW-23)."""
    for column, (row, value), count in judged.seen.shifted_dates() if judged.seen else ():
        yield (
            f"{content.file}: column {column}: row {row:,} has {value!r}, and all {count:,} "
            "timestamps are of one time of day, from noon on: a time zone has shifted these dates. "
            "Set PSA_SOURCE_TIMEZONE to the zone of the tenant if they name their zone, or export "
            "dates without a time."
        )
    for what, count in judged.seen.notes.items() if judged.seen else ():
        yield f"{content.file}: user-defined field {what} ({count:,} rows); they count as empty."


def guard_quality(settings: Settings, content: Content, judged: JudgedRows) -> None:
    """Refuse a content of which too much is broken.

    Raises:
        RefusedFile: so it is.
    """
    if not content.quarantined:
        return
    facts = {
        "quarantined": content.quarantined,
        "delivered": content.delivered,
        "rules": judged.most_broken(),
    }
    if content.quarantined == content.delivered:
        raise RefusedFile(content.file, "no_valid_row", **facts)
    allowed = allowed_rejects(settings, content.delivered)
    if content.quarantined > allowed:
        raise RefusedFile(content.file, "too_many_rejects", allowed=allowed, **facts)


def guard_size(
    files: TableFiles, content: Content, keys: pl.Series, rejected: Sequence[pl.DataFrame]
) -> None:
    """Refuse a snapshot, or a list of deleted keys, that would delete more than half of the table.

    Args:
        files: what the table is made of so far.
        content: what is about to be committed.
        keys: hashes of the keys of its valid rows.
        rejected: the keys of its quarantined rows.

    Raises:
        RefusedFile: it would.
    """
    if content.batch_kind == "upsert" or files.settings.allow_shrink:
        return
    known = known_keys(files)
    before = alive_keys(known)
    if len(before) < SHRINK_FREE:
        return
    readable = partial(readable_key_hashes, files.table)
    this = (content, lambda: keys, lambda: union(map(readable, rejected)))
    others = [entry for entry in known if not _is_replaced_by(entry[0], content)]
    after = alive_keys(sorted([*others, this], key=lambda entry: entry[0].order))
    deleted = without(before, after).len()
    if deleted >= SHRINK_FREE and 2 * deleted > before.len():
        kind = "deletes" if content.is_of_keys else "shrinks"
        facts = {"deleted": deleted, "current": before.len(), "batch": content.file}
        raise RefusedFile(content.file, kind, **facts)


def unknown_keys(files: TableFiles, content: Content, raw_file: Path) -> list[str]:
    """Warn of keys in a list of deleted ones that are not current (LND-14).

    Args:
        files: what the table is made of so far.
        content: what is about to be committed.
        raw_file: its rows.
    """
    others = [entry for entry in known_keys(files) if not _is_replaced_by(entry[0], content)]
    listed = pl.read_parquet(raw_file, columns=list(files.table.key()))
    unknown = listed.filter(_not_in(key_hashes(files.table, listed), alive_keys(others)))
    part = files.table.part_of()
    if part and not any(known.batch_kind == "full" for known, _, _ in others):
        # The whole may still hold records of this kind.
        whole = TableFiles(files.source, part[0], files.settings)
        (column,) = set(whole.table.key()) - set(files.table.key())
        hashes = key_hashes(whole.table, unknown.with_columns(pl.lit(part[1]).alias(column)))
        unknown = unknown.filter(_not_in(hashes, alive_keys(known_keys(whole))))
    if unknown.is_empty():
        return []
    return [f"{content.file}: {unknown.height:,} of its {listed.height:,} keys are not current"]


def _not_in(keys: pl.Series, others: pl.Series) -> pl.Series:
    return ~keys.is_in(others.implode())


def known_keys(files: TableFiles) -> list[Known]:
    """The contents of a table, in order, with what reads their keys."""
    return [
        (content, partial(_loaded_keys, files, path), partial(_quarantined_keys, files, content))
        for path, content in files.contents().items()
    ]


def _is_replaced_by(known: Content, content: Content) -> bool:
    """Whether a content is one that this one corrects, or the same judged before."""
    if known.batch != content.batch:
        return False
    return not content.is_of_whole_table or known.content_hash == content.content_hash


def _loaded_keys(files: TableFiles, path: Path) -> pl.Series:
    return key_hashes(files.table, pl.read_parquet(path, columns=list(files.table.key())))


def _quarantined_keys(files: TableFiles, content: Content) -> pl.Series:
    path = files.beside(files.quarantine, content)
    if not content.quarantined or not path.exists():
        return NO_KEYS
    return readable_key_hashes(files.table, pl.read_parquet(path, columns=list(files.table.key())))
