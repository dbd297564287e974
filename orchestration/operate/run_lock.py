"""One refresh at a time in a data folder, whoever starts it: a person, the UI, schedule or sensor.

The lock itself is that of `folder_lock`; here is what Dagster's runs do with it.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import filelock
from dagster._core.errors import raise_execution_interrupts
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.in_process import InProcessExecutor

from orchestration.operate.alerts import ALERTED, alert, alert_stopped, plain_words
from orchestration.operate.folder_lock import (
    Busy,
    Holder,
    busy_words,
    holder_of,
    is_acquired,
    refresh_lock,
    signature,
)
from orchestration.settings import Settings

if TYPE_CHECKING:
    from dagster._core.execution.context.system import PlanOrchestrationContext
    from dagster._core.execution.plan.plan import ExecutionPlan

LONGEST_WAIT_SECONDS = 3600
HISTORY_DAYS = 90


class SingleRunExecutor(InProcessExecutor):
    """Runs all steps in this process, one run at a time in a data folder.

    In process, because a process for each step costs more than the steps of a small refresh.
    """

    def __init__(self, settings: Settings) -> None:
        """Remember where the lock lies."""
        super().__init__(RetryMode.ENABLED)
        self._settings = settings

    def execute(
        self, plan_context: "PlanOrchestrationContext", execution_plan: "ExecutionPlan"
    ) -> Iterator[dg.DagsterEvent]:
        """Wait for the lock, saying for whom, and run the steps."""
        try:
            yield from self._execute(plan_context, execution_plan)
        except Busy:
            raise
        except Exception as error:  # Dagster's history may be what fails, and can tell nobody
            reason = plain_words(str(error)) or f"it stopped with {type(error).__name__}"
            job, run_id = plan_context.job_name, plan_context.run_id
            if problem := alert_stopped(self._settings, job, reason, run_id):
                plan_context.log.warning(problem)
            with suppress(Exception):
                plan_context.instance.add_run_tags(run_id, {ALERTED: "true"})
            raise

    def _execute(
        self, plan_context: "PlanOrchestrationContext", execution_plan: "ExecutionPlan"
    ) -> Iterator[dg.DagsterEvent]:
        self._settings.prepare_data_dir()
        lock = refresh_lock(self._settings)
        if not is_acquired(lock):
            plan_context.log.warning(
                f"{busy_words(self._settings)}. Waiting for it to end, "
                f"at most {LONGEST_WAIT_SECONDS // 60} minutes."
            )
            with raise_execution_interrupts():  # a run that waits can be cancelled
                if not is_acquired(lock, LONGEST_WAIT_SECONDS):
                    raise Busy(
                        f"{busy_words(self._settings)}. Check on it, then launch this run again."
                    )
        with _held(lock, self._settings, plan_context.instance, plan_context.run_id):
            yield from super().execute(plan_context, execution_plan)


def single_run_executor(settings: Settings) -> dg.ExecutorDefinition:
    """The executor of every run."""

    @dg.executor(name="single_run")
    def executor(_: dg.InitExecutorContext) -> dg.Executor:
        return SingleRunExecutor(settings)

    return executor


@contextmanager
def hold_for_run(settings: Settings, instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Hold the data folder for a run that its executor does not hold it for.

    Raises:
        Busy: another process holds it.
    """
    lock = refresh_lock(settings)
    if not is_acquired(lock, wait_seconds=1):  # it may be looked at for a moment
        raise Busy(f"{busy_words(settings)}. Wait until it ends.")
    with _held(lock, settings, instance, run_id):
        yield


def clean_up_after_dead_run(settings: Settings, instance: dg.DagsterInstance) -> None:
    """Close the run of a process that died while it refreshed; a working one is left alone.

    Dagster itself learns of some deaths only, and a run that seems to go on keeps its queue shut.
    """
    lock = refresh_lock(settings)
    if is_acquired(lock):
        try:
            _tidy_up(settings, instance)
        finally:
            lock.release()


@contextmanager
def _held(
    lock: filelock.BaseFileLock, settings: Settings, instance: dg.DagsterInstance, run_id: str
) -> Iterator[None]:
    """Sign an acquired lock with its holder's name, and give it back at the end."""
    try:
        _tidy_up(settings, instance)
        started = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        unfinished = settings.data_dir / ".refresh.json"
        unfinished.write_text(json.dumps(asdict(Holder(os.getpid(), started, run_id))))
        unfinished.replace(signature(settings))
        try:
            yield
        finally:
            signature(settings).unlink(missing_ok=True)
    finally:
        lock.release()


def _tidy_up(settings: Settings, instance: dg.DagsterInstance) -> None:
    """Remove what a dead holder left, and old history; the lock must be held."""
    for leftover in settings.raw_dir.rglob(".*.unfinished"):
        leftover.unlink()
    for spilled in settings.temp_dir.glob("*"):
        spilled.unlink()
    _forget_old_runs(instance)
    if not (dead := holder_of(settings)):
        return
    run = instance.get_run_by_id(dead.run_id)
    if run and not run.is_finished:
        instance.report_run_failed(run, f"{dead} died before the run ended.")
        if run.remote_job_origin is None:  # of `make run`; the alert sensor sees the others only
            alert(settings, run, [])
    signature(settings).unlink(missing_ok=True)


def _forget_old_runs(instance: dg.DagsterInstance) -> None:
    before = datetime.now(UTC) - timedelta(days=HISTORY_DAYS)
    for record in instance.get_run_records(dg.RunsFilter(created_before=before), limit=100):
        run = record.dagster_run
        if run.is_finished:
            instance.compute_log_manager.delete_logs(prefix=[run.run_id])
            instance.delete_run(run.run_id)
