"""A build on Apache Spark: where its files lie, and how what it has made comes back (PUB-15).

dbt builds into a folder of this build alone, as parquet. All that follows (figures, pages,
publishing) reads the databases of `orchestration.warehouse`, as after a build on DuckDB: they are
filled from these files. Spark knows its tables for one build only, so each build makes all of them,
unless nothing has changed at all.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from orchestration.settings import ROOT, Settings
from orchestration.warehouse import MARTS, SCHEMA, STORAGE_VERSION, WAREHOUSE, open_database, quoted

FOLDER = "PSA_RUN_SPARK_DIR"
# How Spark works on one machine, where it is not told otherwise; on a cluster its own file says.
CONFIGURATION = ROOT / "orchestration" / "deploy" / "spark"
FAILED = "failed"  # where `keep_failed_rows` writes
WORK_LISTS = "int_work_list_"  # what the pages read of the models that are not published
ONLY_WHOLE = (
    "On Spark all models are built together, because its tables are known within one build. Launch "
    "the job nightly_refresh as a whole, or build single models with PSA_ENGINE=duckdb."
)


def start(settings: Settings, build: str) -> None:
    """Make a folder for a build, and leave nothing that could be taken for what it makes.

    Args:
        settings: where to build.
        build: its name; what an earlier one may still write is not in its way.

    Raises:
        dagster.Failure: Spark is not installed.
    """
    if not (find_spec("pyspark") and find_spec("dbt.adapters.spark")):
        raise dg.Failure(
            "PSA_ENGINE is spark, but its packages are not installed. Run `make spark`.",
            allow_retries=False,
        )
    if not (settings.spark_remote or "JAVA_HOME" in os.environ or shutil.which("java")):
        raise dg.Failure(
            "PSA_ENGINE is spark, but there is no Java. Install Java 17, or set JAVA_HOME.",
            allow_retries=False,
        )
    builds = settings.warehouse_dir / "spark"
    shutil.rmtree(builds, ignore_errors=True)
    for database in (WAREHOUSE, MARTS):
        (settings.warehouse_dir / database).unlink(missing_ok=True)
    make_folder(builds / build, settings)


def make_folder(folder: Path, settings: Settings) -> None:
    """Make the folder that dbt's next build on Spark writes to, and hand it on."""
    # Beside the tables, because workers on other machines see this folder and not the project.
    shutil.copytree(ROOT / "dbt_project" / "seeds", folder / "csv")
    os.environ[FOLDER] = str(folder)
    if not settings.spark_remote:
        os.environ.setdefault("SPARK_CONF_DIR", str(CONFIGURATION))


def bring_home(settings: Settings, manifest: Mapping[str, Any]) -> None:
    """Fill the databases of the build from the files that Spark has written, which then go.

    Args:
        settings: where the build is.
        manifest: what dbt knows of its project; contracts and descriptions of the marts.
    """
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    with _new_database(settings, MARTS) as connection:
        connection.execute(f"create schema {SCHEMA}")
        for node in models:
            if node["schema"] == SCHEMA:
                _make_mart(connection, node)
    with _new_database(settings, WAREHOUSE) as connection:
        connection.execute("create schema intermediate")
        for node in models:
            if node["name"].startswith(WORK_LISTS):
                connection.execute(
                    f"create table intermediate.{quoted(node['name'])} as from {_files(node)}"
                )
    for folder in Path(os.environ[FOLDER]).iterdir():
        if folder.name != FAILED:  # a warning is told later
            shutil.rmtree(folder)


def first_rows(test: str) -> duckdb.DuckDBPyRelation:
    """The first rows that a test has found, which the build keeps (`keep_failed_rows`)."""
    return duckdb.read_parquet(str(Path(os.environ[FOLDER]) / FAILED / test / "*.parquet"))


@contextmanager
def _new_database(settings: Settings, name: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database, and the schema in use, that takes its name when it is complete."""
    unfinished = settings.warehouse_dir / f"{name}.unfinished"
    unfinished.unlink(missing_ok=True)
    with open_database(Path(":memory:"), settings, read_only=False) as connection:
        connection.execute(
            f"attach '{_text(unfinished)}' as built (storage_version '{STORAGE_VERSION}.0')"
        )
        connection.execute("use built")
        yield connection
        connection.execute("use memory")
        connection.execute("detach built")  # with its checkpoint
    unfinished.replace(settings.warehouse_dir / name)


def _make_mart(connection: duckdb.DuckDBPyConnection, node: Mapping[str, Any]) -> None:
    """Make a mart as dbt makes it on DuckDB: by its contract, described, with constraints."""
    table = f"{SCHEMA}.{quoted(node['name'])}"
    columns = node["columns"].values()
    contract = ", ".join(
        f"{quoted(column['name'])} {column['data_type']}"
        + " not null" * any(one["type"] == "not_null" for one in column["constraints"])
        for column in columns
    )
    connection.execute(f"create table {table} ({contract})")
    connection.execute(f"insert into {table} by name from {_files(node)}")
    connection.execute(f"comment on table {table} is '{_text(node['description'])}'")
    for column in columns:
        connection.execute(
            f"comment on column {table}.{quoted(column['name'])} "
            f"is '{_text(column['description'])}'"
        )


def _files(node: Mapping[str, Any]) -> str:
    """The rows of a model, as its files hold them."""
    folder = Path(os.environ[FOLDER]) / node["schema"] / node["name"]
    return f"read_parquet('{_text(folder / '*.parquet')}')"


def _text(value: object) -> str:
    """What stands between the quotes of a text in SQL."""
    return str(value).replace("'", "''")
