"""Entry point of Dagster: everything that can run, wired together. No logic lives here."""

from datetime import timedelta

import dagster as dg

from orchestration.build.assets import dbt_resource, mart_assets
from orchestration.extract.assets import DELIVERY, extract_assets
from orchestration.ingest.assets import batches_asset, raw_assets
from orchestration.operate.readiness import JOB as READINESS_JOB
from orchestration.operate.readiness import readiness_checks, readiness_schedule
from orchestration.operate.run_lock import single_run_executor
from orchestration.operate.triggers import alert_sensors, landing_sensor, nightly_schedule
from orchestration.publish.assets import NIGHTLY_REFRESH, generation_asset
from orchestration.publish.in_step import store_assets
from orchestration.reports.assets import reports_asset
from orchestration.settings import Settings, read_settings

MARTS_ARE_FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=26))


def build_definitions(settings: Settings) -> dg.Definitions:
    """Wire the assets, the nightly job and its schedule under the given settings."""
    store = store_assets(settings)
    in_step = [asset.key for asset in store]
    extracts = extract_assets(settings, after=in_step)
    assets = [
        *store,
        *extracts,
        *raw_assets(settings, after=[DELIVERY] if extracts else in_step),
        batches_asset(settings),
        mart_assets(settings).map_asset_specs(_with_freshness),
    ]
    readiness = readiness_checks(settings)
    billing_readiness = dg.define_asset_job(
        READINESS_JOB,
        selection=dg.AssetSelection.checks(readiness),
        executor_def=dg.in_process_executor,  # reads only what is published, so need not wait
        description="Say what to fix before invoicing, by the published marts. Changes nothing.",
    )
    nightly_refresh = dg.define_asset_job(
        NIGHTLY_REFRESH,
        selection=dg.AssetSelection.all() - dg.AssetSelection.checks(readiness),
        description="Ingest what was delivered, build and test all models, publish a generation.",
        # Only a complete run is published; a retry of what failed would not be one.
        tags={"dagster/retry_strategy": "ALL_STEPS"},
    )
    assets.append(reports_asset(settings, assets))
    assets.append(generation_asset(settings, assets))
    if settings.postgres_url:
        # Imported here, because its drivers are optional.
        from orchestration.publish.targets.postgres import postgres_asset

        assets.append(postgres_asset(settings, assets[-1]))
    return dg.Definitions(
        assets=assets,
        asset_checks=[readiness],
        resources={"dbt": dbt_resource()},
        jobs=[nightly_refresh, billing_readiness],
        schedules=[nightly_schedule(settings, NIGHTLY_REFRESH), readiness_schedule(settings)],
        sensors=[landing_sensor(settings, NIGHTLY_REFRESH), *alert_sensors(settings)],
        executor=single_run_executor(settings),
    )


def _with_freshness(spec: dg.AssetSpec) -> dg.AssetSpec:
    if spec.group_name != "marts":
        return spec
    return spec.replace_attributes(freshness_policy=MARTS_ARE_FRESH)


defs = build_definitions(read_settings())
