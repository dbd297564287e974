"""The dbt project as assets: staging, intermediate models and marts, with their tests as checks."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError
from packaging.version import Version

from orchestration.generations import DATABASE as MARTS
from orchestration.settings import ROOT, Settings

DBT_PROJECT = DbtProject(ROOT / "dbt_project")
WAREHOUSE = "warehouse.duckdb"
ROWS_SHOWN = 3
PATIENCE_SECONDS = 60


class PinnedDbt(DbtCliResource):
    """The dbt of the lock: no need to start it for its version, nor to load its adapter here.

    The adapter would serve column metadata only, which nobody asks for. Together the two take a
    fifth of a small refresh.
    """

    @property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:  # type: ignore[override]
        return None


def dbt_resource() -> DbtCliResource:
    """The dbt of this environment, which need not be on PATH."""
    project = str(DBT_PROJECT.project_dir)
    dbt = str(Path(sys.executable).with_name("dbt"))
    return PinnedDbt(project_dir=project, profiles_dir=project, dbt_executable=dbt)


def mart_assets(settings: Settings) -> dg.AssetsDefinition:
    """All models and seeds in one step; a failed test fails it."""

    @dbt_assets(manifest=DBT_PROJECT.manifest_path, project=DBT_PROJECT)
    def psa_models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        # Paths and dates travel as environment, because changed dbt vars force a full parse.
        os.environ.update(settings.environment(run_as_of(context, settings)))
        _open_warehouse(settings, context.log.warning)
        # One lasting folder a data folder keeps dbt's parse state warm.
        target = settings.warehouse_dir / "dbt"
        (target / "run_results.json").unlink(missing_ok=True)
        built_by(settings).unlink(missing_ok=True)
        # Unit tests judge the code, not the night's data.
        arguments = ["build", "--exclude-resource-type", "unit_test"]
        # Of a selection, only those tests whose models are all up to date.
        arguments += ["--indirect-selection", "buildable"]
        build = dbt.cli(arguments, context=context, target_path=target)
        parse_state = target / "partial_parse.msgpack"
        if parse_state.exists():
            parse_state.chmod(0o640)  # copied from the checkout, mode and all
        try:
            yield from build.stream()
        except DagsterDbtCliRuntimeError as error:
            mistakes = _explain(target, settings, "error", "fail", "runtime error")
            raise dg.Failure(mistakes or str(error), allow_retries=False) from None
        built_by(settings).write_text(context.run_id, encoding="utf-8")
        if warnings := _explain(target, settings, "warn"):
            context.log.warning(warnings)

    return psa_models


def _open_warehouse(settings: Settings, warn: Callable[[str], None]) -> None:
    """See to it that dbt can open its databases, whatever the last build died of.

    A dbt whose parent was killed ends a little later; what it left unreadable is made again.
    """
    patience = time.monotonic() + PATIENCE_SECONDS
    for database in (settings.warehouse_dir / WAREHOUSE, settings.warehouse_dir / MARTS):
        while database.exists():
            try:
                duckdb.connect(database).close()
                break
            except duckdb.Error as error:
                if "Conflicting lock" not in str(error):
                    warn(f"{database.name} cannot be opened and is made again: {error}")
                    database.with_name(f"{database.name}.wal").unlink(missing_ok=True)
                    database.unlink()
                elif time.monotonic() > patience:
                    raise dg.Failure(f"{error} End that process.", allow_retries=False) from None
                time.sleep(1)


def built_by(settings: Settings) -> Path:
    """The file that names the run whose build, tests included, the warehouse holds."""
    return settings.warehouse_dir / "built_by.txt"


def run_as_of(context: dg.AssetExecutionContext, settings: Settings) -> date:
    """The day that a run counts ages from, the same in every step of it."""
    record = context.instance.get_run_record_by_id(context.run_id)
    if record is None:
        raise LookupError(f"run {context.run_id} is not known to the Dagster instance it runs on")
    return settings.as_of(record.create_timestamp)


def _explain(target: Path, settings: Settings, *statuses: str) -> str:
    """Say how a dbt build ended: node, message, and the first rows that break a test."""
    results_file = target / "run_results.json"
    if not results_file.exists():  # dbt stopped before it ran a node
        return ""
    results = json.loads(results_file.read_text(encoding="utf-8"))["results"]
    results = [result for result in results if result["status"] in statuses]
    if not results:
        return ""
    parents = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["parent_map"]
    lines = []
    for result in results:
        kind, _, name = result["unique_id"].split(".")[:3]
        of = ", ".join(parent.split(".")[2] for parent in parents[result["unique_id"]])
        title = f"test {name} of {of}" if kind == "test" and of else f"{kind} {name}"
        lines.append(f"{title}: {result['message']}")
        if kind == "test" and result["failures"]:
            lines += _first_rows(result["compiled_code"], settings.warehouse_dir)
    return "\n".join(lines)


def _first_rows(query: str, warehouse_dir: Path) -> list[str]:
    with duckdb.connect(warehouse_dir / WAREHOUSE, read_only=True) as connection:
        marts = str(warehouse_dir / MARTS).replace("'", "''")
        connection.execute(f"attach '{marts}' as psa_marts (read_only)")
        rows = connection.sql(query).limit(ROWS_SHOWN)
        names = rows.columns
        return [
            "  " + ", ".join(f"{name}={value}" for name, value in zip(names, row, strict=True))
            for row in rows.fetchall()
        ]
