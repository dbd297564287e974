"""The lock of a data folder; made without Dagster, so that a short command starts at once.

The operating system releases the lock when its process ends, however that happens. A file beside it
names the holder: for those who wait, and for the next one, who cleans up after a dead holder.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock

from orchestration.settings import Settings


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


@contextmanager
def idle(settings: Settings) -> Iterator[None]:
    """Keep every refresh away for a moment.

    Raises:
        Busy: one is running.
    """
    settings.prepare_data_dir()
    lock = refresh_lock(settings)
    if not is_acquired(lock, wait_seconds=1):
        raise Busy(f"{busy_words(settings)}. Wait until it ends.")
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


def refresh_lock(settings: Settings) -> filelock.BaseFileLock:
    """The lock of a data folder."""
    # The executor's generator may be closed by another thread than the one that started it.
    return filelock.FileLock(settings.data_dir / "refresh.lock", thread_local=False)


def is_refreshing(settings: Settings) -> bool:
    """Whether a process refreshes now; one that died does not."""
    lock = refresh_lock(settings)
    if is_acquired(lock):
        lock.release()
        return False
    return True


def holder_of(settings: Settings) -> Holder | None:
    """Who refreshes now, or died while refreshing."""
    try:
        return Holder(**json.loads(signature(settings).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def signature(settings: Settings) -> Path:
    """The file that names the holder."""
    return settings.data_dir / "refresh.json"


def busy_words(settings: Settings) -> str:
    """Say who holds the folder."""
    holder = holder_of(settings) or "another process"
    return f"A refresh is already running in {settings.data_dir}: {holder}"


def is_acquired(lock: filelock.BaseFileLock, wait_seconds: float = 0) -> bool:
    """Try to take the lock."""
    try:
        lock.acquire(timeout=wait_seconds, poll_interval=0.5)
    except filelock.Timeout:
        return False
    return True
