"""`make bench`: measure whole refreshes and what they compare with; see RESULTS.md.

All in one go on generated extracts, each case a process of its own. A data folder is new where a
case says "first"; the caches of the operating system are left as they are.
"""

import argparse
import json
import multiprocessing
import shutil
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from orchestration.settings import SAMPLE_AS_OF_DATE, SAMPLE_DIR
from tests.bench.commands import dbt_build, floor, generate, limit, load_charges, plain, refresh
from tests.bench.figures import differences, figures_of
from tests.bench.measure import Cost
from tests.bench.nightly import deliver_night
from tests.bench.report import MILLION, Case, machine, write_sample, write_section
from tests.bench.stages import GROUPS, STEPS, Stage, ratios_to_floor, stages

MOST_FOR_PANDAS = 2 * MILLION
DAY = timedelta(days=1)


def main() -> None:
    """Measure one scale, and before it the sample, and write the results."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--scale", type=int, default=MILLION, help="140 = 1 M charges, 1 = sample")
    parser.add_argument("--runs", type=int, help="3 up to 1 M charges and of the sample, else 1")
    parser.add_argument("--pandas", action="store_true", help="pandas above 2 M charges, too")
    parser.add_argument("--no-sample", action="store_true", help="what it cost last stays")
    parser.add_argument("--folder", type=Path, help="for extracts and data, in place of /tmp")
    options = parser.parse_args()
    runs = options.runs or (3 if options.scale <= MILLION else 1)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        facts = machine()
        bench = Bench(Path(folder), options.scale, runs)
        if not options.no_sample:
            write_sample(facts, *measure_sample(Path(folder), options.runs or 3))
        bench.from_parquet(options.pandas or options.scale <= MOST_FOR_PANDAS)
        bench.day_after_day()
        # What is measured by now is kept, should the disk be too small for the rest.
        write_section(options.scale, runs, facts, bench.rows, bench.cases)
        bench.from_csv()
        write_section(options.scale, runs, facts, bench.rows, bench.cases)


class Bench:
    """The cases of one scale, in the order of its methods.

    Attributes:
        rows: of charges and of time entries.
        cases: what was measured, by name.
    """

    def __init__(self, folder: Path, scale: int, runs: int) -> None:
        """Nothing is generated yet."""
        self.folder, self.scale, self.runs = folder, scale, runs
        self.rows: dict[str, int] = {}
        self.cases: dict[str, Case] = {}
        self.figures: dict[str, dict[str, str]] = {}
        self.today = SAMPLE_AS_OF_DATE

    def from_parquet(self, has_pandas: bool) -> None:
        """First refreshes from parquet, in turn with what they compare with."""
        landing, data = self.folder / "parquet", self.folder / "data"
        checked(generate(landing, self.scale, "parquet"))
        for run in range(self.runs):
            shutil.rmtree(data, ignore_errors=True)
            self.refresh("first refresh, parquet", landing, data)
            database = self.folder / "floor.duckdb"
            self.keep("floor, DuckDB SQL", floor(landing, database))
            copy = self.folder / "copy"
            self.keep("bytes alone", limit(landing, data / "marts/current", copy))
            copy.unlink()
            for library in ("polars", "pandas") if has_pandas else ("polars",):
                cost = plain(library, landing)
                self.keep(f"plain {library}", cost)
                self.figures[f"plain {library}"] = json.loads(cost.output)
            if run == 0:
                self.figures["first refresh, parquet"] = marts_of(data)
                self.figures["floor, DuckDB SQL"] = aside(figures_of, database)
                self.compare()
            database.unlink()
        figures = self.figures["first refresh, parquet"]
        self.rows = {name: int(figures[name]) for name in ("charges", "time_entries")}
        charges = self.folder / "charges"
        for _ in range(self.runs):
            cost = checked(load_charges(landing, charges))
            _, whole, *steps = map(float, cost.output.split())
            found = [Stage("ingest", *step, 0) for step in zip(STEPS, steps, strict=True)]
            self.keep("charges alone", cost, found, whole)
            shutil.rmtree(charges)

    def day_after_day(self) -> None:
        """On what `from_parquet` left: nothing new, another day, a night's deliveries."""
        landing, data = self.folder / "parquet", self.folder / "data"
        for _ in range(self.runs):
            self.refresh("no change", landing, data)
        for _ in range(self.runs):
            self.today += DAY
            self.refresh("only the as-of date", landing, data)
        for _ in range(self.runs):
            self.today += DAY
            aside(deliver_night, landing, self.today)
            self.refresh("nightly", landing, data)
        shutil.rmtree(landing)
        shutil.rmtree(data)

    def from_csv(self) -> None:
        """First refreshes from CSV."""
        landing, data = self.folder / "csv", self.folder / "csv data"
        checked(generate(landing, self.scale, "csv"))
        for _ in range(self.runs):
            shutil.rmtree(data, ignore_errors=True)
            self.refresh("first refresh, CSV", landing, data, SAMPLE_AS_OF_DATE)
        self.figures["first refresh, CSV"] = marts_of(data)
        self.compare()
        shutil.rmtree(landing)
        shutil.rmtree(data)

    def compare(self) -> None:
        """End the bench, unless all ways agree to the cent."""
        if mistakes := differences(self.figures):
            sys.exit("The ways do not agree:\n" + "\n".join(mistakes))

    def refresh(self, name: str, landing: Path, data: Path, as_of_date: date | None = None) -> None:
        """Measure one refresh, stage by stage."""
        cost = checked(refresh(landing, data, as_of_date or self.today))
        self.keep(name, cost, stages(cost, data))

    def keep(
        self,
        name: str,
        cost: Cost,
        found: list[Stage] | None = None,
        seconds: float | None = None,
    ) -> None:
        """Remember what a case cost."""
        self.cases.setdefault(name, Case()).add(checked(cost), found, seconds)
        print(f"{name:<26}{cost.wall:8.1f} s{cost.tree_bytes / 2**30:8.2f} GiB", flush=True)


def measure_sample(
    folder: Path, runs: int
) -> tuple[list[float], list[float], list[float], dict[str, float]]:
    """The sample, warm, in turn with `dbt build` alone; and its first refresh by the floor.

    Returns:
        Seconds of the refreshes, of dbt, and of the start of the refreshes; and the ratio of each
        stage of a first refresh to the floor, by the best of their runs: what disturbs a process
        only adds to it.
    """
    landing, database = folder / "sample", folder / "sample.duckdb"
    checked(generate(landing, 1, "parquet"))
    firsts: list[dict[str, float]] = []
    floors: list[float] = []
    for number in range(runs):
        data = folder / f"sample data {number}"
        first = checked(refresh(SAMPLE_DIR, data))
        firsts.append(ratios_to_floor(stages(first, data), 1))
        floors.append(checked(floor(landing, database)).cpu)
        database.unlink()
    ratios = {group: min(first[group] for first in firsts) / min(floors) for group in GROUPS}
    target = folder / "target"
    checked(dbt_build(SAMPLE_DIR, data, target))  # the first of each warms up
    refreshes, builds, starts = [], [], []
    for _ in range(runs):
        # What has not changed would not be done again.
        cost = checked(refresh(SAMPLE_DIR, data, SAMPLE_AS_OF_DATE, "--force"))
        refreshes.append(cost.wall)
        starts.append(stages(cost, data)[0].wall)
        builds.append(checked(dbt_build(SAMPLE_DIR, data, target)).wall)
        print(
            f"sample, warm {refreshes[-1]:6.1f} s   dbt build alone {builds[-1]:6.1f} s", flush=True
        )
    return refreshes, builds, starts, ratios


def checked(cost: Cost) -> Cost:
    """The same, if all went well; else the end of the bench."""
    if cost.exit_code:
        sys.exit(f"{' '.join(cost.command)} failed:\n{cost.output}{cost.errors}")
    return cost


def marts_of(data: Path) -> dict[str, str]:
    """The figures of the published marts."""
    found: dict[str, str] = aside(figures_of, data / "marts/current/psa_marts.duckdb")
    return found


def aside(function: Callable[..., Any], *arguments: object) -> Any:
    """Call in a process of its own, because a measured one inherits our size."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as processes:
        return processes.submit(function, *arguments).result()


if __name__ == "__main__":
    main()
