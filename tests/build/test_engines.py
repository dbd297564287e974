"""What only one SQL engine understands stands in one place, and what Spark builds comes home."""

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.build import spark
from orchestration.build.failures import explain
from orchestration.settings import ROOT, Settings, read_settings
from tests.conftest import dbt

PROJECT = ROOT / "dbt_project"
ENGINE_ROOM = PROJECT / "macros" / "engine"
# Metrics are compiled for the published file, which is DuckDB's whatever has built the marts.
FOR_READERS = PROJECT / "models" / "semantic"
ENGINE_WORDS = re.compile(
    r"""(?<!dbt\.)\b(
        varchar|text\s*\[|hugeint|by\s+name|rowid|unnest|explode|generate_series|sequence(?=\s*\()
        |getvariable|query_table|duckdb_\w+|read_(?=\w+\s*\()\w+|string_agg|collect_set|list_\w+
        |array_\w+|regexp_\w+|rlike|ilike|date_diff|datediff|date_add|date_trunc|trunc|strftime
        |date_format|try_cast|qualify|asof|using\s+sample|_metadata|filename|raise_error
        |json_\w+|struct\w*|any_value|arg_m\w+|approx_\w+|quantile\w*|percentile\w*|epoch\w*
        |to_timestamp|from_unixtime|strlen|octet_length|translate|create\s+(or\s+replace\s+)?view
    )\b
    | ::\s*[a-z] | \(\s*[a-z_.]+\s*,[^()]*\)\s+(not\s+)?in\s*\( | \bnot\s+in\s*\(\s*select
    | filter\s*\([^()]*\)\s*over""",
    re.IGNORECASE | re.VERBOSE,
)
COMMENTS = re.compile(r"\{#.*?#\}|--[^\n]*|\bdescription:[^\n]*(\n\s{6,}[^\n]*)*", re.DOTALL)


def words_of_engines(path: Path) -> list[str]:
    """The engine words of a file, its comments apart."""
    text = COMMENTS.sub("", path.read_text(encoding="utf-8"))
    return [match[0] for match in ENGINE_WORDS.finditer(text)]


def test_words_of_one_engine_stand_in_the_engine_room_alone() -> None:
    """PUB-15."""
    found = {
        str(path.relative_to(PROJECT)): words
        for folder in ("models", "macros", "tests", "seeds")
        for path in sorted((PROJECT / folder).rglob("*"))
        if path.suffix in (".sql", ".yml")
        and not {ENGINE_ROOM, FOR_READERS} & set(path.parents)
        and (words := words_of_engines(path))
    }
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        *("cast(id as varchar)", "id::bigint", "from read_parquet('x')", "unnest(list)"),
        *(
            "insert into t by name",
            "(a, b) in (select a, b from t)",
            "id not in (select id from t)",
        ),
        "count(*) filter (where is_full) over (order by day)",
    ],
)
def test_such_words_are_found(text: str, tmp_path: Path) -> None:
    file = tmp_path / "model.sql"
    file.write_text(f"select {text}", encoding="utf-8")
    assert words_of_engines(file)


def test_every_engine_has_its_own_version_of_each_macro() -> None:
    called = set(re.findall(r"dispatch\('(\w+)'\)", (ENGINE_ROOM / "duckdb.sql").read_text()))
    for engine in ("duckdb", "spark"):
        text = (ENGINE_ROOM / f"{engine}.sql").read_text(encoding="utf-8")
        assert called <= set(re.findall(rf"macro {engine}__(\w+)\(", text)), engine


def test_capitals_are_those_that_unicode_lists(tmp_path: Path) -> None:
    """RES-2."""
    inline = ["compile", "--quiet", "--inline", "select {{ upper_case('letter') }} from letters"]
    code, query = dbt(tmp_path / "data", tmp_path, *inline, "--no-introspect")
    assert code == 0, query
    letters = [chr(code) for code in range(1, 0x110000) if not 0xD800 <= code <= 0xDFFF]
    with duckdb.connect() as connection:
        connection.execute("create table letters as select unnest($1) as letter", [letters])
        capitals = connection.execute(query[query.index("select") :]).fetchall()
    wrong = [
        letter
        for letter, (capital,) in zip(letters, capitals, strict=True)
        if letter.upper() != capital
    ]
    assert wrong == []


@pytest.fixture
def on_spark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a data folder in which Spark has just built a mart and a work list."""
    settings = read_settings({"PSA_DATA_DIR": str(tmp_path / "it's data"), "PSA_ENGINE": "spark"})
    settings.prepare_data_dir()
    monkeypatch.setenv(spark.FOLDER, "")
    monkeypatch.delenv("SPARK_CONF_DIR", raising=False)
    folder = settings.warehouse_dir / "spark" / "build"
    spark.make_folder(folder, settings)
    for table, rows in {
        "marts/numbers": "select 1::bigint as number, 'a' as name",
        "intermediate/int_work_list_numbers": "select 1 as fix_order",
        "failed/test.po_billing.few": "select 7 as number",
    }.items():
        (folder / table).mkdir(parents=True)
        duckdb.connect().sql(rows).write_parquet(str(folder / table / "part-0.parquet"))
    return settings


def manifest(*constraints: dict[str, str]) -> dict[str, Any]:
    """What dbt knows of such models."""
    columns: dict[str, dict[str, Any]] = {
        "number": {"data_type": "bigint", "constraints": list(constraints)},
        "name": {"data_type": "string", "constraints": []},
    }
    described = {
        name: {"name": name, "description": f"It's the {name}."} | facts
        for name, facts in columns.items()
    }
    models: dict[str, dict[str, Any]] = {
        "numbers": {"schema": "marts", "description": "It's all.", "columns": described},
        "int_work_list_numbers": {"schema": "intermediate", "description": "", "columns": {}},
    }
    return {
        "nodes": {
            f"model.{name}": {"name": name, "resource_type": "model"} | facts
            for name, facts in models.items()
        }
    }


def test_what_spark_has_built_comes_back_as_dbt_makes_it_on_duckdb(on_spark: Settings) -> None:
    """PUB-13, PUB-15."""
    spark.bring_home(on_spark, manifest({"type": "not_null"}))
    with duckdb.connect(on_spark.warehouse_dir / "psa_marts.duckdb") as marts:
        assert marts.execute("from marts.numbers").fetchall() == [(1, "a")]
        assert marts.execute(
            "select column_name, data_type, is_nullable, comment from duckdb_columns() "
            "where schema_name = 'marts'"
        ).fetchall() == [
            ("number", "BIGINT", False, "It's the number."),
            ("name", "VARCHAR", True, "It's the name."),
        ]
        assert marts.execute("select comment from duckdb_tables()").fetchall() == [("It's all.",)]
    with duckdb.connect(on_spark.warehouse_dir / "warehouse.duckdb") as warehouse:
        assert len(warehouse.table("intermediate.int_work_list_numbers")) == 1
    left = [path.name for path in (on_spark.warehouse_dir / "spark" / "build").iterdir()]
    assert left == ["failed"]


def test_no_database_is_left_by_files_that_break_the_contract(on_spark: Settings) -> None:
    folder = on_spark.warehouse_dir / "spark" / "build" / "marts" / "numbers"
    duckdb.connect().sql("select null::bigint as number, 'a' as name").write_parquet(
        str(folder / "part-1.parquet")
    )
    with pytest.raises(duckdb.ConstraintException, match=r"NOT NULL constraint failed: .*number"):
        spark.bring_home(on_spark, manifest({"type": "not_null"}))
    assert not (on_spark.warehouse_dir / "psa_marts.duckdb").exists()


def test_a_failed_test_on_spark_shows_its_first_rows(on_spark: Settings, tmp_path: Path) -> None:
    test = "test.po_billing.few"
    (tmp_path / "run_results.json").write_text(
        '{"results": [{"status": "fail", "unique_id": "test.po_billing.few", '
        '"message": "Got 1 result", "failures": 1, "compiled_code": "select 7"}]}'
    )
    (tmp_path / "manifest.json").write_text(f'{{"parent_map": {{"{test}": []}}}}')
    assert explain(tmp_path, on_spark, "fail") == "test few: Got 1 result\n  number=7"
