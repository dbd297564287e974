"""The raw tables as assets, one code path for all of them, and the list of their contents.

What a valid row is belongs to `schemas`, what becomes of a delivered file to `load`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from orchestration.ingest.landing import Batch, find_batches
from orchestration.ingest.load import TableLoad
from orchestration.ingest.raw_store import TableFiles, whole_file
from orchestration.ingest.rejections import RefusedFile
from orchestration.ingest.stored import keep
from orchestration.ingest.workers import Table, WorkerDiedError, Workers, load
from orchestration.settings import Settings
from orchestration.store import StoreError
from schemas import RAW_TABLES, parts_of
from schemas.user_fields import wanted

# What the models know of every content; the attributes of `Content` and what follows from them.
BATCHES_COLUMNS: dict[str, pl.DataType] = {
    "source": pl.String(),
    "table_name": pl.String(),
    "batch": pl.String(),
    "batch_kind": pl.String(),
    "extracted_at": pl.Datetime("us"),
    "content_hash": pl.String(),
    "schema_version": pl.String(),
    "delivered": pl.Int64(),
    "loaded": pl.Int64(),
    "quarantined": pl.Int64(),
    "duplicates": pl.Int64(),
    "measure_delivered": pl.Decimal(38, 4),
    "measure_loaded": pl.Decimal(38, 4),
    "measure_quarantined": pl.Decimal(38, 4),
    "measure_duplicates": pl.Decimal(38, 4),
    "removed": pl.Int64(),
    "removed_of": pl.Int64(),
    "measure_removed": pl.Decimal(38, 4),
    "is_replaced": pl.Boolean(),
    "is_refused": pl.Boolean(),
    "refusal_reason": pl.String(),
    "new_columns": pl.List(pl.String()),
    "missing_columns": pl.List(pl.String()),
    "above_header": pl.String(),
}
BATCHES, REJECTS = dg.AssetKey(["ingest", "batches"]), dg.AssetKey(["quarantine", "rejects"])
DUPLICATES = dg.AssetKey(["quarantine", "charge_duplicates"])
REJECTS_SHOWN = 100
# It names what is left alone and of no table, because it is tried whatever becomes of the others.
FIRST_TABLE = next(iter(RAW_TABLES))
# The loads of the run at work: its steps share one process (`single_run_executor`).
_workers: dict[str, Workers] = {}


def raw_assets(settings: Settings, after: Sequence[dg.AssetKey] = ()) -> list[dg.AssetsDefinition]:
    """One asset a raw table; its key is [source, table], as the dbt source expects.

    Args:
        settings: where everything lies.
        after: what must have delivered its files before they are looked for.
    """
    return [_raw_asset(source, name, settings, after) for source, name in RAW_TABLES]


def _raw_asset(
    source: str, name: str, settings: Settings, after: Sequence[dg.AssetKey]
) -> dg.AssetsDefinition:
    key, table = dg.AssetKey([source, name]), RAW_TABLES[source, name]
    checks = [
        dg.AssetCheckSpec(
            "schema",
            asset=key,
            blocking=True,
            description="Every delivered file is loaded, but for single rows that break a rule.",
        ),
        dg.AssetCheckSpec(
            "quarantine", asset=key, description="No row of the files read was quarantined."
        ),
    ]
    checks.append(
        dg.AssetCheckSpec(
            "removals", asset=key, description="No file read took much of the table away."
        )
    )
    has_age = not table.is_optional() and not settings.is_sample
    if has_age:
        hours = settings.max_extract_age_hours
        checks.append(
            dg.AssetCheckSpec(
                "extract_age", asset=key, description=f"The newest extract is within {hours} hours."
            )
        )

    @dg.asset(
        key=key,
        deps=after,
        description=table.__doc__,
        group_name="raw",
        kinds={"parquet"},
        owners=["team:data-engineering"],
        metadata={
            "dagster/column_schema": dg.TableSchema(
                [
                    dg.TableColumn(column, str(dtype), table.schema().columns[column].description)
                    for column, dtype in table.columns().items()
                ]
            ),
            "required_columns": table.required_columns(),
        },
        check_specs=checks,
        output_required=False,
    )
    def raw_table(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        settings.prepare_data_dir()  # refuses the rows of another landing folder
        load = _load(context.run, (source, name), settings)
        batches, ignored = find_batches(settings.landing_dir)
        files = TableFiles(source, name, settings)
        _keep(files)
        for warning in [
            *(found.words for found in ignored if (found.table or FIRST_TABLE) == (source, name)),
            *load.warnings,
        ]:
            context.log.warning(warning)
        loaded = [content for content in files.contents().values() if not content.is_of_keys]
        parts = _extracts_of_parts(source, name, batches, settings)
        if not (loaded or load.refusals or table.is_optional() or parts):
            load.refusals.append(_missing(files))
        yield dg.AssetCheckResult(
            check_name="schema",
            passed=not load.refusals,
            description="\n".join(map(str, load.refusals)),
        )
        yield _quarantine_check(load.rejects)
        yield dg.AssetCheckResult(
            check_name="removals",
            passed=not load.removals,
            severity=dg.AssetCheckSeverity.WARN,
            description="\n".join(load.removals),
        )
        if has_age:
            yield _extract_age([content.extracted_at for content in loaded] + parts, settings)
        if load.refusals:
            return
        yield dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(content.loaded for content in loaded),
                "files_read": load.read,
                "files_unchanged": load.unchanged,
            }
        )

    return raw_table


def _load(run: dg.DagsterRun, table: Table, settings: Settings) -> TableLoad:
    """Load a table; with several workers, the first one asked for starts all of the run."""
    tables = [
        found
        for found in RAW_TABLES
        if (not run.asset_selection or dg.AssetKey(found) in run.asset_selection)
        and (not run.step_keys_to_execute or "__".join(found) in run.step_keys_to_execute)
    ]
    if settings.ingest_workers == 1 or len(tables) == 1:
        return load(settings, run.run_id, table)
    if run.run_id not in _workers:
        _workers.clear()
        _workers[run.run_id] = Workers(settings, run.run_id, tables)
    try:
        return _workers[run.run_id].result(table, [(table[0], part) for part in parts_of(*table)])
    except WorkerDiedError as error:
        raise dg.Failure(str(error), allow_retries=False) from None


def _keep(files: TableFiles) -> None:
    try:
        keep(files)
    except StoreError as error:
        raise dg.Failure(str(error), allow_retries=False) from None


def _missing(files: TableFiles) -> RefusedFile:
    """Why a required table has no extract (RAW-9)."""
    table = f"{files.source}/{files.name}"
    if taken_out := files.contents(files.unloaded).values():
        batches = ", ".join(sorted({content.file for content in taken_out}))
        facts = {"batches": batches, "folder": files.unloaded}
        return RefusedFile(table, "unloaded_table", **facts)
    folder = files.settings.landing_dir / files.source
    return RefusedFile(table, "missing_table", name=files.name, folder=folder)


def _quarantine_check(rejects: pl.DataFrame) -> dg.AssetCheckResult:
    rows = rejects.select("batch", "row_number").unique()
    shown = rejects.select("batch", "row_number", "column_name", "rule", "offending_value")
    texts = shown.head(REJECTS_SHOWN).with_columns(pl.all().cast(pl.String).fill_null("(null)"))
    rules = rejects.group_by("column_name", "rule").len()
    rules = rules.sort("len", "column_name", "rule", descending=[True, False, False])
    most_often = ": ".join(filter(None, rules.row(0)[:2])) if rules.height else ""
    found = (
        f"rows set aside: {rows.height:,}, in files: {rows['batch'].n_unique():,}; most often "
        f"{most_often}; `make quarantine` shows them"
    )
    return dg.AssetCheckResult(
        check_name="quarantine",
        passed=rows.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        description=found if rows.height else "",
        metadata={
            "rows": rows.height,
            "broken_rules": dg.MetadataValue.table(
                [dg.TableRecord(row) for row in texts.to_dicts()]
            ),
        }
        if rows.height
        else {"rows": 0},
    )


def _extracts_of_parts(
    source: str, name: str, batches: Mapping[tuple[str, str], list[Batch]], settings: Settings
) -> list[datetime]:
    """The moments of the extracts that stand for a table (RAW-10), loaded or about to be."""
    moments: list[datetime] = []
    for part in parts_of(source, name):
        contents = TableFiles(source, part, settings).contents().values()
        moments += [content.extracted_at for content in contents if not content.is_of_keys]
        for batch in batches[source, part]:
            with suppress(RefusedFile):  # told by its own table
                moments += [batch.extracted_at()] if batch.kind != "deleted" else []
    return moments


def _extract_age(extracts: list[datetime], settings: Settings) -> dg.AssetCheckResult:
    newest = max(extracts, default=datetime.min)
    age = datetime.now(UTC).replace(tzinfo=None) - newest
    limit = timedelta(hours=float(settings.max_extract_age_hours))
    return dg.AssetCheckResult(
        check_name="extract_age",
        passed=age <= limit,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"the newest extract is of {newest} UTC, {age // timedelta(hours=1):,} h old"
        if extracts
        else "there is no extract",
    )


def batches_asset(settings: Settings) -> dg.AssetsDefinition:
    """What all raw tables together have delivered: the list of contents, and the rejected rows."""
    descriptions = {
        BATCHES: "One row per delivered content of a raw table, with what became of its rows.",
        REJECTS: "One row per rule that a quarantined row of any raw table breaks.",
        DUPLICATES: "One row per charge that a later row of its key in its file replaces.",
    }

    @dg.multi_asset(
        name="ingest__batches",
        specs=[
            dg.AssetSpec(
                key,
                deps=[dg.AssetKey(table) for table in RAW_TABLES],
                group_name="raw",
                kinds={"parquet"},
                owners=["team:data-engineering"],
                description=description,
            )
            for key, description in descriptions.items()
        ],
    )
    def batches() -> Iterator[dg.MaterializeResult[None]]:
        rows = write_batches(settings)
        yield dg.MaterializeResult(BATCHES, metadata={"dagster/row_count": rows.height})
        yield dg.MaterializeResult(
            REJECTS, metadata={"quarantined_rows": int(rows["quarantined"].sum())}
        )
        yield dg.MaterializeResult(DUPLICATES)

    return batches


def write_batches(settings: Settings) -> pl.DataFrame:
    """List the contents of all raw tables for the models; returns the list."""
    tables = (TableFiles(source, name, settings) for source, name in RAW_TABLES)
    listed = [row for files in tables for row in _listed(files)]
    rows = pl.DataFrame(listed, schema=BATCHES_COLUMNS)
    target = batches_file(settings)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists() or not pl.read_parquet(target).equals(rows):
        with whole_file(target) as unfinished:
            rows.write_parquet(unfinished)
    return rows


def _listed(files: TableFiles) -> Iterator[dict[str, Any]]:
    for folder in (files.raw, files.replaced, files.refused, files.mended):
        for content in files.contents(folder).values():
            unknown, _ = files.table.headers().drift(content.headers)
            _, missing = files.table_of(content).headers().drift(content.headers)
            yield {name: getattr(content, name, None) for name in BATCHES_COLUMNS} | {
                "is_replaced": folder == files.replaced,
                "is_refused": bool(content.refusal_kind),
                "new_columns": [
                    name for name in unknown if not any(wanted(content.forms, [name]).values())
                ],
                # A file without a single header, `[]`, says nothing of its columns.
                "missing_columns": missing if content.headers else [],
                "above_header": content.above_header or None,
            }


def listed_batches(settings: Settings) -> list[dict[str, Any]]:
    """List the contents that the last refresh has built from, with their hashes and counts."""
    listed = pl.read_parquet(batches_file(settings))
    return listed.filter(~pl.col("is_replaced") & ~pl.col("is_refused")).to_dicts()


def batches_file(settings: Settings) -> Path:
    """The file with the list of all contents; the same list is the same bytes."""
    return settings.raw_dir.joinpath(*BATCHES.path) / "batches.parquet"
