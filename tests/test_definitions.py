"""Wiring: one list of raw tables, and names that meet everywhere."""

import csv
import json
import re
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.build.dbt_manifest import DBT_PROJECT
from orchestration.definitions import build_definitions, defs
from orchestration.extract.assets import DELIVERY
from orchestration.ingest.assets import BATCHES, DUPLICATES, REJECTS, raw_assets
from orchestration.settings import ROOT, SettingError, read_settings
from schemas import RAW_TABLES
from schemas.dbt import generated
from tests.conftest import python

SQL_COMMENTS = re.compile(r"\{#.*?#\}|--[^\n]*", re.DOTALL)
# What models after the canonical layer, and data tests, may read of staging.
ABOUT_RAW_TABLES = {"int_rows_accounted", "orphan_references"}  # as schemas/ declares them
ABOUT_STAGING = {
    # What was made there of kinds and statuses.
    "assert_charges_are_told_apart",
    "assert_statuses_have_words",
    # Nothing is lost on the way from there to the figures, which leads through the layer.
    "assert_charges_are_complete",
    "assert_invoices_are_complete",
    "assert_milestones_are_complete",
    "assert_problem_efforts_are_complete",
    "assert_time_entries_are_complete",
}
FOR_STAGING = {"delivered_pos", "orphans", "picklists", "raw_tables", "sets_of_tables"}  # macros


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    """What dbt knows of its project."""
    parsed: dict[str, Any] = json.loads(DBT_PROJECT.manifest_path.read_text(encoding="utf-8"))
    return parsed


def specs() -> dict[tuple[str, ...], dg.AssetSpec]:
    return {tuple(spec.key.path): spec for spec in defs.resolve_all_asset_specs()}


def test_every_dbt_source_has_a_raw_asset_and_a_schema_and_the_other_way_round(
    manifest: dict[str, Any],
) -> None:
    sources = {(node["source_name"], node["name"]) for node in manifest["sources"].values()}
    raw_assets = {key for key, spec in specs().items() if spec.group_name == "raw"}
    others = {tuple(key.path) for key in (BATCHES, REJECTS, DUPLICATES)}
    assert sources == raw_assets == {*RAW_TABLES, *others}


def test_every_raw_table_reaches_its_staging_model(manifest: dict[str, Any]) -> None:
    for (source, table), schema in RAW_TABLES.items():
        whole, _ = schema.part_of() or (table, "")
        model = manifest["nodes"][f"model.po_billing.stg_{source}__{whole}"]
        assert f"source.po_billing.{source}.{table}" in model["depends_on"]["nodes"]


def test_dbt_knows_the_raw_tables_as_the_schemas_declare_them() -> None:
    for path, text in generated().items():
        assert path.read_text(encoding="utf-8") == text, f"{path} is out of date: make generated"


def test_every_id_of_another_record_says_which_table_it_is_of() -> None:
    """RES-6: those of resources, and of what was posted, apart."""
    tables = RAW_TABLES.values()
    declared = {column: to for table in tables for column, to in table.foreign_keys().items()}
    ids = {column for table in tables for column in table.columns() if column.endswith("_id")}
    assert ids - declared.keys() == {
        *("resource_id", "billing_code_id", "invoice_id", "contract_block_id", "time_entry_id"),
        *("contract_charge_id", "project_charge_id", "ticket_charge_id"),
    }
    assert {column.removesuffix("_id"): parent for column, parent in declared.items()} == {
        "company": "companies",
        "parent_company": "companies",
        "contract": "contracts",
        "renewed_contract": "contracts",
        "project": "projects",
        "task": "tasks",
        "ticket": "tickets",
        "problem_ticket": "tickets",
        "milestone": "contract_milestones",
    }
    for table in tables:
        missing = {
            name for name in table.columns() if name in declared
        } - table.foreign_keys().keys()
        assert missing == set(), table.table_name()


def test_dagster_starts_without_dbt() -> None:
    """It would take a third of the start."""
    code, output, told = python(
        "-c",
        "import sys, orchestration.definitions; "
        "print(*{'dagster_dbt', 'dbt.graph', 'dbt.adapters'} & {*sys.modules})",
    )
    assert code == 0, told
    assert output.splitlines()[-1] == "dagster_dbt"


def test_staging_is_the_only_place_that_reads_sources(manifest: dict[str, Any]) -> None:
    readers = {
        node["path"].split("/")[0]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and any(parent.startswith("source.") for parent in node["depends_on"]["nodes"])
    }
    assert readers == {"staging"}


def test_what_comes_after_the_canonical_layer_does_not_know_the_psa(
    manifest: dict[str, Any],
) -> None:
    """Another PSA would be a folder of staging models, and this layer again."""
    knowing = ("models/staging/", "models/intermediate/psa/")
    nodes = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "test")
        and not node["original_file_path"].startswith(knowing)
    ]
    readers = {
        node["name"]
        for node in nodes
        if any(".stg_autotask__" in parent for parent in node["depends_on"]["nodes"])
    }
    assert readers == ABOUT_RAW_TABLES | ABOUT_STAGING
    folder = ROOT / "dbt_project"
    naming = {
        path.stem
        for part in ("models", "macros", "tests")
        for path in (folder / part).rglob("*.sql")
        if not str(path.relative_to(folder)).startswith(knowing)
        and "autotask" in SQL_COMMENTS.sub("", path.read_text(encoding="utf-8")).lower()
    }
    assert naming == FOR_STAGING | ABOUT_STAGING
    layer = {path.stem for path in (folder / knowing[1]).glob("*.sql")}
    assert {name for name in layer if not name.startswith("int_psa__")} == set()


def test_every_mart_has_a_contract_a_key_test_and_a_word_on_every_column(
    manifest: dict[str, Any],
) -> None:
    """MRT-1."""
    marts = [node for node in manifest["nodes"].values() if node.get("schema") == "marts"]
    assert marts
    tested = {
        parent
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        for parent in node["depends_on"]["nodes"]
    }
    for mart in marts:
        assert mart["contract"]["enforced"], mart["name"]
        assert mart["description"].strip().startswith("One row"), mart["name"]
        assert mart["unique_id"] in tested, mart["name"]
        undescribed = [
            name for name, column in mart["columns"].items() if not column["description"]
        ]
        assert undescribed == [], mart["name"]


def test_no_number_of_a_mart_is_wider_than_readers_take(manifest: dict[str, Any]) -> None:
    """MRT-27."""
    types = {
        f"{node['name']}.{name}": column["data_type"]
        for node in manifest["nodes"].values()
        if node.get("schema") == "marts"
        for name, column in node["columns"].items()
    }
    numbers = {"decimal(18, 4)", "decimal(12, 4)", "decimal(18, 2)", "bigint", "integer"}
    others = {"string", "boolean", "date", "timestamp"}
    assert {name for name, kind in types.items() if kind not in numbers | others} == set()
    shares = {name for name, kind in types.items() if kind == "decimal(18, 2)"}
    assert shares == {name for name in types if name.endswith("_pct")}


def test_the_overview_leads_to_every_mart_and_to_nothing_else(manifest: dict[str, Any]) -> None:
    page = manifest["docs"]["doc.po_billing.__overview__"]["block_contents"]
    linked = re.findall(r"\[(\w+)\]\(#!/model/model\.po_billing\.(\w+)\)", page)
    assert all(text == target for text, target in linked)
    marts = [node["name"] for node in manifest["nodes"].values() if node["schema"] == "marts"]
    models = [name for name in marts if f"model.po_billing.{name}" in manifest["nodes"]]
    assert sorted(target for _, target in linked) == sorted(models)


def test_the_marts_are_due_within_26_hours() -> None:
    policies = {key: spec.freshness_policy for key, spec in specs().items() if key[0] == "marts"}
    wanted = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=26))
    assert policies
    assert set(policies.values()) == {wanted}


def test_every_asset_has_an_owner_and_a_kind() -> None:
    bare = [key for key, spec in specs().items() if not (spec.owners and spec.kinds)]
    assert bare == []


def test_everything_that_runs_or_checks_says_what_for(tmp_path: Path) -> None:
    settings = read_settings(
        {
            "PSA_LANDING_DIR": str(tmp_path),
            "PSA_ALERT_WEBHOOK": "http://127.0.0.1/",
            "PSA_POSTGRES_URL": "postgresql://127.0.0.1/bi",
        }
    )
    definitions = build_definitions(settings)
    graph = definitions.get_repository_def().asset_graph
    described: dict[str, str | None] = {
        f"{key.asset_key.to_user_string()}: {key.name}": graph.get_check_spec(key).description
        for key in graph.asset_check_keys
    }
    described |= {
        key.to_user_string(): graph.get(key).description for key in graph.get_all_asset_keys()
    }
    named = [
        *(definitions.schedules or []),
        *(definitions.sensors or []),
        *(definitions.jobs or []),
    ]
    described |= {one.name: one.description for one in named}
    assert len(described) > 250
    assert [name for name, said in described.items() if not said] == []
    assert described["marts/charge_allocation: unique_charge_allocation_allocation"] == (
        "No two rows have the same allocation."
    )
    assert described["intermediate/int_po_texts_cleaned: key_int_po_texts_cleaned_po_text"] == (
        "No two rows have the same po_text, and no row is without."
    )
    gaps = described["marts/po_gap_summary: assert_gaps_are_complete"]
    assert str(gaps).startswith(
        "Every line without a PO has a reason, and no line, cent or quarter of an hour"
    )


def test_the_nightly_job_takes_every_asset() -> None:
    job = defs.resolve_job_def("nightly_refresh")
    assert {tuple(key.path) for key in job.asset_layer.executable_asset_keys} == set(specs())


def test_the_schedule_follows_the_settings() -> None:
    settings = read_settings(
        {"PSA_NIGHTLY_CRON": "30 3 * * 1-5", "PSA_TIMEZONE": "Europe/Amsterdam"}
    )
    schedules = build_definitions(settings).schedules or []
    (schedule,) = [one for one in schedules if one.name.startswith("nightly_refresh")]
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert schedule.cron_schedule == "30 3 * * 1-5"
    assert schedule.execution_timezone == "Europe/Amsterdam"
    assert schedule.job_name == "nightly_refresh"


def test_a_bad_cron_line_is_named() -> None:
    """PUB-9."""
    with pytest.raises(SettingError, match=r"^PSA_NIGHTLY_CRON: 'at night' is not a cron line"):
        build_definitions(read_settings({"PSA_NIGHTLY_CRON": "at night"}))


def test_only_required_tables_of_real_extracts_have_their_age_checked(tmp_path: Path) -> None:
    """PUB-11."""

    def checked(environment: dict[str, str]) -> set[tuple[str, ...]]:
        definitions = build_definitions(read_settings(environment)).assets or []
        return {
            tuple(check.asset_key.path)
            for asset in definitions
            if isinstance(asset, dg.AssetsDefinition)
            for check in asset.check_specs
            if check.name == "extract_age"
        }

    required = {key for key, table in RAW_TABLES.items() if not table.is_optional()}
    assert checked({"PSA_LANDING_DIR": str(tmp_path)}) == required
    assert checked({}) == set()


@pytest.mark.parametrize(
    ("age", "is_late"), [(timedelta(hours=29), False), (timedelta(hours=31), True)]
)
def test_an_extract_older_than_the_limit_warns(
    tmp_path: Path, age: timedelta, is_late: bool
) -> None:
    """PUB-11."""
    landing = tmp_path / "landing"
    name = f"{datetime.now(UTC) - age:%Y%m%dT%H%M%SZ}.csv"
    (landing / "autotask/companies").mkdir(parents=True)
    (landing / "autotask/companies" / name).write_text("id,company_name\n1,Acme\n")
    settings = read_settings(
        {
            "PSA_LANDING_DIR": str(landing),
            "PSA_DATA_DIR": str(tmp_path / "data"),
            "PSA_MAX_EXTRACT_AGE_HOURS": "30",
        }
    )
    (companies,) = [
        asset for asset in raw_assets(settings) if asset.key.path == ["autotask", "companies"]
    ]
    ended = dg.materialize([companies])
    (check,) = [
        found for found in ended.get_asset_check_evaluations() if found.check_name == "extract_age"
    ]
    assert ended.success
    assert check.passed is not is_late
    assert check.severity == dg.AssetCheckSeverity.WARN


def test_a_conflict_type_is_in_the_seed_in_the_model_and_a_flag_of_the_mart(
    manifest: dict[str, Any],
) -> None:
    """MIL-9."""
    seed = (ROOT / "dbt_project/seeds/conflict_resolutions.csv").read_text(encoding="utf-8")
    listed = {row["conflict_type"] for row in csv.DictReader(seed.splitlines())}
    model = manifest["nodes"]["model.po_billing.int_milestone_conflicts"]["raw_code"]
    found = set(re.findall(r"'(\w+)' as conflict_type", model))
    columns = manifest["nodes"]["model.po_billing.fct_milestones"]["columns"]
    flags = {name.removeprefix("has_") for name in columns if name.startswith("has_")}
    assert found == listed, "int_milestone_conflicts and the seed conflict_resolutions differ"
    assert flags - {"conflict"} == listed, "flags of fct_milestones and the seed differ"


def test_a_login_puts_the_extraction_before_the_raw_tables(tmp_path: Path) -> None:
    """EXT-1, EXT-11."""
    login = {
        "PSA_LANDING_DIR": str(tmp_path),
        "PSA_AUTOTASK_USERNAME": "user",
        "PSA_AUTOTASK_SECRET": "secret",
        "PSA_AUTOTASK_INTEGRATION_CODE": "code",
    }
    definitions = build_definitions(read_settings(login))
    found = {tuple(spec.key.path): spec for spec in definitions.resolve_all_asset_specs()}
    entities = {key for key, spec in found.items() if spec.group_name == "extract"}
    assert len(entities) == 15
    assert [dep.asset_key for dep in found["autotask", "tickets"].deps] == [DELIVERY]
    assert {dep.asset_key.path[-1] for dep in found["extract", "delivery"].deps} == {
        key[-1] for key in entities - {("extract", "delivery")}
    }
    job = definitions.resolve_job_def("nightly_refresh")
    assert DELIVERY in job.asset_layer.executable_asset_keys
    assert not [key for key in specs() if key[0] == "extract"]


def test_the_extraction_never_imports_what_judges_its_files() -> None:
    """EXT-2."""
    for path in (ROOT / "orchestration" / "extract").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(from|import) (orchestration\.ingest|schemas)", text), path


def test_no_folder_of_tests_is_left_out(pytestconfig: pytest.Config) -> None:
    patterns = pytestconfig.getini("norecursedirs")
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert ROOT / "tests/build" in folders
    names = {name for folder in folders for name in folder.relative_to(ROOT).parts}
    assert [name for name in names if any(fnmatch(name, pattern) for pattern in patterns)] == []
