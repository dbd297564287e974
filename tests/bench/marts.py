"""Measure `dbt run` at scale against one hand-written script with the same rules, side by side.

python -m orchestration.sample --out BIG --scale 140 --format parquet
PSA_LANDING_DIR=BIG PSA_DATA_DIR=DATA PSA_AS_OF_DATE=2026-11-20 python -m orchestration.run
PSA_LANDING_DIR=BIG PSA_DATA_DIR=DATA PSA_AS_OF_DATE=2026-11-20 python -m tests.bench.marts
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from orchestration.settings import ROOT, Settings, read_settings

PAIRS = 3
# As in profiles.yml.
LIMITS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "1500MB",
    "preserve_insertion_order": False,
}


def main() -> None:
    """Run both in turn and print the seconds of each pair, their medians and ratio."""
    settings = read_settings()
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(PAIRS):
            dbt_seconds = _dbt(Path(folder))
            script_seconds, found = _script(settings, Path(folder) / f"{number}.duckdb")
            pairs.append((dbt_seconds, script_seconds))
            print(f"dbt run {dbt_seconds:6.1f} s   script {script_seconds:6.1f} s", flush=True)
    with duckdb.connect(settings.warehouse_dir / "psa_marts.duckdb", read_only=True) as marts:
        built = marts.execute(
            "select total_charge_records, charges_with_po, total_billable_amount, exposed_amount, "
            "unique_po_numbers, hours_with_po from marts.po_overview"
        ).fetchall()[0]
    if built != found:
        sys.exit(f"the two do not make the same: dbt {built}, script {found}")
    dbt_median, script_median = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(dbt_seconds / script_seconds for dbt_seconds, script_seconds in pairs)
    print(f"medians {dbt_median:6.1f} s          {script_median:6.1f} s   ratio {ratio:.2f}")


def _dbt(target: Path) -> float:
    """Seconds that dbt spends on all models, without its start."""
    project = str(ROOT / "dbt_project")
    dbt = str(Path(sys.executable).with_name("dbt"))
    subprocess.run(
        [
            *(sys.executable, "-m", "orchestration.settings", dbt, "--quiet", "run"),
            *("--project-dir", project, "--profiles-dir", project),
        ],
        env=os.environ | {"DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(target)},
        cwd=ROOT,
        check=True,
    )
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))
    return float(results["elapsed_time"])


def _script(settings: Settings, database: Path) -> tuple[float, tuple[object, ...]]:
    """Seconds that the script takes, and the figures that both must agree on."""
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with duckdb.connect(database, config=LIMITS) as connection:
        connection.execute("create schema marts")
        variables = {
            "raw": settings.raw_dir,
            "seeds": ROOT / "dbt_project/seeds",
            "as_of": settings.as_of_date,
        }
        for name, value in variables.items():
            text = str(value).replace("'", "''")
            connection.execute(f"set variable {name} = '{text}'")
        started = time.perf_counter()
        connection.execute(script)
        seconds = time.perf_counter() - started
        found: tuple[object, ...] = connection.execute(
            "select charges, charges_with_po, amount, exposed_amount, pos, (select "
            "sum(hours_worked) filter (where has_po and not is_internal) from marts.time_entries) "
            "from marts.overview"
        ).fetchall()[0]
    database.unlink()
    return seconds, found


if __name__ == "__main__":
    main()
