"""What readers start from: questions in SQL, keys to join on, a dashboard for Superset."""

import json
import re
from pathlib import Path

import pytest
import yaml

from orchestration.publish.targets.postgres import load
from orchestration.settings import ROOT, read_settings
from tests.conftest import Refresh
from tests.publish.postgres import query, running
from tests.readers.recipes import blocks, wanted

FOLDER = ROOT / "dbt_project/docs/bi"


def questions() -> dict[str, str]:
    """The questions for Metabase: what is asked -> SQL."""
    text = (FOLDER / "metabase_questions.sql").read_text(encoding="utf-8")
    _, *parts = re.split(r"^-- Question: ", text, flags=re.M)
    return dict((part.split("\n", 1)[0], part.split("\n", 1)[1]) for part in parts)


def test_each_question_has_the_same_answer_in_duckdb_and_postgres(sample: Refresh) -> None:
    assert len(questions()) == 7
    answers = {asked: wanted(sample.data_dir, sql) for asked, sql in questions().items()}
    assert all(answers.values()), {asked for asked, rows in answers.items() if not rows}
    with running() as server:
        query(f"{server}/postgres", "create database questions")
        address = f"{server}/questions"
        settings = read_settings(
            {"PSA_DATA_DIR": str(sample.data_dir), "PSA_POSTGRES_URL": address}
        )
        load(settings, (settings.marts_dir / "current").resolve())
        for asked, sql in questions().items():
            assert query(address, sql) == answers[asked], asked


def test_the_answers_agree_with_the_overview(sample: Refresh) -> None:
    exposed, *_ = questions().values()
    ((wanted_amount,),) = wanted(
        sample.data_dir, "select exposed_amount_po_required from marts.po_overview"
    )
    assert sum(row[2] for row in wanted(sample.data_dir, exposed)) == wanted_amount  # type: ignore[misc]


def relations() -> list[tuple[list[str], list[str], list[str]]]:
    """The relations of the page: marts with many rows, their columns, marts with one."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    table = text[text.index("| many |") :].split("\n\n")[0].splitlines()[2:]
    facts = ["fct_charges_po_resolved", "fct_time_entries_po_resolved"]
    found = []
    for line in table:
        many, columns, one = line.strip("| ").split(" | ")
        names = re.findall(r"`([\w.]+)`", many)
        found.append(
            (
                (facts if many.startswith("facts") else []) + names,
                re.findall(r"`(\w+)`", columns),
                re.findall(r"`([\w.]+)`", one),
            )
        )
    return found


@pytest.mark.parametrize("relation", relations(), ids=lambda relation: " ".join(relation[1]))
def test_a_relation_leads_to_one_row_at_most(
    sample: Refresh, relation: tuple[list[str], list[str], list[str]]
) -> None:
    """Of each many there is at most one on the other side, and for keys of our own one at least."""
    manifest = json.loads((sample.data_dir / "marts/current/manifest.json").read_bytes())
    marts, columns, ones = relation
    for column, named in zip(columns, ones, strict=True):
        one, _, other = named.partition(".")
        other = other or column
        assert manifest["keys"][one] == [other], named
        for mart in marts:
            if len(columns) == 1 or mart == "milestone_charge_links":
                lost = wanted(
                    sample.data_dir,
                    f"select count(*) from marts.{mart} as many "
                    f"anti join marts.{one} as one on many.{column} = one.{other} "
                    f"where many.{column} is not null",
                )
                # Ids of Autotask may lead nowhere; what these models make may not.
                if (
                    column in ("purchase_order_key", "milestone_id", "charge_key")
                    or other == "date_day"
                ):
                    assert lost == [(0,)], (mart, column)


def test_the_dashboard_knows_the_columns_of_the_marts_and_the_same_address(sample: Refresh) -> None:
    for path in (FOLDER / "superset/datasets").rglob("*.yaml"):
        dataset = yaml.safe_load(path.read_text(encoding="utf-8"))
        listed = {column["column_name"]: column["type"] for column in dataset["columns"]}
        found = wanted(
            sample.data_dir,
            "select column_name, data_type from duckdb_columns() "
            f"where schema_name = 'marts' and table_name = '{dataset['table_name']}'",
        )
        assert sorted(listed.items()) == sorted(map(tuple, found)), path.name
    (database,) = (FOLDER / "superset/databases").glob("*.yaml")
    settings = yaml.safe_load(database.read_text(encoding="utf-8"))
    _, address, engine, *_ = blocks("Superset")
    assert settings["sqlalchemy_uri"] == address.strip()
    assert settings["extra"]["engine_params"] == json.loads(engine)


def test_the_folder_holds_what_the_page_lists() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    linked = {target.split("/")[0] for target in re.findall(r"\]\((\w[\w./]*)\)", text)}
    assert linked == {path.name for path in Path(FOLDER).iterdir()} - {"README.md"}
