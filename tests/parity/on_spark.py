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
from orchestration.build.failures import explain
from orchestration.settings import ROOT, Settings, read_settings
from tests.parity import edges
from tests.parity.cells import SPARK

PATIENCE_SECONDS = 600  # 2026-11-26: a world takes DuckDB half a minute on two cores


def main() -> int:
    """Build, and leave the files in the data folders."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("data", nargs="+")
    arguments = parser.parse_args()
    for data in arguments.data:
        folder, _, day = data.rpartition("=")
        settings = read_settings({"PSA_DATA_DIR": folder, "PSA_ENGINE": "spark"})
        settings.hand_on(date.fromisoformat(day))
        _wait_for(Path(folder))
        spark.make_folder(Path(folder) / SPARK, settings)
        target = Path(folder) / "target"
        built = _dbt(target, "build", "--exclude-resource-type", "unit_test")
        if not built.success:
            return 1
    # What follows depends on no data.
    if arguments.full and not _dbt(target, "test", "--select", "test_type:unit").success:
        return 1
    _compute_edges(Path(folder) / SPARK / edges.FOLDER, target)
    found = [*_faults_of_plans(built), *_not_refused(target, settings)]
    print("\n".join(found))
    return 1 if found else 0


def _wait_for(folder: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not folder.exists():
        if time.monotonic() > end:
            raise SystemExit(f"{folder} was not made within {PATIENCE_SECONDS} s")
        # 2026-11-26: asks again whether DuckDB's process has made the folder; has an end.
        time.sleep(1)


def _compute_edges(folder: Path, target: Path) -> None:
    """Let both engines compute the edges, each by the SQL that dbt compiles for it."""
    edges.write_edges(folder)
    session = _session()
    on_spark, on_duckdb = (_compiled(engine, target) for engine in ("spark", "duckdb"))
    for name in edges.COMPARED:
        rows = folder / f"{name}.parquet"
        session.read.parquet(str(rows)).createOrReplaceTempView("edges")
        session.sql(on_spark[name]).write.parquet(str(folder / name))
        with duckdb.connect() as connection:
            computed = connection.read_parquet(str(rows)).query("edges", on_duckdb[name])
            computed.write_parquet(str(folder / f"{name}.duckdb.parquet"))


def _compiled(engine: str, target: Path) -> dict[str, str]:
    """The query of each edge; all by one start of dbt, which reads the whole project."""
    options = ["--target", engine, "--no-populate-cache", "--no-introspect", "--quiet"]
    queries = "-- next --".join(edges.COMPARED.values())
    compiled: Any = _dbt(target, "compile", "--inline", queries, *options).result
    text = str(compiled.results[0].node.compiled_code)
    return dict(zip(edges.COMPARED, text.split("-- next --"), strict=True))


def _faults_of_plans(built: dbtRunnerResult) -> Iterator[str]:
    # Imported late, because Spark is there only once dbt has built.
    from tests.parity.plans import faults

    run: Any = built.result
    nodes = [result.node for result in run.results if result.node.resource_type == "model"]
    yield from faults(_session(), [(node.name, node.compiled_code) for node in nodes])


def _not_refused(target: Path, settings: Settings) -> Iterator[str]:
    """Say which values that no mart can hold a build takes; without ANSI mode they become null."""
    for statement in edges.REFUSED_ROWS:
        _session().sql(statement)
    # The files of the marts stay as they are, to be compared.
    spark.make_folder(settings.data_dir / "refused", settings)
    ended = _dbt(target, "run", "--select", *edges.REFUSED)
    said = explain(target, settings, "error")
    for model, texts in edges.REFUSED.items():
        for text in texts:
            if ended.success or text not in said:
                yield f"{model}: a build with {text!r} says {said!r}"


def _session() -> Any:
    from pyspark.sql import SparkSession

    return SparkSession.builder.getOrCreate()


def _dbt(target: Path, *arguments: str) -> dbtRunnerResult:
    project = str(ROOT / "dbt_project")
    folders = ["--project-dir", project, "--profiles-dir", project]
    where = ["--target-path", str(target), "--log-path", str(target)]
    return dbtRunner().invoke([*arguments, *folders, *where])


if __name__ == "__main__":
    sys.exit(main())
