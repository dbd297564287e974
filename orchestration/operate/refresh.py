"""`make run`: one refresh in this process, its progress, and its key figures or its mistakes."""

import argparse
import contextlib
import json
import logging
import os
import sqlite3
import sys
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import sqlalchemy

from orchestration.publish.generations import DATABASE, open_database
from orchestration.settings import SettingError, Settings, read_settings

if TYPE_CHECKING:
    from dagster import AssetCheckEvaluation, DagsterEvent
    from dagster._core.execution.plan.objects import StepFailureData


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the job and exit with 0 only when what readers open is up to date.

    Args:
        arguments: those of the command line by default.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--force", action="store_true", help="rebuild what has not changed, too")
    force = parser.parse_args(arguments).force
    try:
        settings = read_settings()
        settings.prepare_data_dir()
    except SettingError as error:
        sys.exit(f"Setting {error}")
    os.environ.update(settings.environment(settings.as_of(datetime.now(UTC))))
    try:
        sys.exit(0 if _refresh(settings, force) else 1)
    except SettingError as error:  # of those that Dagster checks
        sys.exit(f"Setting {error}")
    except (OSError, sqlalchemy.exc.OperationalError) as error:
        sys.exit(f"The refresh broke off: {error}. Is {settings.data_dir} writable, the disk full?")


def _refresh(settings: Settings, force: bool) -> bool:
    # Imported here, because a mistaken setting must be told at once and in one line.
    import dagster as dg

    from orchestration.build.fingerprint import FORCE
    from orchestration.definitions import defs
    from orchestration.operate.alerts import alert
    from orchestration.operate.run_lock import Busy, only_writer
    from orchestration.publish.assets import JOB

    _spare_the_disk()
    console = sys.stdout

    @dg.logger
    def progress(_: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.Logger("progress")
        logger.addHandler(_Progress(console))
        return logger

    job = defs.resolve_job_def(JOB).with_logger_defs({"progress": progress})
    log = settings.data_dir / "refresh.log"
    current = settings.marts_dir / "current"
    before = current.resolve()
    run_id = str(uuid.uuid4())
    try:
        # This way of running a job passes by its executor, and so by the lock that it takes.
        with dg.DagsterInstance.get() as instance, only_writer(settings, instance, run_id):
            print(f"Refreshing from {settings.landing_dir}", flush=True)
            with log.open("w", encoding="utf-8") as details, contextlib.redirect_stdout(details):
                result = job.execute_in_process(
                    instance=instance,
                    raise_on_error=False,
                    run_config={"loggers": {"progress": {}}},
                    run_id=run_id,
                    tags={FORCE: "true"} if force else {},
                )
    except Busy as busy:
        sys.exit(str(busy))
    if not result.success:
        mistakes = [mistake for mistake in _mistakes(result.all_events) if mistake.strip()]
        if not mistakes:  # as when there is no room left to write down what went wrong
            mistakes = [f"It broke off without a word. Is the disk of {settings.data_dir} full?"]
        print("\n" + "\n\n".join(mistakes), file=sys.stderr)
        if current.resolve() != before:
            print(f"{current.resolve().name} was published all the same.", file=sys.stderr)
        else:
            kept = f"stays {before.name}" if current.exists() else "does not exist yet"
            print(f"Nothing was published; the current generation {kept}.", file=sys.stderr)
        print(f"Details: {log}", file=sys.stderr)
        with log.open("a", encoding="utf-8") as details:
            for failure, step in _failures(result.all_events):
                print(f"\n{step}: {failure.error_display_string}", file=details)
        if problem := alert(settings, result.dagster_run, result.all_events):
            print(problem, file=sys.stderr)
        return False
    for warning in _warnings(result.all_events):
        print(f"  warning: {warning}")
    if current.resolve() == before:
        print("Nothing has changed: the current generation stays (make run FORCE=1 rebuilds it).")
    print("\n" + _key_figures(current, settings))
    return True


def _spare_the_disk() -> None:
    """Let Dagster's history wait for the disk once in a while instead of at every event.

    Dagster opens, commits and closes SQLite for each event, and each time all is forced to disk,
    which takes longer than the work. In WAL mode `normal` never corrupts a database; a connection
    that stays open spares the checkpoint at every close.
    """
    kept_open: dict[str, sqlite3.Connection] = {}

    @sqlalchemy.event.listens_for(sqlalchemy.engine.Engine, "connect")
    def on_connect(connection: object, _: object) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        connection.execute("pragma synchronous = normal")
        path = connection.execute("pragma database_list").fetchone()[2]
        if path not in kept_open:
            kept_open[path] = sqlite3.connect(path)
            kept_open[path].execute("pragma user_version")


class _Progress(logging.StreamHandler[TextIO]):
    """Print warnings, and a line for each step that has ended."""

    def emit(self, record: logging.LogRecord) -> None:
        event: DagsterEvent | None = getattr(record, "dagster_event", None)
        if event and event.event_type_value == "STEP_SUCCESS":
            seconds = event.step_success_data.duration_ms / 1000
            print(f"  {event.step_key:<40}{seconds:7.1f} s", file=self.stream, flush=True)
        elif event and event.event_type_value == "STEP_FAILURE":
            print(f"  {event.step_key:<40} failed", file=self.stream, flush=True)
        elif not event and record.levelno == logging.WARNING:
            print(f"  warning: {_own_words(record)}", file=self.stream, flush=True)


def _own_words(record: logging.LogRecord) -> str:
    return str(record.dagster_meta["orig_message"])  # type: ignore[attr-defined]


def _checks(events: Sequence["DagsterEvent"]) -> list["AssetCheckEvaluation"]:
    return [
        event.asset_check_evaluation_data
        for event in events
        if event.event_type_value == "ASSET_CHECK_EVALUATION"
    ]


def _warnings(events: Sequence["DagsterEvent"]) -> list[str]:
    """What the checks of the extracts found that does not stop a refresh."""
    return [
        f"{'/'.join(check.asset_key.path)}: {check.description}"
        for check in _checks(events)
        if check.severity.value == "WARN" and not check.passed and check.description
    ]


def _mistakes(events: Sequence["DagsterEvent"]) -> list[str]:
    """What went wrong, in the words of the checks and steps that failed."""
    mistakes = [
        check.description
        for check in _checks(events)
        if check.blocking and not check.passed and check.description
    ]
    for failure, step in _failures(events):
        error = failure.error
        if failure.user_failure_data and failure.user_failure_data.description:
            mistakes.append(failure.user_failure_data.description)
        elif error and error.cls_name != "DagsterAssetCheckFailedError":  # the check has said it
            mistakes.append(f"{step}: {(error.cause or error).message.strip()}")
    return mistakes


def _failures(events: Sequence["DagsterEvent"]) -> list[tuple["StepFailureData", str | None]]:
    return [
        (event.step_failure_data, event.step_key)
        for event in events
        if event.event_type_value == "STEP_FAILURE"
    ]


def _key_figures(current: Path, settings: Settings) -> str:
    """The figures that a billing manager asks for first, from the published marts."""
    with open_database(current / DATABASE, settings) as connection:
        overview = connection.table("marts.po_overview")
        figures = dict(zip(overview.columns, overview.fetchall()[0], strict=True))
    manifest = json.loads((current / "manifest.json").read_text(encoding="utf-8"))
    rows_in = sum(batch["delivered"] for batch in manifest["input_batches"])
    rows_set_aside = sum(batch["quarantined"] for batch in manifest["input_batches"])
    lines = {
        "Rows in": f"{rows_in:,}",
        "Rows set aside": f"{rows_set_aside:,}",
        "Charges": f"{figures['total_charge_records']:,}",
        "Coverage by the charges' own POs": f"{figures['direct_coverage_pct']:.2f} %",
        "Coverage after inheritance": f"{figures['coverage_pct']:.2f} %",
        "Exposed amount": f"{figures['exposed_amount']:,.2f}",
        "Hours with a PO": f"{figures['hours_with_po']:,.2f}",
        "Hours without a PO": f"{figures['total_hours'] - figures['hours_with_po']:,.2f}",
    }
    table = "\n".join(f"  {name:<34}{figure:>16}" for name, figure in lines.items())
    return f"{table}\n  As of {manifest['as_of_date']}, marts in {current}"


if __name__ == "__main__":
    main()
