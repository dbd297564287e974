"""Read, validate and write the charges alone: `python -m tests.bench.charges LANDING DATA`.

Prints the rows, the seconds that this took without the start of Python and its imports, and those
of reading, validating and writing; a second thread writes while the first reads and validates on.
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandera.backends.polars.builtin_checks  # noqa: F401 - else the first validation imports it

from orchestration.ingest import commit, judging
from orchestration.ingest.landing import find_batches
from orchestration.ingest.load import TableLoader
from orchestration.ingest.raw_store import TableFiles
from orchestration.ingest.rows import DeliveredRows
from orchestration.settings import read_settings
from tests.bench.stages import STEPS

TABLE = ("autotask", "charges")


def main(landing: str, data_dir: str) -> None:
    """Load the charges of a landing folder into a new data folder."""
    settings = read_settings({"PSA_LANDING_DIR": landing, "PSA_DATA_DIR": data_dir})
    batches = find_batches(Path(landing))[0][TABLE]
    files = TableFiles(*TABLE, settings)
    spent = _timed(judging, DeliveredRows, commit)
    started = time.perf_counter()
    loaded = TableLoader(files).load(batches)
    seconds = time.perf_counter() - started
    if loaded.refusals:
        sys.exit("\n".join(map(str, loaded.refusals)))
    rows = sum(content.loaded for content in files.contents().values())
    print(rows, seconds, *spent.values())


def _timed(judging: Any, rows: Any, commit: Any) -> dict[str, float]:
    """Count the seconds of each of STEPS from now on."""
    spent = dict.fromkeys(STEPS, 0.0)

    def timed(step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*arguments)
            finally:
                spent[step] += time.perf_counter() - started

        return call

    def pieces(*arguments: Any) -> Iterator[Any]:
        found = pieces_of(*arguments)
        yield from iter(timed("read", lambda: next(found, None)), None)

    pieces_of, rows.pieces = rows.pieces, pieces
    judging.judge = timed("validate", judging.judge)
    commit.append = timed("write", commit.append)
    return spent


if __name__ == "__main__":
    main(*sys.argv[1:])
