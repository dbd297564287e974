"""Build on both engines and compare: `make parity`, `make parity-full`.

One Spark builds the sample and the odd world, as soon as DuckDB has made each.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from orchestration.settings import ROOT, SAMPLE_AS_OF_DATE, SAMPLE_DIR
from tests.conftest import Refresh, environment, refresh
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
    try:
        found = list(_compare(folder, full=full))
    finally:
        shutil.rmtree(folder)
    print("\n".join(found) or "Both engines give the same cells and types.")
    print(f"{time.monotonic() - started:.0f} s")
    return 1 if found else 0


def _compare(folder: Path, *, full: bool) -> Iterator[str]:
    """Say where the engines differ, once both have built both data sets."""
    sample, world = folder / "the sample's data", folder / "world"
    command = [sys.executable, "-m", "tests.parity.on_spark", *["--full"] * full]
    on_spark = subprocess.Popen(
        [*command, f"{sample}={SAMPLE_AS_OF_DATE}", f"{world}={AS_OF_DATE}"],
        cwd=ROOT,
        env=environment(),
    )
    try:
        # Spark waits for each folder to take its name.
        _succeeded(_on_duckdb(SAMPLE_DIR, folder / "sample", SAMPLE_AS_OF_DATE))
        (folder / "sample").rename(sample)
        for ended in _odd_world(folder / "landing", folder / "odd"):
            _succeeded(ended)
        (folder / "odd").rename(world)
        if on_spark.wait() != 0:
            yield "The build on Spark failed; see above."
            return
    finally:
        on_spark.kill()
    for data_dir in (sample, world):
        yield from differences(data_dir)
    yield from differences_at_edges(world)


def _odd_world(landing: Path, data_dir: Path) -> Iterator[Refresh]:
    """Every kind of oddity: broken, late, corrected and deleted rows, postings, odd texts."""
    rng = random.Random(SEED)  # noqa: S311 - not a secret
    for step in deliveries.make_steps(
        rng, WORLDS, steps=2, with_tickets=True, with_kinds=True, with_charges=True
    ):
        step.apply(landing)
        yield _on_duckdb(landing, data_dir, AS_OF_DATE)


def _on_duckdb(landing: Path, data_dir: Path, as_of_date: date) -> Refresh:
    return refresh(landing, data_dir, PSA_AS_OF_DATE=as_of_date.isoformat())


def _succeeded(ended: Refresh) -> None:
    if ended.exit_code:
        raise SystemExit(ended.output + ended.errors)


if __name__ == "__main__":
    sys.exit(main())
