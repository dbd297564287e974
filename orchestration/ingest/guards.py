"""The guards: a content of which too much is broken, or that deletes too much, is refused.

VAL-3, LND-13, LND-15. They judge what is kept; nothing is written here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
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
from schemas import RAW_TABLES, RawTable

FREE_REJECTS = 10  # rows that any batch may have quarantined, however few it has
THOUSAND = 1000
REMOVAL_FREE = 10  # ids that any snapshot may delete
REMOVAL_TOLD = Decimal("0.05")  # the part of a table above which a removal is told


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


def removal(content: Content) -> str | None:
    """What a content took away, if that is so much that people should know (LND-15)."""
    if content.removed < REMOVAL_FREE or content.removed <= REMOVAL_TOLD * content.removed_of:
        return None
    measure = RAW_TABLES[content.source, content.table_name].control_total()
    with_them = f", and {content.measure_removed:,.2f} of {measure} with them" if measure else ""
    return (
        f"{content.file} takes away {content.removed:,} of the table's {content.removed_of:,} ids"
        f"{with_them}. If they are not gone at the source, take it out with "
        f"`make unload BATCH={content.file}` and deliver all of the table."
    )


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
) -> Content:
    """Refuse a snapshot, or a list of deleted keys, that would delete more than half of the table.

    Args:
        files: what the table is made of so far.
        content: what is about to be committed.
        keys: hashes of the keys of its valid rows.
        rejected: the keys of its quarantined rows.

    Returns:
        The content, with the keys that it takes away and what goes with them (LND-15).

    Raises:
        RefusedFile: it would.
    """
    if content.batch_kind == "upsert":
        return content
    known = known_keys(files)
    for earlier, _, _ in known:
        if earlier.is_of(content):  # judged anew: what it took away has long been gone
            return replace(
                content,
                removed=earlier.removed,
                removed_of=earlier.removed_of,
                measure_removed=earlier.measure_removed,
            )
    before = alive_keys(known)
    if len(before) < REMOVAL_FREE:
        return content
    readable = partial(readable_key_hashes, files.table)
    this = (content, lambda: keys, lambda: union(map(readable, rejected)))
    others = [entry for entry in known if not _is_replaced_by(entry[0], content)]
    after = alive_keys(sorted([*others, this], key=lambda entry: entry[0].order))
    removed = without(before, after)
    if removed.len() < REMOVAL_FREE:
        return content
    if 2 * removed.len() > before.len() and not files.settings.allow_shrink:
        kind = "deletes" if content.is_of_keys else "shrinks"
        facts = {"deleted": removed.len(), "current": before.len(), "batch": content.file}
        raise RefusedFile(content.file, kind, **facts)
    return replace(
        content,
        removed=removed.len(),
        removed_of=before.len(),
        measure_removed=_measure_of(files, removed),
    )


def _measure_of(files: TableFiles, keys: pl.Series) -> Decimal | None:
    """The control total of the last loaded rows of these keys; None when the table has none."""
    measure = files.table.control_total()
    if measure is None:
        return None
    total = Decimal(0)
    columns = [*dict.fromkeys([*files.table.key(), measure])]
    for path, content in reversed(files.contents().items()):
        if content.is_of_keys:
            continue
        rows = pl.read_parquet(path, columns=columns)
        hashes = key_hashes(files.table, rows)
        total += Decimal(rows.filter(hashes.is_in(keys.implode()))[measure].sum())
        keys = without(keys, hashes)
    return total


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
