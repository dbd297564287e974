"""What starts a refresh without a person, and what tells people when one has failed."""

import hashlib
from collections.abc import Callable, Iterator

import dagster as dg

from orchestration.extract.parts import is_ours
from orchestration.ingest.landing import find_batches
from orchestration.operate.alerts import ALERTED, alert, alert_warnings
from orchestration.operate.run_lock import clean_up_after_dead_run
from orchestration.settings import SettingError, Settings


def nightly_schedule(settings: Settings, job: str) -> dg.ScheduleDefinition:
    """Start the job at the configured time; daylight saving does not repeat it.

    Raises:
        SettingError: there is no such time.
    """

    def start(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        clean_up_after_dead_run(settings, context.instance)
        return dg.RunRequest()

    try:
        return dg.ScheduleDefinition(
            name=f"{job}_schedule",
            job_name=job,
            cron_schedule=settings.nightly_cron,
            execution_timezone=settings.timezone,
            execution_fn=start,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="Starts the nightly refresh at PSA_NIGHTLY_CRON, in PSA_TIMEZONE.",
        )
    except dg.DagsterInvalidDefinitionError as error:
        raise SettingError(
            f"PSA_NIGHTLY_CRON: {settings.nightly_cron!r} is not a cron line such as '0 2 * * *'."
        ) from error


def landing_sensor(settings: Settings, job: str) -> dg.SensorDefinition:
    """Start the job when files have come and none has changed since the tick before.

    The cursor holds two fingerprints of the landing folder: of the last tick, and of what was last
    started for. A refresh that failed is not repeated until something is delivered.
    """

    @dg.sensor(
        name="landing_sensor",
        job_name=job,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Starts a refresh when new files have been delivered completely.",
    )
    def new_files(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        clean_up_after_dead_run(settings, context.instance)
        before, _, started_for = (context.cursor or "").partition(" ")
        now = _fingerprint(settings)
        if now == started_for:
            return dg.SkipReason("Nothing was delivered since the last start.")
        if now != before:
            context.update_cursor(f"{now} {started_for}")
            return dg.SkipReason("Files have come or changed; waiting until they have settled.")
        return dg.SensorResult([dg.RunRequest(run_key=now)], cursor=f"{now} {now}")

    return new_files


def _fingerprint(settings: Settings) -> str:
    """Hash names, sizes and times of the delivered files; those with partial names are none yet.

    Files of the extraction are passed over (EXT-12): it is a part of a refresh itself.
    """
    digest = hashlib.sha256()
    for batches in find_batches(settings.landing_dir)[0].values():
        for batch in batches:
            if is_ours(batch.path):
                continue
            status = batch.path.stat()
            digest.update(f"{batch.path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def alert_sensors(settings: Settings) -> Iterator[dg.SensorDefinition]:
    """Report every failed run to the webhook, and what a good one warned of, if there is one."""
    if settings.alert_webhook is None:
        return

    def tell(context: dg.RunStatusSensorContext, post: Callable[..., str | None]) -> None:
        run = context.dagster_run
        logs = context.instance.all_logs(run.run_id)
        events = [entry.dagster_event for entry in logs if entry.dagster_event]
        if problem := post(settings, run, events):
            context.log.warning(problem)

    @dg.run_failure_sensor(
        name="alert_on_failure",
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Posts every failed run to PSA_ALERT_WEBHOOK.",
    )
    def alert_on_failure(context: dg.RunFailureSensorContext) -> None:
        if ALERTED not in context.dagster_run.tags:
            tell(context, alert)

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        name="alert_on_warning",
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Posts warnings that cannot wait to PSA_ALERT_WEBHOOK.",
    )
    def alert_on_warning(context: dg.RunStatusSensorContext) -> None:
        tell(context, alert_warnings)

    yield from (alert_on_failure, alert_on_warning)
