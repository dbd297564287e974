"""Publish the marts of a complete refresh as one generation (SPEC 7): build, check, flip, retain.

Nothing here computes a figure; the marts are copied as the tests have seen them.
"""

import json
import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import dagster as dg
import duckdb

from orchestration.ingest import listed_batches
from orchestration.settings import Settings
from orchestration.transform import MARTS as DATABASE
from orchestration.transform import built_by, run_as_of

JOB = "nightly_refresh"
SCHEMA = "marts"
PACKAGES = ("dagster", "dbt-core", "dbt-duckdb", "duckdb", "pandera", "polars", "pyarrow")


class PublishError(RuntimeError):
    """A generation is not fit to be read; the current one stays."""


def generation_asset(
    settings: Settings, upstream: Sequence[dg.AssetsDefinition]
) -> dg.AssetsDefinition:
    """The published generation: what BI tools open.

    Args:
        settings: where the warehouse and the generations lie.
        upstream: all other assets; the generation is published only by a run that makes them all.
    """
    keys = {key for asset in upstream for key in asset.keys}
    steps = {asset.node_def.name for asset in upstream}

    def is_complete(run: dg.DagsterRun) -> bool:
        return (
            keys <= (run.asset_selection or keys)
            and run.asset_check_selection is None
            # A retry from the failed step on leaves out steps, although it names all assets.
            and steps <= set(run.step_keys_to_execute or steps)
        )

    @dg.asset(
        name="generation",
        deps=sorted(keys),
        group_name="published",
        kinds={"duckdb", "parquet"},
        owners=["team:data-engineering"],
        description="All marts of the last complete, fully tested refresh, under marts/current.",
    )
    def generation(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        if not is_complete(context.run):
            raise dg.Failure(
                f"Only a complete refresh is published. Launch the job {JOB} as a whole; the "
                "current generation stays.",
                allow_retries=False,
            )
        stamp = built_by(settings)
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != context.run_id:
            raise dg.Failure(
                "Another run has built in the warehouse since; the current generation stays. "
                f"Launch the job {JOB} again.",
                allow_retries=False,
            )
        started = datetime.now(UTC)
        folder = publish(
            settings,
            marts={key.path[-1] for key in keys if key.path[0] == SCHEMA},
            generation_id=f"{started:%Y%m%dT%H%M%SZ}-{context.run_id[:8]}",
            facts={
                "run_id": context.run_id,
                "as_of_date": run_as_of(context, settings).isoformat(),
                "published_at": started.isoformat(timespec="seconds"),
            },
        )
        counts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["row_counts"]
        return dg.MaterializeResult(
            metadata={"path": dg.MetadataValue.path(folder), "row_counts": counts}
        )

    return generation


def publish(settings: Settings, marts: set[str], generation_id: str, facts: dict[str, str]) -> Path:
    """Copy the marts into a new generation and point `marts/current` at it.

    Args:
        settings: where the warehouse and the generations lie.
        marts: names of the marts; other tables, of models that are gone, are dropped.
        generation_id: name of the new folder; names sort by age.
        facts: what the manifest says of the run.

    Returns:
        The folder of the generation.

    Raises:
        PublishError: the copy differs from the build, or is not what a reader may open.
    """
    generations = settings.marts_dir / "generations"
    generations.mkdir(parents=True, exist_ok=True)
    for leftover in generations.glob(".*"):  # of a process that died while it copied
        if leftover.is_dir():
            shutil.rmtree(leftover)
    unfinished = generations / f".{generation_id}"
    (unfinished / "parquet").mkdir(parents=True)
    counts = _copy_build(settings.warehouse_dir / DATABASE, unfinished / DATABASE, marts)
    _check_copy(unfinished / DATABASE, counts)
    _export_parquet(unfinished, counts)
    manifest = facts | {
        "generation": generation_id,
        "row_counts": counts,
        "input_batches": listed_batches(settings),
        "versions": {package: version(package) for package in PACKAGES},
    }
    text = json.dumps(manifest, indent=2, sort_keys=True, default=str) + "\n"
    (unfinished / "manifest.json").write_text(text, encoding="utf-8")
    for path in [*unfinished.rglob("*"), unfinished]:
        _sync(path)
    folder = unfinished.rename(generations / generation_id)
    _sync(generations)
    _point_current_at(folder)
    _retire(generations, settings.keep_generations)
    return folder


def _copy_build(built: Path, copy: Path, marts: set[str]) -> dict[str, int]:
    """Bring the build database to rest, count its rows and copy it."""
    # The open connection keeps every other process from writing to the file meanwhile.
    with duckdb.connect(built) as connection:
        for gone in _row_counts(connection).keys() - marts:
            connection.execute(f'drop table {SCHEMA}."{gone}"')
        connection.execute("checkpoint")
        counts = _row_counts(connection)
        if missing := marts - counts.keys():
            raise PublishError(f"the build lacks the marts {', '.join(sorted(missing))}")
        if built.with_name(f"{built.name}.wal").exists():
            raise PublishError(f"{built} has a write-ahead log after its checkpoint")
        shutil.copyfile(built, copy)
    return counts


def _row_counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    objects = connection.execute(
        "select table_schema, table_name, table_type from information_schema.tables"
    ).fetchall()
    strange = [row for row in objects if row[0] != SCHEMA or row[2] != "BASE TABLE"]
    if strange or not objects:
        raise PublishError(f"the marts database must hold tables of schema marts only: {strange}")
    counts = {}
    for _, table, _ in sorted(objects):
        counts[table] = len(connection.table(f'marts."{table}"'))
    return counts


def _check_copy(database: Path, counts: dict[str, int]) -> None:
    with duckdb.connect(database, read_only=True) as connection:
        copied = _row_counts(connection)
    if copied != counts:
        raise PublishError(f"the copy holds {copied} rows where the build holds {counts}")


def _export_parquet(folder: Path, counts: dict[str, int]) -> None:
    with duckdb.connect(folder / DATABASE, read_only=True) as connection:
        for mart, count in counts.items():
            target = folder / "parquet" / f"{mart}.parquet"
            connection.table(f'marts."{mart}"').write_parquet(str(target), compression="zstd")
            written = len(connection.read_parquet(str(target)))
            if written != count:
                raise PublishError(f"{target.name} holds {written} rows, the mart {count}")


def _point_current_at(folder: Path) -> None:
    """Flip the link in one step: a reader sees the old generation or the new one."""
    marts = folder.parents[1]
    link = marts / ".current"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.relative_to(marts), target_is_directory=True)
    link.replace(marts / "current")
    _sync(marts)


def _retire(generations: Path, keep: int) -> None:
    """Delete the oldest generations beyond `keep`, but never the one that readers open."""
    current = (generations.parent / "current").resolve()
    folders = sorted(path for path in generations.iterdir() if path.is_dir())
    for folder in folders[:-keep]:
        if folder.resolve() != current:
            shutil.rmtree(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
