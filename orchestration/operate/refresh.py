"""One refresh in this process, with its key figures or its mistakes: what `make run` starts."""

import contextlib
import functools
import json
import sqlite3
import sys
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg
import sqlalchemy
from dagster._core.execution.plan.objects import StepFailureData
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from rich.console import Console
from rich.table import Table

from orchestration.build.fingerprint import FORCE
from orchestration.operate.alerts import (
    alert,
    alert_stopped,
    alert_warnings,
    plain_words,
    published_by,
)
from orchestration.operate.folder_lock import Busy
from orchestration.operate.run_lock import hold_for_run
from orchestration.operate.watch import Watch
from orchestration.settings import Settings
from orchestration.warehouse import MARTS, open_database

DATABASES_OPEN = 4  # of Dagster's history


def refresh(settings: Settings, job: dg.JobDefinition, *, force: bool = False) -> bool:
    """Run the job and say how it went.

    Args:
        settings: those of this process.
        job: the nightly refresh.
        force: whether to rebuild what has not changed, too.

    Returns:
        Whether what readers open is up to date.
    """
    try:
        return _refresh(settings, job, force)
    except Exception as error:  # whatever ends a refresh is told to those who are not here, too
        told = "another refresh is running" if isinstance(error, Busy) else plain_words(str(error))
        reason = told or f"it stopped with {type(error).__name__}"
        if problem := alert_stopped(settings, job.name, reason):
            print(problem, file=sys.stderr)
        if isinstance(error, Busy):
            sys.exit(str(error))
        if told is None and not isinstance(error, OSError):
            raise
        _, current = published_by(settings, "")
        sys.exit(
            f"The refresh stopped, because {told or 'the machine refused something'}: {error}\n"
            f"{_what_readers_have(current)} `make doctor` looks at what it needs."
        )


def _what_readers_have(current: str | None) -> str:
    if current is None:
        return "Nothing was published; there is no generation yet."
    return f"Nothing was published; the current generation stays {current}."


def _refresh(settings: Settings, job: dg.JobDefinition, force: bool) -> bool:
    _write_history_at_less_cost()
    log = settings.data_dir / "refresh.log"
    current = settings.marts_dir / "current"
    run_id = str(uuid.uuid4())
    console = Console(file=sys.stdout, highlight=False)
    # Running a job this way bypasses its executor and the lock that the executor takes.
    with dg.DagsterInstance.get() as instance, hold_for_run(settings, instance, run_id):
        print(f"Refreshing from {settings.landing_dir}", flush=True)
        with (
            log.open("w", encoding="utf-8") as details,
            Watch(console) as watch,
            contextlib.redirect_stdout(details),
        ):
            result = job.with_logger_defs({"progress": watch.logger()}).execute_in_process(
                instance=instance,
                raise_on_error=False,
                run_config={"loggers": {"progress": {}}},
                run_id=run_id,
                tags={FORCE: "true"} if force else {},
            )
    # Not by whether the link has moved: it also follows what another machine has published.
    is_published, name = published_by(settings, run_id)
    if not result.success:
        mistakes = [mistake for mistake in _mistakes(result.all_events) if mistake.strip()]
        if not mistakes:  # as when there is no room left to write down what went wrong
            mistakes = [f"It ended without a message. Is the disk of {settings.data_dir} full?"]
        print("\n" + "\n\n".join(mistakes), file=sys.stderr)
        if is_published:
            print(f"{name} was published nevertheless.", file=sys.stderr)
        else:
            print(_what_readers_have(name), file=sys.stderr)
        print(f"Details: {log}", file=sys.stderr)
        with log.open("a", encoding="utf-8") as details:
            for failure, step in _failures(result.all_events):
                print(f"\n{step}: {failure.error_display_string}", file=details)
        if problem := alert(settings, result.dagster_run, result.all_events):
            print(problem, file=sys.stderr)
        return False
    for warning in _warnings(result.all_events):
        print(f"  warning: {warning}")
    if problem := alert_warnings(settings, result.dagster_run, result.all_events):
        print(problem, file=sys.stderr)
    if not is_published:
        print("Nothing has changed: the current generation stays (make run FORCE=1 rebuilds it).")
    print()
    console.print(_key_figures(current, settings))
    as_of_date = json.loads((current / "manifest.json").read_bytes())["as_of_date"]
    print(f"  As of {as_of_date}, marts in {current}")
    return True


def _write_history_at_less_cost() -> None:
    """Make Dagster's history cost less than the work that it tells of.

    Dagster opens, commits and closes SQLite for each event, makes an engine for it, which compiles
    every statement again, forces all to disk each time, and asks before each check whether there is
    a table of checks. Here one connection to each database stays open. In WAL mode `normal` never
    corrupts a database and waits for the disk at checkpoints only.
    """
    kept_open: dict[str, sqlite3.Connection] = {}
    engines: dict[str, sqlalchemy.Engine] = {}

    @contextlib.contextmanager
    def connect(store: SqliteEventLogStorage, shard: str) -> Iterator[sqlalchemy.Connection]:
        address = store.conn_string_for_shard(shard)
        with store._db_lock:
            if address not in engines:
                if len(engines) == DATABASES_OPEN:  # a run that is forgotten has one of its own
                    engines.pop(next(iter(engines))).dispose()
                engine = sqlalchemy.create_engine(
                    address,
                    poolclass=sqlalchemy.StaticPool,
                    connect_args={
                        "timeout": SQLITE_BUSY_TIMEOUT_SECONDS,
                        "check_same_thread": False,  # threads wait for each other at the lock
                    },
                )
                store._initdb(engine)
                engines[address] = engine
            with engines[address].begin() as connection:
                yield connection

    has_table = functools.cache(SqliteEventLogStorage.has_table)
    SqliteEventLogStorage.has_table = has_table  # type: ignore[method-assign]
    SqliteEventLogStorage._connect = connect  # type: ignore[assignment,method-assign]

    @sqlalchemy.event.listens_for(sqlalchemy.engine.Engine, "connect")
    def on_connect(connection: object, _: object) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        connection.execute("pragma synchronous = normal")
        path = connection.execute("pragma database_list").fetchone()[2]
        if path not in kept_open:  # it spares the checkpoint at every close
            kept_open[path] = sqlite3.connect(path)
            kept_open[path].execute("pragma user_version")


def _checks(events: Sequence[dg.DagsterEvent]) -> list[dg.AssetCheckEvaluation]:
    return [
        event.asset_check_evaluation_data
        for event in events
        if event.event_type_value == "ASSET_CHECK_EVALUATION"
    ]


def _warnings(events: Sequence[dg.DagsterEvent]) -> list[str]:
    """What the checks of the extracts found that does not stop a refresh."""
    found = [
        ("/".join(check.asset_key.path), check.description)
        for check in _checks(events)
        if check.severity.value == "WARN" and not check.passed and check.description
    ]
    return [said if said.startswith(table) else f"{table}: {said}" for table, said in found]


def _mistakes(events: Sequence[dg.DagsterEvent]) -> list[str]:
    """What went wrong, as the failed checks and steps describe it."""
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


def _failures(events: Sequence[dg.DagsterEvent]) -> list[tuple[StepFailureData, str | None]]:
    return [
        (event.step_failure_data, event.step_key)
        for event in events
        if event.event_type_value == "STEP_FAILURE"
    ]


def _key_figures(current: Path, settings: Settings) -> Table:
    """The figures that a billing manager asks for first, from the published marts."""
    with open_database(current / MARTS, settings) as connection:
        overview = connection.table("marts.po_overview")
        figures = dict(zip(overview.columns, overview.fetchall()[0], strict=True))
    manifest = json.loads((current / "manifest.json").read_text(encoding="utf-8"))
    rows_in = sum(batch["delivered"] for batch in manifest["input_batches"])
    rows_quarantined = sum(batch["quarantined"] for batch in manifest["input_batches"])
    hours_without_po = figures["total_hours"] - figures["hours_with_po"]
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
    table.add_column(min_width=34)
    table.add_column(justify="right", min_width=14)
    for name, figure in {
        "Rows in": f"{rows_in:,}",
        "Rows quarantined": f"{rows_quarantined:,}",
        "Charges": f"{figures['total_charge_records']:,}",
        "Coverage by the charges' own POs": f"{figures['direct_coverage_pct']:.2f} %",
        "Coverage after inheritance": f"{figures['coverage_pct']:.2f} %",
        "Exposed amount": f"{figures['exposed_amount']:,.2f}",
        "Hours with a PO": f"{figures['hours_with_po']:,.2f}",
        "Hours without a PO": f"{hours_without_po:,.2f}",
    }.items():
        table.add_row(f"  {name}", figure)
    return table
