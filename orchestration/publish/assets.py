"""The published generation as an asset: what makes a run complete enough to be published.

How a generation is built and flipped is in `generations`.
"""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from orchestration.build.assets import WAREHOUSE, models_by_as_of_date, run_as_of
from orchestration.build.fingerprint import FORCE, Inputs, last_build
from orchestration.ingest.assets import listed_batches
from orchestration.publish.generations import (
    SCHEMA,
    Generation,
    PublishError,
    check_generation,
    current_generation,
    publish,
)
from orchestration.settings import Settings

JOB = "nightly_refresh"


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
    checks = {spec.key for asset in upstream for spec in asset.check_specs}

    def is_complete(run: dg.DagsterRun) -> bool:
        return (
            keys <= (run.asset_selection or keys)
            and checks <= (run.asset_check_selection or checks)
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
        inputs = Inputs.of(settings, run_as_of(context, settings))
        if last_build(settings.warehouse_dir / WAREHOUSE, settings) != inputs:
            raise dg.Failure(
                "Another run has built in the warehouse since; the current generation stays. "
                f"Launch the job {JOB} again.",
                allow_retries=False,
            )
        marts = {key.path[-1] for key in keys if key.path[0] == SCHEMA}
        unchanged: set[str] = set()
        current = current_generation(settings)
        before = _inputs_of(current) if current and FORCE not in context.run.tags else None
        if current and before == inputs and _is_readable(current, settings):
            context.log.info(f"Nothing has changed since {current.folder.name}, which stays.")
            return _result(settings, current.folder)
        if before and before.differ_only_in_as_of_date(inputs):
            unchanged = marts - models_by_as_of_date()
        # Imported here, because drawing takes a moment to start and few commands draw.
        from orchestration.reports.site import earlier_refreshes, write_site

        started = datetime.now(UTC)
        earlier = earlier_refreshes(settings)
        folder = publish(
            settings,
            marts=marts,
            generation_id=f"{started:%Y%m%dT%H%M%SZ}-{context.run_id[:8]}",
            facts={
                "run_id": context.run_id,
                "as_of_date": run_as_of(context, settings).isoformat(),
                "published_at": started.isoformat(timespec="seconds"),
                "inputs": asdict(inputs),
                "input_batches": listed_batches(settings),
            },
            add_files=lambda unfinished: write_site(unfinished, settings, earlier),
            unchanged=unchanged,
            since=current.folder if current else None,
        )
        return _result(settings, folder)

    return generation


def _inputs_of(generation: Generation) -> Inputs | None:
    told = (generation.manifest or {}).get("inputs", {})
    return Inputs(**told) if told.keys() == {field.name for field in fields(Inputs)} else None


def _is_readable(generation: Generation, settings: Settings) -> bool:
    try:
        check_generation(generation.folder, settings)
    except PublishError:
        return False
    return True


def _result(settings: Settings, folder: Path) -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(folder),
            "row_counts": check_generation(folder, settings),
        }
    )
