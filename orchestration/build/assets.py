"""The dbt project as assets: staging, intermediate models and marts, with their tests as checks."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from packaging.version import Version

from orchestration.build import spark
from orchestration.build.dagster_dbt import (
    DagsterDbtCliRuntimeError,
    DagsterDbtTranslator,
    DbtCliResource,
    dbt_assets,
)
from orchestration.build.dbt_manifest import DBT_PROJECT, read_dbt_manifest
from orchestration.build.descriptions import describe_tests
from orchestration.build.failures import explain
from orchestration.build.figures import read_figures
from orchestration.build.fingerprint import (
    FORCE,
    Inputs,
    last_build,
    nodes_by_as_of_date,
    remember_build,
)
from orchestration.build.increments import UPDATED_FACTS, facts_to_update
from orchestration.progress import advance
from orchestration.settings import Settings
from orchestration.warehouse import MARTS, SCHEMA, WAREHOUSE, open_database

PATIENCE_SECONDS = 60
ASSET_TYPES = ("model", "seed")
DBT_COMMAND = Path(__file__).with_name("dbt_command.py")
DEFINITIONS = "semantic_manifest.json"  # the metrics, among what dbt writes


class PinnedDbt(DbtCliResource):
    """The locked dbt: it need not be started for its version, nor its adapter loaded here.

    The adapter would serve column metadata only, which nobody asks for. Together the two take a
    fifth of a small refresh.
    """

    @property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:  # type: ignore[override]
        return None


def dbt_artifacts(settings: Settings) -> Path:
    """Where dbt writes what it knows; outliving the run keeps its parse state warm."""
    return settings.warehouse_dir / "dbt"


def dbt_resource() -> DbtCliResource:
    """The dbt of this environment, which need not be on PATH."""
    project = str(DBT_PROJECT.project_dir)
    return PinnedDbt(
        project_dir=project,
        profiles_dir=project,
        dbt_executable=sys.executable,
        # -P: of the modules beside it, dbt would take those named `dbt_…` for plug-ins.
        global_config_flags=["-P", str(DBT_COMMAND)],
    )


def mart_assets(settings: Settings) -> dg.AssetsDefinition:
    """All models and seeds in one step; a failed test fails it."""
    manifest = describe_tests(read_dbt_manifest())

    @dbt_assets(manifest=manifest, project=DBT_PROJECT)
    def psa_models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        # Paths and dates travel as environment, because changed dbt vars force a full parse.
        settings.hand_on(run_as_of(context, settings))
        _open_warehouse(settings, context.log.warning)
        if not _is_whole(context.assets_def):
            if settings.engine == "spark":
                raise dg.Failure(spark.ONLY_WHOLE, allow_retries=False)
            # Of a selection, only those tests whose models are all up to date.
            choice = ["--indirect-selection", "buildable"]
            yield from _build(dbt, choice, 0, context, settings, manifest)
            return
        warehouse = settings.warehouse_dir / WAREHOUSE
        inputs = Inputs.of(settings, run_as_of(context, settings))
        last = last_build(warehouse, settings)
        if FORCE in context.run.tags or not (settings.warehouse_dir / MARTS).exists():
            last = None
        if settings.engine == "spark" and inputs != last:
            last = None
        kept = _nodes_to_keep(manifest, last, inputs)
        # What is kept is reported first, because what is built depends on it.
        yield from _kept(manifest, kept, context.assets_def, settings)
        if len(kept) == len(_buildable(manifest)):
            return
        names = " ".join(sorted(manifest["nodes"][node]["name"] for node in kept))
        choice = ["--exclude", names, "--indirect-selection", "empty"] if kept else []
        if last and last.code == inputs.code and not kept:
            facts = facts_to_update(settings, manifest, context.log.info)
            os.environ[UPDATED_FACTS] = ",".join(facts)  # until `hand_on` is called again
        if settings.engine == "spark":
            spark.start(settings, context.run_id)
        nodes = len(_buildable(manifest)) - len(kept)
        yield from _build(dbt, choice, nodes, context, settings, manifest)
        remember_build(warehouse, settings, inputs)

    return psa_models


def _build(
    dbt: DbtCliResource,
    choice: list[str],
    nodes: int,
    context: dg.AssetExecutionContext,
    settings: Settings,
    manifest: dict[str, Any],
) -> Iterator[Any]:
    """Run dbt and say how it ended.

    The marts can be opened once dbt has closed them; so from the first mart on, what was built is
    reported at the end, with the figures of the marts.

    Args:
        dbt: the command.
        choice: which nodes to build, as arguments of `dbt build`.
        nodes: how many these are; 0 when that is not known.
        context: of the run.
        settings: where to build.
        manifest: what dbt knows of the project.
    """
    target = dbt_artifacts(settings)
    (target / "run_results.json").unlink(missing_ok=True)
    # Unit tests judge the code, not the night's data. Writing every statement to dbt.log takes a
    # sixth of dbt's time; the SQL of each model is in `target` anyway.
    arguments = ["build", "--exclude-resource-type", "unit_test", "--log-level-file", "info"]
    build = dbt.cli([*arguments, *choice], context=context, target_path=target)
    parse_state = target / "partial_parse.msgpack"
    if parse_state.exists():
        parse_state.chmod(0o640)  # copied from the checkout, mode and all
    keys = context.assets_def.keys_by_output_name
    waiting: list[Any] = []
    try:
        advance(0, "models and tests", expected=nodes)
        for result in build.stream():
            advance(1, "models and tests")
            output = getattr(result, "output_name", "")
            if waiting or (output and keys[output].path[0] == SCHEMA):
                waiting.append(result)
            else:
                yield result
    except DagsterDbtCliRuntimeError as error:
        yield from waiting  # nothing of it is published, so figures would say little
        mistakes = explain(target, settings, "error", "fail", "runtime error")
        raise dg.Failure(mistakes or str(error), allow_retries=False) from None
    if settings.engine == "spark":
        spark.bring_home(settings, manifest)
    yield from _with_figures(waiting, context.assets_def, manifest, settings)
    if warnings := explain(target, settings, "warn"):
        context.log.warning(warnings)


def _with_figures(
    results: list[Any], assets: dg.AssetsDefinition, manifest: dict[str, Any], settings: Settings
) -> Iterator[Any]:
    """What dbt has built, marts with their rows and key figures."""
    figures = read_figures(manifest, settings) if results else {}
    for result in results:
        if isinstance(result, dg.Output):
            key = assets.keys_by_output_name[result.output_name]
            if key.path[0] == SCHEMA:
                yield result.with_metadata({**result.metadata, **figures.get(key.path[-1], {})})
                continue
        yield result


def _is_whole(assets: dg.AssetsDefinition) -> bool:
    """Whether a run makes all models and runs all tests."""
    return (
        assets.keys_by_output_name == assets.node_keys_by_output_name
        and assets.check_specs_by_output_name == assets.node_check_specs_by_output_name
    )


def _buildable(manifest: Mapping[str, Any]) -> set[str]:
    types = (*ASSET_TYPES, "test")
    return {node for node, facts in manifest["nodes"].items() if facts["resource_type"] in types}


def _nodes_to_keep(manifest: Mapping[str, Any], last: Inputs | None, inputs: Inputs) -> set[str]:
    """The dbt nodes that need not be rebuilt, because none of their inputs has changed."""
    if last is None or not inputs.differ_only_in_as_of_date(last):
        return set()
    if inputs == last:
        return _buildable(manifest)
    # A warning is worth repeating as long as it holds.
    warnings = {
        node_id
        for node_id, node in manifest["nodes"].items()
        if node["resource_type"] == "test" and node["config"]["severity"].lower() == "warn"
    }
    return _buildable(manifest) - nodes_by_as_of_date(manifest) - warnings


def _kept(
    manifest: dict[str, Any], nodes: set[str], assets: dg.AssetsDefinition, settings: Settings
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Report models, seeds and tests that stay as the last build left them, parents first."""
    translate = DagsterDbtTranslator().get_asset_key
    checks = {spec.name: spec for spec in assets.check_specs}
    figures = read_figures(manifest, settings) if nodes else {}
    parents = {node: nodes & set(manifest["parent_map"][node]) for node in nodes}
    for node in TopologicalSorter(parents).static_order():
        facts = manifest["nodes"][node]
        if facts["resource_type"] in ASSET_TYPES:
            known = figures.get(facts["name"], {}) if facts["schema"] == SCHEMA else {}
            yield dg.MaterializeResult(asset_key=translate(facts), metadata={"kept": True} | known)
        elif facts["name"] in checks:
            yield dg.AssetCheckResult(
                asset_key=checks[facts["name"]].asset_key,
                check_name=facts["name"],
                passed=True,
                metadata={"kept": True},
                description="Passed on the same rows when they were last built.",
            )


def _open_warehouse(settings: Settings, warn: Callable[[str], None]) -> None:
    """Make sure that dbt can open its databases, however the last build ended.

    A dbt whose parent was killed ends a little later; a database it left unreadable is rebuilt.
    """
    patience = time.monotonic() + PATIENCE_SECONDS
    for database in (settings.warehouse_dir / WAREHOUSE, settings.warehouse_dir / MARTS):
        while database.exists():
            try:
                open_database(database, settings, read_only=False).close()
                break
            except duckdb.Error as error:
                if "Conflicting lock" not in str(error):
                    warn(f"{database.name} cannot be opened and is rebuilt: {error}")
                    database.with_name(f"{database.name}.wal").unlink(missing_ok=True)
                    database.unlink()
                elif time.monotonic() > patience:
                    raise dg.Failure(f"{error} End that process.", allow_retries=False) from None
                time.sleep(1)


def run_as_of(context: dg.AssetExecutionContext, settings: Settings) -> date:
    """The day that a run counts ages from, the same in every step of it."""
    record = context.instance.get_run_record_by_id(context.run_id)
    if record is None:
        raise LookupError(f"run {context.run_id} is not known to the Dagster instance it runs on")
    return settings.as_of(record.create_timestamp)
