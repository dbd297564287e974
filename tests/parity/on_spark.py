"""What Spark does for the comparison, in a process of its own.

Its catalog forgets all tables with the process, so what looks at them follows the build here.
"""

import argparse
import sys
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


def main() -> int:
    """Build, and leave the files in the data folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("as_of_date", type=date.fromisoformat)
    parser.add_argument("--unit-tests", action="store_true", help="run them, too")
    parser.add_argument("--plans", action="store_true", help="look at the plans of all models")
    parser.add_argument(
        "--edges", action="store_true", help="compute edges, and what no mart holds"
    )
    arguments = parser.parse_args()
    data_dir: Path = arguments.data_dir
    settings = read_settings({"PSA_DATA_DIR": str(data_dir), "PSA_ENGINE": "spark"})
    settings.hand_on(arguments.as_of_date)
    spark.make_folder(data_dir / SPARK, settings)
    target = data_dir / "target"
    built = _dbt(target, "build", "--exclude-resource-type", "unit_test")
    if not built.success:
        return 1
    if arguments.unit_tests and not _dbt(target, "test", "--select", "test_type:unit").success:
        return 1
    found = list(_faults_of_plans(built)) if arguments.plans else []
    if arguments.edges:
        _compute_edges(data_dir / SPARK / edges.FOLDER, target)
        found += _not_refused(target, settings)
    print("\n".join(found))
    return 1 if found else 0


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
            connection.read_parquet(str(rows)).create_view("edges")
            connection.sql(on_duckdb[name]).write_parquet(str(folder / f"{name}.duckdb.parquet"))


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
