"""The published generation as an asset: what makes a run complete enough to be published.

How a generation is built and flipped is in `generations`.
"""

from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from orchestration.build.assets import DEFINITIONS, dbt_artifacts, run_as_of
from orchestration.build.dbt_manifest import mart_keys, read_dbt_manifest
from orchestration.build.fingerprint import (
    FORCE,
    Inputs,
    last_build,
    unchanged_marts,
    up_to_date_generation,
)
from orchestration.publish.generations import publish
from orchestration.published import check_generation, current_generation
from orchestration.reports.assets import site_folder, written_manifest
from orchestration.settings import Settings
from orchestration.store import StoreError
from orchestration.warehouse import SCHEMA, WAREHOUSE

NIGHTLY_REFRESH = "nightly_refresh"


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
                f"Only a complete refresh is published. Launch the job {NIGHTLY_REFRESH} as a "
                "whole; the current generation stays.",
                allow_retries=False,
            )
        inputs = Inputs.of(settings, run_as_of(context, settings))
        if last_build(settings.warehouse_dir / WAREHOUSE, settings) != inputs:
            raise dg.Failure(
                "Another run has built in the warehouse since; the current generation stays. "
                f"Launch the job {NIGHTLY_REFRESH} again.",
                allow_retries=False,
            )
        is_forced = FORCE in context.run.tags
        if not is_forced and (kept := up_to_date_generation(settings, inputs)):
            context.log.info(f"Nothing has changed since {kept.folder.name}, which stays.")
            return _result(settings, kept.folder)
        manifest = written_manifest(settings)
        if manifest.get("run_id") != context.run_id:
            raise dg.Failure(
                "The pages of this run are missing; the current generation stays. "
                f"Launch the job {NIGHTLY_REFRESH} again.",
                allow_retries=False,
            )
        marts = {key.path[-1] for key in keys if key.path[0] == SCHEMA}
        current = current_generation(settings)
        try:
            folder = publish(
                settings,
                marts=marts,
                manifest=manifest | {"keys": mart_keys(read_dbt_manifest())},
                reports=site_folder(settings),
                unchanged=unchanged_marts(None if is_forced else current, inputs, settings),
                since=current.folder if current else None,
                definitions=dbt_artifacts(settings) / DEFINITIONS,
            )
        except StoreError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        return _result(settings, folder)

    return generation


def _result(settings: Settings, folder: Path) -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(folder),
            "row_counts": check_generation(folder, settings),
        }
    )
