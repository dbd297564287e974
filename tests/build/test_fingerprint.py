"""What a refresh leaves out because nothing that it depends on has changed, and what never."""

import json
import os
import shutil
from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.build import fingerprint
from orchestration.build.fingerprint import (
    Inputs,
    last_build,
    nodes_by_as_of_date,
    remember_build,
    unchanged_marts,
)
from orchestration.build.increments import LINES
from orchestration.publish.generations import publish
from orchestration.published import current_generation
from orchestration.settings import ROOT, Settings, read_settings
from tests.conftest import MARTS, Refresh, build, python, refresh

TODAY, TOMORROW, NEXT_DAY = "2026-11-20", "2026-11-21", "2026-11-22"


def models_run(data_dir: Path) -> set[str]:
    """The models that the last start of dbt has made."""
    results = json.loads((data_dir / "warehouse/dbt/run_results.json").read_bytes())["results"]
    ids = [result["unique_id"] for result in results if result["status"] == "success"]
    return {name.split(".")[2] for name in ids if name.startswith("model.")}


def row_files(generation: Path) -> dict[str, tuple[str, dict[str, Any], list[str]]]:
    """Of all tables with rows beside the pages: whose folder these are in, facts, contents."""
    rows = generation / "reports/rows"
    found = {}
    for name, facts in json.loads((rows / "index.json").read_bytes()).items():
        path = facts.pop("name")
        texts = [
            (rows / f"{path}-{number}.js").read_text().removeprefix(f'reportRows("{path}-{number}"')
            for number in range(len(facts["first_keys"]))
        ]
        found[name] = (path.split("/")[0], facts, texts)
    return found


def rows_of(files: dict[str, tuple[str, dict[str, Any], list[str]]]) -> dict[str, Any]:
    """The same, wherever they are."""
    return {name: told for name, (_, *told) in files.items()}


def test_what_has_not_changed_is_neither_built_nor_published_again(
    delivery: Path, data_dir: Path, sample: Refresh
) -> None:
    """PUB-5."""
    first = refresh(delivery, data_dir, PSA_AS_OF_DATE=TODAY)
    assert first.exit_code == 0, first.errors
    published = first.generations
    results = (data_dir / "warehouse/dbt/run_results.json").stat().st_mtime_ns
    for path in delivery.rglob("*.csv"):
        os.utime(path)  # a later date is no other content
    again = refresh(delivery, data_dir, PSA_AS_OF_DATE=TODAY)
    assert again.exit_code == 0, again.errors
    assert "Nothing has changed: the current generation stays" in again.output
    assert "7,155" in again.output  # the key figures are told all the same
    assert again.generations == published
    assert (data_dir / "warehouse/dbt/run_results.json").stat().st_mtime_ns == results

    later = refresh(delivery, data_dir, PSA_AS_OF_DATE=TOMORROW)
    assert later.exit_code == 0, later.errors
    *earlier, of_tomorrow = later.generations
    assert earlier == published
    made = models_run(data_dir)
    assert {"po_exposure", "po_utilization", "fct_milestones", "invoice_preview"} <= made
    assert not {name for name in made if name.startswith("stg_")}
    assert not made & {"fct_charges_po_resolved", "fct_time_entries_po_resolved", "po_coverage"}
    warning = "test assert_lines_point_to_existing_parents"
    assert warning in sample.output  # whose data folder the first refresh found
    assert warning in later.output  # it holds as long as it is not mended

    forced = python(
        *("-m", "orchestration.cli", "run", "--force"),
        PSA_LANDING_DIR=str(delivery),
        PSA_DATA_DIR=str(data_dir),
        PSA_AS_OF_DATE=TOMORROW,
        PYTHONHASHSEED="1",  # another order of sets
    )
    assert forced[0] == 0, forced
    assert "fct_charges_po_resolved" in models_run(data_dir)
    whole = Refresh(data_dir, *forced)
    assert whole.generations[:-1] == [*published, of_tomorrow]
    assert whole.rows() == whole.rows(of_tomorrow)
    generations = data_dir / "marts/generations"
    beside, anew = (row_files(generations / name) for name in (of_tomorrow, whole.generations[-1]))
    assert rows_of(beside) == rows_of(anew)
    assert {folder for folder, *_ in beside.values()} == {published[-1], of_tomorrow}
    assert {folder for folder, *_ in anew.values()} == {whole.generations[-1]}
    assert beside["charges-purchase_order_key"][0] == published[-1]  # their mart does not age
    assert beside["months-purchase_order_key"][0] == published[-1]  # made again, with the same rows
    assert beside["exposure-company_id"][0] == of_tomorrow
    damaged = generations / whole.generations[-1] / "reports/rows"
    (damaged / whole.generations[-1] / "charges-purchase_order_key-0.js").write_text("reportRows(")
    of_next_day = refresh(delivery, data_dir, PSA_AS_OF_DATE=NEXT_DAY).generations[-1]
    mended = row_files(generations / of_next_day)
    assert mended["charges-purchase_order_key"] == (
        of_next_day,
        *anew["charges-purchase_order_key"][1:],
    )

    # A night's delivery: a new charge, and a contract's file is as it was.
    header, *_ = (delivery / "autotask/charges/2026-11-20.full.csv").read_text().splitlines()
    row = dict.fromkeys(header.split(","), "") | {
        "charge_kind": "ticket",
        "id": "999999",
        "company_id": "179",
        "billable_amount": "0.07",
        "date_purchased": TODAY,
    }
    (delivery / "autotask/charges/2026-11-21.csv").write_text(
        f"{header}\n{','.join(row.values())}\n"
    )
    night = refresh(delivery, data_dir, PSA_AS_OF_DATE=TOMORROW)
    assert night.exit_code == 0, night.errors
    with duckdb.connect(data_dir / "warehouse/warehouse.duckdb", read_only=True) as build:
        due = "select reason, charge_key from intermediate.int_charges_due"
        assert build.execute(due).fetchall() == [("delivered", "ticket-999999")]
        assert build.execute("from intermediate.int_time_entries_due").fetchall() == []
        kept = "select view_name from duckdb_views() where schema_name = 'previous'"
        assert {name for (name,) in build.execute(kept).fetchall()} == set(LINES)
    with night.marts() as marts:
        total = "select count(*), sum(billable_amount) from marts.fct_charges_po_resolved"
        assert marts.execute(total).fetchall() == [(7156, Decimal("6697517.07"))]


def test_a_published_generation_that_is_gone_is_published_again(
    delivery: Path, data_dir: Path
) -> None:
    first = refresh(delivery, data_dir, PSA_AS_OF_DATE=TODAY)
    published = first.generations
    (data_dir / "marts/generations" / published[-1] / "psa_marts.duckdb").unlink()
    again = refresh(delivery, data_dir, PSA_AS_OF_DATE=TODAY)
    assert again.exit_code == 0, again.errors
    assert again.generations[:-1] == published
    assert again.rows()["po_overview"]
    (data_dir / "warehouse/psa_marts.duckdb").unlink()  # and what it was made from, too
    shutil.rmtree(data_dir / "marts/generations")
    anew = refresh(delivery, data_dir, PSA_AS_OF_DATE=TODAY)
    assert anew.exit_code == 0, anew.errors
    assert anew.rows()["po_overview"]


def listed(settings: Settings, text: bytes) -> Settings:
    folder = settings.raw_dir / "ingest" / "batches"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "batches.parquet").write_bytes(text)
    return settings


def test_settings_and_contents_count_and_the_date_counts_apart(tmp_path: Path) -> None:
    """PUB-5."""
    settings = listed(read_settings({"PSA_DATA_DIR": str(tmp_path)}), b"contents")
    inputs = Inputs.of(settings, date(2026, 11, 20))
    assert inputs == Inputs.of(settings.model_copy(update={"as_of_date": None}), date(2026, 11, 20))
    tomorrow = Inputs.of(settings, date(2026, 11, 21))
    assert inputs != tomorrow
    assert inputs.differ_only_in_as_of_date(tomorrow)
    other = Inputs.of(settings.model_copy(update={"currency": "EUR"}), date(2026, 11, 20))
    assert not inputs.differ_only_in_as_of_date(other)
    listed(settings, b"other contents")
    assert not inputs.differ_only_in_as_of_date(Inputs.of(settings, date(2026, 11, 20)))


def test_a_start_of_dbt_by_hand_makes_the_next_refresh_a_whole_one(data_dir: Path) -> None:
    """PUB-5."""
    path = data_dir / "warehouse/warehouse.duckdb"
    settings = read_settings({"PSA_DATA_DIR": str(data_dir)})
    inputs = Inputs("code", "data", TODAY)
    remember_build(path, settings, inputs)
    assert last_build(path, settings) == inputs
    by_hand = [str(ROOT / ".venv/bin/dbt"), "--quiet", "seed", "--select", "charge_statuses"]
    folders = ["--project-dir", "dbt_project", "--profiles-dir", "dbt_project"]
    ended = python(
        "-m", "orchestration.cli", "exec", *by_hand, *folders, PSA_DATA_DIR=str(data_dir)
    )
    assert ended[0] == 0, ended
    assert last_build(path, settings) is None


def test_the_nodes_that_count_days_are_found_through_macros_and_models() -> None:
    """PUB-5."""
    manifest = {
        "macros": {
            "macro.po_billing.as_of_date": {"depends_on": {"macros": []}},
            "macro.po_billing.age": {"depends_on": {"macros": ["macro.po_billing.as_of_date"]}},
            "macro.po_billing.tidy": {"depends_on": {"macros": []}},
        },
        "nodes": {
            "model.po_billing.ages": {"depends_on": {"macros": ["macro.po_billing.age"]}},
            "model.po_billing.sums": {"depends_on": {"macros": ["macro.po_billing.tidy"]}},
            "model.po_billing.report": {"depends_on": {"macros": []}},
            "test.po_billing.of_report": {"depends_on": {"macros": []}},
            "test.po_billing.of_sums": {"depends_on": {"macros": []}},
        },
        "child_map": {
            "model.po_billing.ages": ["model.po_billing.report"],
            "model.po_billing.sums": ["model.po_billing.report", "test.po_billing.of_sums"],
            "model.po_billing.report": ["test.po_billing.of_report"],
        },
    }
    assert nodes_by_as_of_date(manifest) == {
        "model.po_billing.ages",
        "model.po_billing.report",
        "test.po_billing.of_report",
    }


PAIRS = "(1, 'a', true), (1, 'a', true), (2, 'b', null), (3, null, true)"
# Two rows that by their hashes alone are those with the last values swapped.
SWAPPED = [
    f"(2957::bigint, 'Client 2957', {one}), (3230, 'Client 3230', {other})"
    for one, other in (("true", "false"), ("false", "true"))
]


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        (PAIRS, "(3, null, true), (2, 'b', null), (1, 'a', true), (1, 'a', true)", True),
        (PAIRS, "(1, 'a', true), (2, 'b', null), (2, 'b', null), (3, null, true)", False),
        (PAIRS, "(1, 'a', true), (1, 'b', true), (2, 'a', null), (3, null, true)", False),
        (PAIRS, "(1, 'a', true), (1, 'a', true), (2, 'b', null), (3, '', true)", False),
        (PAIRS, "(1, 'a', true), (2, 'b', null), (3, null, true)", False),
        (*SWAPPED, False),
    ],
)
def test_a_mart_is_unchanged_by_its_rows_in_any_order(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, first: str, second: str, is_same: bool
) -> None:
    """PUB-5."""
    pairs = {"nodes": {"pairs": {"name": "pairs", "schema": "marts"}}}
    monkeypatch.setattr(fingerprint, "read_dbt_manifest", lambda: pairs)
    monkeypatch.setattr(fingerprint, "nodes_by_as_of_date", lambda _: {"pairs"})

    def deliver(rows: str) -> None:
        values = f"(values {rows}) as pairs (id, name, flag)"
        build(settings, f"create or replace table marts.pairs as from {values}")

    deliver(first)
    inputs = Inputs("code", "data", TODAY)
    manifest = {"generation": "20261120T000000Z-a", "inputs": asdict(inputs)}
    publish(settings, MARTS | {"pairs"}, manifest)
    deliver(second)
    generation = current_generation(settings)
    assert generation
    tomorrow = replace(inputs, as_of_date=TOMORROW)
    found = unchanged_marts(generation, tomorrow, settings)
    assert found == MARTS | ({"pairs"} if is_same else set())
    assert unchanged_marts(generation, replace(tomorrow, code="other"), settings) == set()
    assert unchanged_marts(generation, replace(tomorrow, data="other"), settings) == set()
    assert unchanged_marts(generation, inputs, settings) == set()
    assert unchanged_marts(None, tomorrow, settings) == set()
    (generation.folder / "psa_marts.duckdb").write_bytes(b"cut")
    assert unchanged_marts(generation, tomorrow, settings) == set()
