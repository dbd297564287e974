"""Build on one Spark what lies in several data folders, and what the macros make of edges.

Each argument is a data folder and a day, with = between them. A folder may still be being made.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from dbt.cli.main import dbtRunner, dbtRunnerResult

from orchestration.build import spark
from orchestration.settings import ROOT, read_settings
from tests.parity.cells import SPARK
from tests.parity.edges import COMPARED, write_edges

PATIENCE_SECONDS = 600  # 2026-11-26: a world takes DuckDB half a minute on two cores


def main() -> int:
    """Build, and leave the files in the data folders."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("data", nargs="+")
    arguments = parser.parse_args()
    for data in arguments.data:
        folder, _, day = data.rpartition("=")
        _wait_for(Path(folder))
        if not _build(Path(folder), date.fromisoformat(day), full=arguments.full):
            return 1
    return 0


def _wait_for(folder: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not folder.exists():
        if time.monotonic() > end:
            raise SystemExit(f"{folder} was not made within {PATIENCE_SECONDS} s")
        # 2026-11-26: asks again whether DuckDB's process has made the folder; has an end.
        time.sleep(1)


def _build(folder: Path, day: date, *, full: bool) -> bool:
    settings = read_settings({"PSA_DATA_DIR": str(folder), "PSA_ENGINE": "spark"})
    settings.hand_on(day)
    spark.make_folder(folder / SPARK, settings)
    target = ["--target-path", str(folder / "target"), "--log-path", str(folder / "target")]
    built = _invoke("build", "--exclude-resource-type", "unit_test", *target)
    if not built.success:
        return False
    if full and not _invoke("test", "--select", "test_type:unit", *target).success:
        return False
    _edges(folder / SPARK / "edges", target)
    found = list(_faults_of_plans(built))
    print("\n".join(found))
    return not found


def _edges(folder: Path, target: list[str]) -> None:
    """Let both engines compute the edges, each by the SQL that dbt compiles for it."""
    # Imported here, because Spark's session is there only once dbt has built.
    from pyspark.sql import SparkSession

    write_edges(folder)
    session = SparkSession.builder.getOrCreate()
    for name, columns in COMPARED.items():
        rows = folder / f"{name}.parquet"
        on_spark = _compiled(columns, "spark", target)
        session.read.parquet(str(rows)).createOrReplaceTempView("edges")
        session.sql(on_spark).write.parquet(str(folder / name))
        on_duckdb = _compiled(columns, "duckdb", target)
        with duckdb.connect() as connection:
            computed = connection.read_parquet(str(rows)).query("edges", on_duckdb)
            computed.write_parquet(str(folder / f"{name}.duckdb.parquet"))


def _faults_of_plans(built: dbtRunnerResult) -> Iterator[str]:
    from pyspark.sql import SparkSession

    from tests.parity.plans import faults

    run: Any = built.result
    nodes = [result.node for result in run.results if result.node.resource_type == "model"]
    queries = [(node.name, node.compiled_code) for node in nodes]
    yield from faults(SparkSession.builder.getOrCreate(), queries)


def _compiled(columns: str, engine: str, target: list[str]) -> str:
    options = ["--target", engine, "--no-populate-cache", "--no-introspect", "--quiet", *target]
    compiled: Any = _invoke("compile", "--inline", columns, *options).result
    return str(compiled.results[0].node.compiled_code)


def _invoke(*arguments: str) -> dbtRunnerResult:
    project = str(ROOT / "dbt_project")
    return dbtRunner().invoke([*arguments, "--project-dir", project, "--profiles-dir", project])


if __name__ == "__main__":
    sys.exit(main())
