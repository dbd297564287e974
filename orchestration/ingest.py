"""The raw tables as assets: read -> validate -> write parquet, one code path for all of them.

What a valid row is belongs to `schemas`, how files are found and read to `landing`.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pyarrow.parquet

from orchestration.landing import Batch, RefusedFile, find_batches, read_chunks
from orchestration.settings import Settings
from schemas import RAW_TABLES, RawTable

BATCH_COLUMNS: dict[str, pl.DataType] = {
    "_batch": pl.String(),
    "_batch_kind": pl.String(),
    "_extracted_at": pl.Datetime("us"),
    "_row_number": pl.Int64(),
    "_content_hash": pl.String(),
    "_schema_version": pl.String(),
}
LOADED_BATCH: dict[str, pl.DataType] = {
    "source": pl.String(),
    "table_name": pl.String(),
    "batch": pl.String(),
    "batch_kind": pl.String(),
    "extracted_at": pl.Datetime("us"),
    "content_hash": pl.String(),
    "schema_version": pl.String(),
    "row_count": pl.Int64(),
}
BATCHES = ("ingest", "batches")
LEDGER = b"psa_batch"
ROWS_SHOWN = 5


class RefusedRows(RefusedFile):
    """A file holds rows that break a rule.

    Attributes:
        broken: one row per broken rule with `file`, `row` (1 = first data row), `column`, `rule`
            and `value`.
        delivered: rows in the file.
    """

    def __init__(self, batch: Batch, broken: pl.DataFrame, delivered: int) -> None:
        """Name the first broken rows and how many there are."""
        self.broken = broken.select(pl.lit(batch.batch).alias("file"), pl.all())
        self.delivered = delivered
        count = broken["row"].n_unique()
        shown = [
            f"  row {row}, column {column}, value {value!r:.80}: rule: {rule}"
            for row, column, rule, value in broken.head(ROWS_SHOWN).iter_rows()
        ]
        more = (
            [] if broken.height <= ROWS_SHOWN else [f"  … and {broken.height - ROWS_SHOWN:,} more"]
        )
        super().__init__(
            "\n".join(
                [
                    f"{batch.batch}: {count:,} of {delivered:,} rows break a rule; nothing of the "
                    "file was loaded. Correct them at the source and deliver the file again.",
                    *shown,
                    *more,
                ]
            )
        )


@dataclass
class TableLoad:
    """What one load of a table did."""

    read: int = 0
    unchanged: int = 0
    refused_rows: int = 0
    refusals: list[RefusedFile] = field(default_factory=list)

    @property
    def broken(self) -> pl.DataFrame:
        """All broken rules of the refused files."""
        frames = [refusal.broken for refusal in self.refusals if isinstance(refusal, RefusedRows)]
        return pl.concat(frames) if frames else pl.DataFrame()


def load_table(table: type[RawTable], batches: list[Batch], folder: Path) -> TableLoad:
    """Bring the raw files of a table up to date with its delivered batches.

    A batch already loaded under the same rules is not read again. A refused batch leaves the raw
    files as they were.
    """
    folder.mkdir(parents=True, exist_ok=True)
    load = TableLoad()
    for batch in batches:
        try:
            if _load_batch(table, batch, folder):
                load.read += 1
            else:
                load.unchanged += 1
        except RefusedFile as refusal:
            load.refusals.append(refusal)
            load.refused_rows += getattr(refusal, "delivered", 0)
    if table.is_optional() and not any(map(read_ledger, folder.glob("*.parquet"))):
        with _raw_file(folder / "no-delivery.parquet", table, {}):
            pass  # an empty, typed file, so that the models need no special case
    return load


def _load_batch(table: type[RawTable], batch: Batch, folder: Path) -> bool:
    """Write the raw file of a batch, unless it is there already.

    Returns:
        Whether the batch was read.

    Raises:
        RefusedFile: the file is not loaded, as a whole.
    """
    extracted_at, content_hash = batch.extracted_at(), batch.content_hash()
    target = folder / _raw_name(batch, content_hash)
    loaded = read_ledger(target) if target.exists() else {}
    if loaded.get("content_hash") == content_hash:
        # The moment at which these bytes were first seen outlives a copy or a touch of the file.
        extracted_at = datetime.fromisoformat(loaded["extracted_at"])
        if loaded["schema_version"] == table.version():
            return False
    else:
        extracted_at = _after_earlier_contents(extracted_at, batch, folder)
    ledger = {
        "batch": batch.batch,
        "batch_kind": batch.kind,
        "extracted_at": extracted_at.isoformat(),
        "content_hash": content_hash,
        "schema_version": table.version(),
    }
    delivered, broken = 0, []
    with _raw_file(target, table, ledger) as append:
        for chunk in read_chunks(batch, table):
            rows, problems = table.judge(chunk)
            broken.append(problems.with_columns(pl.col("row") + delivered + 1))
            stamps = {
                "_batch": pl.lit(batch.batch),
                "_batch_kind": pl.lit(batch.kind),
                "_extracted_at": pl.lit(extracted_at, pl.Datetime("us")),
                "_row_number": pl.int_range(delivered + 1, delivered + rows.height + 1),
                "_content_hash": pl.lit(content_hash),
                "_schema_version": pl.lit(table.version()),
            }
            append(rows.with_columns(**stamps))
            delivered += rows.height
        if any(problems.height for problems in broken):
            raise RefusedRows(batch, pl.concat(broken), delivered)
    return True


def _after_earlier_contents(extracted_at: datetime, batch: Batch, folder: Path) -> datetime:
    """Date a new content of a table's one file after those seen before, whatever its file says.

    A restored or copied file may bear an older time than the content that it replaces (SPEC 1:
    contents of one path are ordered by when they were first seen).
    """
    if "/" in batch.batch:  # a file of its own in the table's folder replaces its earlier self
        return extracted_at
    ledgers = [read_ledger(path) for path in folder.glob("*.parquet")]
    earlier = [
        datetime.fromisoformat(ledger["extracted_at"])
        for ledger in ledgers
        if ledger.get("batch") == batch.batch
    ]
    return max([extracted_at, *(seen + timedelta(microseconds=1) for seen in earlier)])


def _raw_name(batch: Batch, content_hash: str) -> str:
    """Name the raw file of a batch; every content of a table's one file stays as history."""
    content = "" if "/" in batch.batch else f"--{content_hash[:12]}"
    return batch.batch.replace("/", "--") + content + ".parquet"


def read_ledger(raw_file: Path) -> dict[str, str]:
    """Read what a raw file remembers of its batch."""
    metadata = pyarrow.parquet.read_schema(raw_file).metadata or {}
    ledger: dict[str, str] = json.loads(metadata.get(LEDGER, b"{}"))
    return ledger


@contextmanager
def _raw_file(
    target: Path, table: type[RawTable], ledger: dict[str, str]
) -> Iterator[Callable[[pl.DataFrame], None]]:
    """Write a raw file that appears whole or not at all; yields what appends rows to it."""
    schema = pl.DataFrame(schema=table.columns() | BATCH_COLUMNS).to_arrow().schema
    schema = schema.with_metadata({LEDGER: json.dumps(ledger).encode()})
    with (
        whole_file(target) as unfinished,
        pyarrow.parquet.ParquetWriter(unfinished, schema, compression="zstd") as parquet,
    ):
        yield lambda rows: parquet.write_table(rows.to_arrow().cast(schema))


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Yield a path to write to; it becomes `target` only once all of it is on disk."""
    # The leading dot keeps the unfinished file out of every `*.parquet` pattern.
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        yield unfinished
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def raw_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """One asset a raw table; its key is [source, table], as the dbt source expects."""
    return [
        _raw_asset(source, name, table, settings) for (source, name), table in RAW_TABLES.items()
    ]


def _raw_asset(
    source: str, name: str, table: type[RawTable], settings: Settings
) -> dg.AssetsDefinition:
    key = dg.AssetKey([source, name])
    folder = settings.raw_dir / source / name
    checks = [
        dg.AssetCheckSpec(
            "schema", asset=key, blocking=True, description="Every delivered row obeys its schema."
        )
    ]
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
        batches, ignored = find_batches(settings.landing_dir)
        for warning in ignored:
            if _is_about(warning, source, name):
                context.log.warning(warning)
        load = load_table(table, batches[source, name], folder)
        ledgers = [read_ledger(path) for path in sorted(folder.glob("*.parquet"))]
        loaded = [ledger for ledger in ledgers if ledger]
        problems = [str(refusal) for refusal in load.refusals]
        if not loaded and not problems and not table.is_optional():
            problems.append(
                f"{source}/{name}: required table missing: no {name}.csv, {name}.parquet or "
                f"{name}/ with such files in {settings.landing_dir / source}. Deliver an extract."
            )
        yield dg.AssetCheckResult(
            check_name="schema",
            passed=not problems,
            description="\n".join(problems),
            metadata={"rows_refused": load.refused_rows}
            | ({"broken_rules": _as_table(load.broken)} if load.broken.height else {}),
        )
        if has_age:
            yield _extract_age(loaded, settings)
        if problems:
            return
        rows = sum(_row_count(path) for path in folder.glob("*.parquet"))
        yield dg.MaterializeResult(
            metadata={
                "dagster/row_count": rows,
                "files_read": load.read,
                "files_unchanged": load.unchanged,
            }
        )

    return raw_table


def _is_about(warning: str, source: str, name: str) -> bool:
    return warning.startswith((f"{source}/{name}.", f"{source}/{name}/"))


def batches_asset(settings: Settings) -> dg.AssetsDefinition:
    """The list of all loaded batches, empty ones too, which the rows alone cannot tell."""

    @dg.asset(
        key=BATCHES,
        deps=[dg.AssetKey(key) for key in RAW_TABLES],
        group_name="raw",
        kinds={"parquet"},
        owners=["team:data-engineering"],
        description="One row per loaded batch of a raw table.",
    )
    def batches(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        for warning in find_batches(settings.landing_dir)[1]:
            if not any(_is_about(warning, source, name) for source, name in RAW_TABLES):
                context.log.warning(warning)
        rows = pl.DataFrame(loaded_batches(settings), schema=LOADED_BATCH)
        folder = settings.raw_dir.joinpath(*BATCHES)
        folder.mkdir(parents=True, exist_ok=True)
        with whole_file(folder / "batches.parquet") as unfinished:
            rows.write_parquet(unfinished)
        return dg.MaterializeResult(metadata={"dagster/row_count": rows.height})

    return batches


def _extract_age(loaded: list[dict[str, str]], settings: Settings) -> dg.AssetCheckResult:
    newest = max(
        (datetime.fromisoformat(ledger["extracted_at"]) for ledger in loaded), default=datetime.min
    )
    age = datetime.now(UTC).replace(tzinfo=None) - newest
    limit = timedelta(hours=float(settings.max_extract_age_hours))
    return dg.AssetCheckResult(
        check_name="extract_age",
        passed=age <= limit,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"the newest extract is of {newest} UTC, {age // timedelta(hours=1):,} h old"
        if loaded
        else "there is no extract",
    )


def loaded_batches(settings: Settings) -> list[dict[str, Any]]:
    """List every batch that the raw files hold, with the columns of `LOADED_BATCH`."""
    return [
        {"source": source, "table_name": name, "row_count": _row_count(path), **ledger}
        | {"extracted_at": datetime.fromisoformat(ledger["extracted_at"])}
        for source, name in RAW_TABLES
        for path in sorted((settings.raw_dir / source / name).glob("*.parquet"))
        if (ledger := read_ledger(path))
    ]


def listed_batches(settings: Settings) -> list[dict[str, Any]]:
    """List the batches that the last refresh has built from."""
    return pl.read_parquet(settings.raw_dir.joinpath(*BATCHES) / "batches.parquet").to_dicts()


def _as_table(broken: pl.DataFrame) -> dg.TableMetadataValue:
    shown = broken.head(100).with_columns(pl.all().cast(pl.String).fill_null("(null)"))
    return dg.MetadataValue.table([dg.TableRecord(row) for row in shown.to_dicts()])


def _row_count(raw_file: Path) -> int:
    return int(pyarrow.parquet.read_metadata(raw_file).num_rows)
