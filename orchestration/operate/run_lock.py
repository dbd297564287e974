"""One refresh at a time in a data folder, whoever starts it: a person, the UI, schedule or sensor.

The operating system releases the lock when its process ends, however that happens. A file beside it
names the holder: for those who wait, and for the next one, who cleans up after a dead holder.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import filelock
from dagster._core.errors import raise_execution_interrupts
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.in_process import InProcessExecutor

from orchestration.operate.alerts import ALERTED, alert, alert_stopped, plain_words
from orchestration.settings import Settings

if TYPE_CHECKING:
    from dagster._core.execution.context.system import PlanOrchestrationContext
    from dagster._core.execution.plan.plan import ExecutionPlan

LONGEST_WAIT_SECONDS = 3600
HISTORY_DAYS = 90


@dataclass(frozen=True)
class Holder:
    """Who refreshes.

    Attributes:
        pid: the process.
        started: when it began (UTC).
        run_id: its Dagster run.
    """

    pid: int
    started: str
    run_id: str

    def __str__(self) -> str:
        """Name the holder as messages do."""
        return f"process {self.pid} since {self.started} UTC, run {self.run_id}"


class Busy(RuntimeError):
    """Another refresh works in the data folder; the message names it."""


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
        if not _acquired(lock):
            plan_context.log.warning(
                f"{_busy(self._settings)}. Waiting for it to end, "
                f"at most {LONGEST_WAIT_SECONDS // 60} minutes."
            )
            with raise_execution_interrupts():  # a run that waits can be cancelled
                if not _acquired(lock, LONGEST_WAIT_SECONDS):
                    raise Busy(f"{_busy(self._settings)}. Check on it, then launch this run again.")
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
    if not _acquired(lock, wait_seconds=1):  # it may be looked at for a moment
        raise Busy(f"{_busy(settings)}. Wait until it ends.")
    with _held(lock, settings, instance, run_id):
        yield


@contextmanager
def idle(settings: Settings) -> Iterator[None]:
    """Keep every refresh away for a moment.

    Raises:
        Busy: one is running.
    """
    settings.prepare_data_dir()
    lock = refresh_lock(settings)
    if not _acquired(lock, wait_seconds=1):
        raise Busy(f"{_busy(settings)}. Wait until it ends.")
    try:
        yield
    finally:
        lock.release()


def hold_for_daemon(settings: Settings) -> None:
    """Hold the data folder for the daemon that this process is about to become.

    The lock goes with the process, whatever program it runs by then. Two daemons on one data folder
    would start every scheduled run twice.

    Raises:
        Busy: there is a daemon already.
    """
    file = os.open(settings.data_dir / "daemon.lock", os.O_RDWR | os.O_CREAT, 0o640)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(file, 20).decode() or "unknown"
        raise Busy(
            f"A daemon already works on {settings.data_dir}: process {holder}. "
            "Stop it first, or give this one a PSA_DATA_DIR of its own."
        ) from None
    os.set_inheritable(file, True)
    os.ftruncate(file, 0)
    os.write(file, str(os.getpid()).encode())


def clean_up_after_dead_run(settings: Settings, instance: dg.DagsterInstance) -> None:
    """Close the run of a process that died while it refreshed; a working one is left alone.

    Dagster itself learns of some deaths only, and a run that seems to go on keeps its queue shut.
    """
    lock = refresh_lock(settings)
    if _acquired(lock):
        try:
            _tidy_up(settings, instance)
        finally:
            lock.release()


def refresh_lock(settings: Settings) -> filelock.BaseFileLock:
    """The lock of a data folder."""
    # The executor's generator may be closed by another thread than the one that started it.
    return filelock.FileLock(settings.data_dir / "refresh.lock", thread_local=False)


def is_refreshing(settings: Settings) -> bool:
    """Whether a process refreshes now; one that died does not."""
    lock = refresh_lock(settings)
    if _acquired(lock):
        lock.release()
        return False
    return True


def holder_of(settings: Settings) -> Holder | None:
    """Who refreshes now, or died while refreshing."""
    try:
        return Holder(**json.loads(_signature(settings).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _signature(settings: Settings) -> Path:
    return settings.data_dir / "refresh.json"


def _busy(settings: Settings) -> str:
    holder = holder_of(settings) or "another process"
    return f"A refresh is already running in {settings.data_dir}: {holder}"


def _acquired(lock: filelock.BaseFileLock, wait_seconds: float = 0) -> bool:
    try:
        lock.acquire(timeout=wait_seconds, poll_interval=0.5)
    except filelock.Timeout:
        return False
    return True


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
        unfinished.replace(_signature(settings))
        try:
            yield
        finally:
            _signature(settings).unlink(missing_ok=True)
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
    _signature(settings).unlink(missing_ok=True)


def _forget_old_runs(instance: dg.DagsterInstance) -> None:
    before = datetime.now(UTC) - timedelta(days=HISTORY_DAYS)
    for record in instance.get_run_records(dg.RunsFilter(created_before=before), limit=100):
        run = record.dagster_run
        if run.is_finished:
            instance.compute_log_manager.delete_logs(prefix=[run.run_id])
            instance.delete_run(run.run_id)
