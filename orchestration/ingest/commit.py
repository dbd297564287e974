"""One content, from its rows to its raw file: judged, guarded, written; committed or refused."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow.parquet

from orchestration.ingest.guards import (
    allowed_rejects,
    guard_forms,
    guard_quality,
    guard_size,
    unknown_keys,
    warnings,
)
from orchestration.ingest.judging import JudgedRows
from orchestration.ingest.keys import union
from orchestration.ingest.raw_store import (
    LEDGER,
    Content,
    TableFiles,
    append,
    frames,
    parquet_file,
    parquet_writer,
    whole_file,
)
from orchestration.ingest.refused import REFUSED_ROWS_KEPT, remember
from orchestration.ingest.rejections import RefusedFile
from orchestration.ingest.rows import Rows
from orchestration.progress import advance
from schemas.suspicions import Suspicions


def load_content(
    files: TableFiles, content: Content, open_rows: Callable[[], Rows], run_id: str
) -> tuple[Content, pl.DataFrame, list[str]]:
    """Load a content, all of it or nothing.

    Args:
        files: of its table.
        content: what is known of it before it is read.
        open_rows: opens its rows.
        run_id: what quarantined rows remember of the run that judged them.

    Returns:
        The content with its counts, the broken rules of its quarantined rows, and what else people
        should know of it.

    Raises:
        RefusedFile: nothing of it is loaded; the refusal is on record.
    """
    judged = JudgedRows(files.table_of(content), content.forms)
    try:
        rows = open_rows()
        if rows.is_whole:
            judged.seen = Suspicions(content.forms)
        content = replace(content, headers=rows.headers, above_header=rows.above_header)
        content, rejects, of_keys = _commit(files, content, rows, judged, run_id)
        return content, rejects, [*of_keys, *warnings(content, judged)]
    except RefusedFile as refusal:
        remember(files, content, refusal, judged, run_id)
        raise


def _commit(
    files: TableFiles, content: Content, rows: Rows, judged: JudgedRows, run_id: str
) -> tuple[Content, pl.DataFrame, list[str]]:
    with whole_file(files.raw_path(content)) as unfinished:
        with parquet_writer(unfinished, files.raw_schema()) as writer:
            _write_valid(files, content, rows, judged, writer)
            content = judged.counted(content)
            guard_forms(files.table, content, judged)
            guard_quality(files.settings, content, judged)
            keys = union(judged.key_hashes)
            content = guard_size(files, content, keys, judged.rejected)
            writer.add_key_value_metadata({LEDGER: content.dumps()})
        if len(keys) < content.loaded:
            content = _move_duplicates(files, content, judged, unfinished)
        of_keys = unknown_keys(files, content, unfinished) if content.is_of_keys else []
        rejects = judged.rejects(files, content, run_id)
        if rejects.height:
            texts = rows.as_json(rejects["row_number"].unique())
            rejects = rejects.with_columns(
                row_json=rejects["row_number"].replace_strict(texts, return_dtype=pl.String)
            )
            files.write_rejects(files.beside(files.quarantine, content), rejects, content)
        files.keep_replaced(content)
    return content, rejects, of_keys


def _write_valid(
    files: TableFiles,
    content: Content,
    rows: Rows,
    judged: JudgedRows,
    writer: pyarrow.parquet.ParquetWriter,
) -> None:
    """Judge all rows and write the valid ones, each piece while the next is judged."""
    stamps = {
        "_batch": pl.lit(content.batch),
        "_batch_kind": pl.lit(content.batch_kind),
        "_extracted_at": pl.lit(content.extracted_at, pl.Datetime("us")),
        "_content_hash": pl.lit(content.content_hash),
        "_schema_version": pl.lit(content.schema_version),
    }
    columns = files.table.columns()
    stamps |= {
        name: pl.lit(None, columns[name]) for name in columns.keys() - judged.table.columns().keys()
    }
    most_kept = max(REFUSED_ROWS_KEPT, allowed_rejects(files.settings, rows.most_rows))
    writing: Future[None] | None = None
    advance(0, "rows", expected=rows.most_rows)
    with ThreadPoolExecutor(1) as second_core:
        for piece in rows.pieces():
            valid = judged.take(piece, most_kept)
            advance(len(piece[0]), "rows")
            if writing:
                writing.result()
            writing = second_core.submit(append, writer, valid.with_columns(**stamps))
        if writing:
            writing.result()


def _move_duplicates(
    files: TableFiles, content: Content, judged: JudgedRows, unfinished: Path
) -> Content:
    """Move the rows that a later one of the same key replaces out of a raw file.

    Returns:
        The content with its duplicates counted.
    """
    doubled = judged.duplicates(unfinished)
    if doubled.is_empty():
        return content
    content = judged.without_duplicates(content, doubled)
    files.duplicates.mkdir(parents=True, exist_ok=True)
    parted = unfinished.with_name(f"{unfinished.name}.parted")
    schema, beside = files.raw_schema(), files.beside(files.duplicates, content)
    with (
        parquet_file(parted, schema, content) as keep,
        parquet_file(beside, schema, content) as move,
    ):
        for rows in frames(unfinished):
            is_doubled = rows["_row_number"].is_in(doubled["_row_number"].implode())
            keep(rows.filter(~is_doubled))
            move(rows.filter(is_doubled))
    parted.replace(unfinished)
    return content
