"""Measure a warm refresh of the sample against `dbt build` alone on the same data, side by side."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from orchestration.settings import ROOT

RUNS = 5


def main() -> None:
    """Run both in turn after one warm-up each and print medians and the ratio of each pair."""
    bin_dir = Path(sys.executable).parent
    dbt = [sys.executable, "-m", "orchestration.settings", str(bin_dir / "dbt"), "--quiet", "build"]
    dbt += ["--exclude-resource-type", "unit_test"]
    dbt += ["--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(ROOT / "dbt_project")]
    refresh = [sys.executable, "-m", "orchestration.run"]
    with tempfile.TemporaryDirectory() as data_dir:
        environment = os.environ | {"PSA_DATA_DIR": data_dir}
        target = {"DBT_TARGET_PATH": str(Path(data_dir) / "target")}
        pairs = []
        for number in range(RUNS + 1):
            refresh_seconds = _seconds(refresh, environment)
            dbt_seconds = _seconds(dbt, environment | target)
            if number:  # the first of each warms up
                pairs.append((refresh_seconds, dbt_seconds))
                print(f"refresh {refresh_seconds:6.2f} s   dbt build {dbt_seconds:6.2f} s")
    ratio = statistics.median(
        refresh_seconds / dbt_seconds for refresh_seconds, dbt_seconds in pairs
    )
    refresh_median, dbt_median = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"medians {refresh_median:6.2f} s             {dbt_median:6.2f} s   ratio {ratio:.2f}")


def _seconds(command: list[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, env=environment, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
