"""Measure how fast charges are read, validated and written, and how much memory that takes.

Each case is a process of its own: its seconds are those of the load without the imports, its memory
is the most that the process ever held.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

import pandera.backends.polars.builtin_checks  # noqa: F401 - else the first validation imports it

from orchestration import sample
from orchestration.landing import find_batches
from orchestration.load import TableStore
from orchestration.settings import read_settings

RUNS = 3
TABLE = ("autotask", "charges")


def main() -> None:
    """Load the charges of a generated extract, from parquet and from CSV, and again unchanged."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--scale", type=int, default=140, help="140 = 1 M charges")
    parser.add_argument("--load", nargs=2, type=Path, metavar=("LANDING", "DATA"))
    arguments = parser.parse_args()
    if arguments.load:
        print(*_load(*arguments.load))
        return
    with tempfile.TemporaryDirectory() as folder:
        for file_format in ("parquet", "csv"):
            landing = Path(folder) / file_format
            sample.write(landing, arguments.scale, file_format)
            data = [Path(folder) / f"{file_format}-{number}" for number in range(RUNS)]
            _report(f"charges from {file_format}", [_measured(landing, one) for one in data])
            _report("the same, unchanged", [_measured(landing, one) for one in data])


def _report(name: str, measured: list[tuple[int, float, float]]) -> None:
    rows, seconds = measured[0][0], statistics.median(case[1] for case in measured)
    gigabytes = max(case[2] for case in measured)
    print(
        f"{name:<22}{rows:>12,} rows{seconds:>8.2f} s{rows / seconds:>14,.0f} rows/s"
        f"{gigabytes:>8.2f} GB",
        flush=True,
    )


def _measured(landing: Path, data: Path) -> tuple[int, float, float]:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.bench.ingest", "--load", str(landing), str(data)],
        capture_output=True,
        text=True,
        check=True,
    )
    rows, seconds, gigabytes = ended.stdout.split()
    return int(rows), float(seconds), float(gigabytes)


def _load(landing: Path, data: Path) -> tuple[int, float, float]:
    settings = read_settings({"PSA_LANDING_DIR": str(landing), "PSA_DATA_DIR": str(data)})
    batches = find_batches(landing)[0][TABLE]
    store = TableStore(*TABLE, settings)
    started = time.perf_counter()
    load = store.load(batches)
    seconds = time.perf_counter() - started
    if load.refusals:
        sys.exit("\n".join(map(str, load.refusals)))
    rows = sum(content.loaded for content in store.contents().values())
    return rows, seconds, getrusage(RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
