"""Entry point of Dagster: everything that can run, wired together. No logic lives here."""

from datetime import timedelta

import dagster as dg

from orchestration.ingest import batches_asset, raw_assets
from orchestration.publish import JOB, generation_asset
from orchestration.settings import SettingError, Settings, read_settings
from orchestration.transform import dbt_resource, mart_assets

MARTS_ARE_FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=26))


def build_definitions(settings: Settings) -> dg.Definitions:
    """Wire the assets, the nightly job and its schedule under the given settings."""
    assets = [
        *raw_assets(settings),
        batches_asset(settings),
        mart_assets(settings).map_asset_specs(_with_freshness),
    ]
    # One process: starting one a step costs more than the steps of a small refresh.
    nightly_refresh = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description="Ingest what was delivered, build and test all models, publish a generation.",
    )
    return dg.Definitions(
        assets=[*assets, generation_asset(settings, assets)],
        resources={"dbt": dbt_resource()},
        jobs=[nightly_refresh],
        schedules=[_nightly_schedule(settings)],
        executor=dg.in_process_executor,
    )


def _with_freshness(spec: dg.AssetSpec) -> dg.AssetSpec:
    if spec.group_name != "marts":
        return spec
    return spec.replace_attributes(freshness_policy=MARTS_ARE_FRESH)


def _nightly_schedule(settings: Settings) -> dg.ScheduleDefinition:
    try:
        return dg.ScheduleDefinition(
            job_name=JOB,
            cron_schedule=settings.nightly_cron,
            execution_timezone=settings.timezone,
        )
    except dg.DagsterInvalidDefinitionError as error:
        raise SettingError(
            f"PSA_NIGHTLY_CRON: {settings.nightly_cron!r} is not a cron line such as '0 2 * * *'."
        ) from error


defs = build_definitions(read_settings())
