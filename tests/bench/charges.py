"""Read, validate and write the charges alone: `python -m tests.bench.charges LANDING DATA`.

Prints the rows and the seconds that this took, without the start of Python and its imports.
"""

import sys
import time
from pathlib import Path

import pandera.backends.polars.builtin_checks  # noqa: F401 - else the first validation imports it

from orchestration.landing import find_batches
from orchestration.load import TableStore
from orchestration.settings import read_settings

TABLE = ("autotask", "charges")


def main(landing: str, data_dir: str) -> None:
    """Load the charges of a landing folder into a new data folder."""
    settings = read_settings({"PSA_LANDING_DIR": landing, "PSA_DATA_DIR": data_dir})
    batches = find_batches(Path(landing))[0][TABLE]
    store = TableStore(*TABLE, settings)
    started = time.perf_counter()
    load = store.load(batches)
    seconds = time.perf_counter() - started
    if load.refusals:
        sys.exit("\n".join(map(str, load.refusals)))
    print(sum(content.loaded for content in store.contents().values()), seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
