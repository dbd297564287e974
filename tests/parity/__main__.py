"""Build on both engines and compare: `make parity`; `--full` of `make parity-full`.

Two data sets side by side, the sample and an odd world, each first on DuckDB and then on Spark.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from orchestration.settings import ROOT, SAMPLE_AS_OF_DATE, SAMPLE_DIR
from tests.built import Built
from tests.conftest import environment
from tests.parity.cells import differences, differences_at_edges
from tests.scenarios import AS_OF_DATE, deliveries

WORLDS, SEED = 30, 6


def main() -> int:
    """Compare both engines and say what differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the unit tests on Spark as well")
    full = parser.parse_args().full
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="parity-"))

    def compared(make: Callable[..., Iterator[str]]) -> list[str]:
        found = list(make(folder, full=full))
        print(f"{make.__doc__}: {time.monotonic() - started:.0f} s", flush=True)
        return found

    try:
        with ThreadPoolExecutor() as threads:
            found = [
                fault for faults in threads.map(compared, (_sample, _odd_world)) for fault in faults
            ]
    finally:
        shutil.rmtree(folder)
    print("\n".join(found) or "Both engines give the same cells and types.")
    return 1 if found else 0


def _sample(folder: Path, *, full: bool) -> Iterator[str]:
    """The sample."""
    data_dir = folder / "the sample's data"
    Built(SAMPLE_DIR, data_dir, SAMPLE_AS_OF_DATE).build()
    _on_spark(data_dir, SAMPLE_AS_OF_DATE, "--plans", *["--unit-tests"] * full)
    yield from differences(data_dir)


def _odd_world(folder: Path, *, full: bool) -> Iterator[str]:
    """Every kind of oddity: broken, late, corrected and deleted rows, postings, odd texts."""
    landing, data_dir = folder / "landing", folder / "world"
    rng = random.Random(SEED)  # noqa: S311 - not a secret
    steps = deliveries.make_steps(
        rng, WORLDS, steps=2, with_tickets=True, with_kinds=True, with_charges=True
    )
    landing.mkdir()
    built = Built(landing, data_dir, AS_OF_DATE)
    for step in steps:
        step.apply(landing)
        built.take_in()
    built.build()
    _on_spark(data_dir, AS_OF_DATE, "--edges")
    yield from differences(data_dir)
    yield from differences_at_edges(data_dir)


def _on_spark(data_dir: Path, as_of_date: date, *options: str) -> None:
    arguments = [str(data_dir), as_of_date.isoformat(), *options]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.parity.on_spark", *arguments],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise SystemExit(ended.stdout + ended.stderr)


if __name__ == "__main__":
    sys.exit(main())
