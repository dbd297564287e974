"""Raw tables loaded side by side, a process a table (VAL-9); no Dagster, so that they start soon.

A table is loaded by one process from its first file to its last, in the order of LND-5, and commits
its files itself, as ever; so the number of workers changes nothing but the time.
"""

import ctypes
import multiprocessing
import os
import signal
from collections.abc import Collection
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from orchestration.ingest.landing import find_batches
from orchestration.ingest.load import TableLoad, TableLoader
from orchestration.ingest.raw_store import TableFiles
from orchestration.settings import Settings

Table = tuple[str, str]  # source and name
DIES_WITH_ITS_PARENT = 1  # Linux: PR_SET_PDEATHSIG


class WorkerDiedError(RuntimeError):
    """A process that loaded deliveries has ended without a word."""


class Workers:
    """The loads of one run, at work until each is asked for."""

    def __init__(self, settings: Settings, run_id: str, tables: Collection[Table]) -> None:
        """Start to load tables, those with most bytes first.

        Args:
            settings: how many processes, and where everything lies.
            run_id: what quarantined rows remember of the run that judged them.
            tables: source and name of each.
        """
        batches, _ = find_batches(settings.landing_dir)
        sizes = {
            table: sum(batch.path.stat().st_size for batch in batches[table] if batch.path.exists())
            for table in tables
        }
        pool = ProcessPoolExecutor(
            min(settings.ingest_workers, len(tables)),
            # Not forked: the libraries of this process have threads of their own.
            multiprocessing.get_context("spawn"),
            initializer=_end_with,
            initargs=(os.getpid(),),
        )
        self._loads: dict[Table, Future[TableLoad]] = {
            table: pool.submit(load, settings, run_id, table)
            for table in sorted(tables, key=lambda table: -sizes[table])
        }
        pool.shutdown(wait=False)  # the processes end when all is loaded

    def result(self, table: Table, others: Collection[Table] = ()) -> TableLoad:
        """What loading a table did, once it and these others have been loaded.

        Raises:
            WorkerDiedError: a process was killed; which one, nobody knows.
        """
        try:
            wait([self._loads[one] for one in others if one in self._loads])
            return self._loads[table].result()
        except BrokenProcessPool:
            raise WorkerDiedError(
                "A process that loaded deliveries was killed, perhaps for want of memory. Each "
                "file is loaded whole or not at all; run again, with a lower PSA_INGEST_WORKERS "
                "if it was memory."
            ) from None
        except BaseException:
            if not self._loads[table].done():  # the run is cancelled
                for waiting in self._loads.values():
                    waiting.cancel()
            raise


def load(settings: Settings, run_id: str, table: Table) -> TableLoad:
    """Load the deliveries of a table."""
    batches, _ = find_batches(settings.landing_dir)
    return TableLoader(TableFiles(*table, settings), run_id).load(batches[table])


def _end_with(parent: int) -> None:
    """See that this process ends with its parent, which holds the lock of the data folder."""
    ctypes.CDLL(None).prctl(DIES_WITH_ITS_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
