"""The weekly look at what to fix before invoicing: what it warns of, and that it stays apart."""

from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.definitions import build_definitions, defs
from orchestration.operate.readiness import QUESTIONS
from orchestration.reports.work_lists import LISTS, read_work_lists, write_work_lists
from orchestration.settings import SettingError, Settings, read_settings
from tests.conftest import Refresh


def look(settings: Settings) -> dict[str, dg.AssetCheckEvaluation]:
    """Run the job; returns what each check found."""
    job = build_definitions(settings).resolve_job_def("billing_readiness")
    with dg.DagsterInstance.ephemeral() as instance:
        ended = job.execute_in_process(instance=instance)
    evaluations = ended.get_asset_check_evaluations()
    return {evaluation.check_name: evaluation for evaluation in evaluations}


def figures(evaluation: dg.AssetCheckEvaluation) -> tuple[object, object]:
    """Count and amount of a warning."""
    return evaluation.metadata["count"].value, evaluation.metadata["amount"].value


def generation(settings: Settings) -> Path:
    """Publish a generation of nothing."""
    folder = settings.marts_dir / "generations" / "20260101T000000Z-x"
    folder.mkdir(parents=True)
    (folder / "psa_marts.duckdb").touch()
    (settings.marts_dir / "current").symlink_to(folder)
    return folder


def test_the_first_hundred_exposed_lines_have_their_place(sample: Refresh) -> None:
    """The others have none, but count; to rank all would need them in one place."""
    database = str(sample.data_dir / "warehouse/warehouse.duckdb")
    with duckdb.connect(database, read_only=True) as warehouse:
        lines = warehouse.execute(
            "select amount, line_kind, line_key, fix_order "
            "from intermediate.int_work_list_exposed_lines"
        ).fetchall()
    in_order = sorted(lines, key=lambda line: (-line[0], *line[1:3]))
    assert len(lines) > 100
    assert [place for *_, place in in_order] == [*range(1, 101), *[None] * (len(lines) - 100)]


def emptied_work_lists(sample: Refresh) -> duckdb.DuckDBPyConnection:
    """The work lists that the refresh of the sample has built, without their rows."""
    warehouse = duckdb.connect()
    escaped = str(sample.data_dir / "warehouse/warehouse.duckdb").replace("'", "''")
    warehouse.execute(f"attach '{escaped}' as built (read_only)")
    warehouse.execute("create schema intermediate")
    for name in LISTS:
        model = f"intermediate.int_work_list_{name}"
        warehouse.execute(f"create table {model} as from built.{model} where false")
    return warehouse


@pytest.fixture(scope="module")
def found(sample: Refresh) -> dict[str, dg.AssetCheckEvaluation]:
    """What there is to fix in the sample."""
    return look(read_settings({"PSA_DATA_DIR": str(sample.data_dir)}))


def test_each_question_warns_with_count_amount_and_the_first_five_rows(
    found: dict[str, dg.AssetCheckEvaluation], sample: Refresh
) -> None:
    with sample.marts() as marts:
        counted = {
            "milestone_conflicts": marts.execute(
                "select sum(conflict_count), sum(revenue_at_risk) from marts.fct_milestones "
                "where billing_stage in ('completed', 'approved_for_billing')"
            ).fetchall()[0],
            "exposed_lines": marts.execute(
                "select count(*), sum(amount) from ("
                "  select company_id, billable_amount as amount from marts.fct_charges_po_resolved"
                "  where is_exposed union all"
                "  select company_id, labor_amount from marts.fct_time_entries_po_resolved"
                "  where is_exposed"
                ") inner join marts.dim_companies using (company_id) where po_required"
            ).fetchall()[0],
            "blocked_invoices": marts.execute(
                "select count(*), sum(total_amount) from marts.invoice_preview where is_blocked"
            ).fetchall()[0],
        }
    # The numbers of the sample look right, and none of its deliveries took much away.
    assert found["po_numbers"].passed
    assert found["removals"].passed
    assert set(found) == {*counted, "po_numbers", "removals"}
    for name, (count, amount) in counted.items():
        evaluation = found[name]
        assert not evaluation.passed
        assert evaluation.severity == dg.AssetCheckSeverity.WARN
        assert figures(evaluation) == (count, f"{amount:.2f}")
        assert (evaluation.description or "").startswith(f"{count:,} ")
        assert f"{amount:,.2f}" in (evaluation.description or "")
        rows = evaluation.metadata["first_rows"]
        assert isinstance(rows, dg.TableMetadataValue)
        assert len(rows.records) == min(count, 5)


def test_what_is_invoiced_first_is_shown_first(
    found: dict[str, dg.AssetCheckEvaluation],
) -> None:
    rows = found["milestone_conflicts"].metadata["first_rows"]
    assert isinstance(rows, dg.TableMetadataValue)
    shown = [(row.data["milestone_id"], row.data["conflict_type"]) for row in rows.records]
    assert shown == [
        ("747", "contract_reference_mismatch"),
        ("745", "charge_contract_mismatch"),
        ("745", "duplicate_allocation"),
        ("736", "charge_contract_mismatch"),
    ]
    # Milestone 745 counts once, although it has two conflicts: 9,500 + 4,250 + 7,250.
    assert figures(found["milestone_conflicts"]) == (4, "21000.00")


def test_exposed_charges_and_exposed_labour_are_both_lines(
    found: dict[str, dg.AssetCheckEvaluation], sample: Refresh
) -> None:
    with sample.marts() as marts:
        profiles = marts.execute(
            "select sum(exposed_amount + exposed_labor_amount) from marts.company_po_profile "
            "where po_required"
        ).fetchall()[0]
    assert figures(found["exposed_lines"])[1] == f"{profiles[0]:.2f}"


def test_with_nothing_to_fix_the_checks_pass_in_silence(sample: Refresh, tmp_path: Path) -> None:
    settings = read_settings({"PSA_DATA_DIR": str(tmp_path)})
    site = generation(settings) / "reports"
    site.mkdir()
    with emptied_work_lists(sample) as warehouse:
        write_work_lists(read_work_lists(warehouse), site)
    found = look(settings)
    assert set(found) == {question.name for question in QUESTIONS}
    for evaluation in found.values():
        assert evaluation.passed
        assert not evaluation.description
        assert not evaluation.metadata


def warning_of(sample: Refresh, tmp_path: Path, name: str, rows: str) -> list[str]:
    """The lines of the warning about a work list that holds these rows, the others being empty."""
    settings = read_settings({"PSA_DATA_DIR": str(tmp_path)})
    site = generation(settings) / "reports"
    site.mkdir()
    with emptied_work_lists(sample) as warehouse:
        warehouse.execute(f"insert into intermediate.int_work_list_{name} by name from {rows}")
        write_work_lists(read_work_lists(warehouse), site)
    found = look(settings)[name]
    assert found.severity == dg.AssetCheckSeverity.WARN
    return (found.description or "").splitlines()


def test_numbers_that_look_wrong_are_told_with_their_lines_and_money(
    sample: Refresh, tmp_path: Path
) -> None:
    rows = (
        "(values"
        " (1, 'Northwind', 'SEE-MAIL', 'lookalike; no_digit', 'SEE MAIL', 3, 2, 10.50, 2),"
        " (2, null, '4.50001E+09', 'exponent_form', null, 1, 1, 1200, 1)"
        ") as found (company_id, company_name, po_number, reasons, similar_po_number,"
        " carrier_count, line_count, amount, fix_order)"
    )
    assert warning_of(sample, tmp_path, "po_numbers", rows) == [
        "2 PO numbers that look wrong, 1,210.50 in all; the first of them:",
        "  company_id=2, company_name=(null), po_number=4.50001E+09, reasons=exponent_form, "
        "similar_po_number=(null), carrier_count=1, line_count=1, amount=1200.0000",
        "  company_id=1, company_name=Northwind, po_number=SEE-MAIL, "
        "reasons=lookalike; no_digit, similar_po_number=SEE MAIL, carrier_count=3, "
        "line_count=2, amount=10.5000",
    ]


def test_what_deliveries_took_away_is_told_with_its_money_or_hours(
    sample: Refresh, tmp_path: Path
) -> None:
    """LND-15."""
    rows = (
        "(values"
        " ('autotask', 'charges/a.csv', timestamp '2026-11-20', 120, 400, 1200.5, null, 1)"
        ") as found (source, batch, extracted_at, removed, removed_of, amount, hours, fix_order)"
    )
    assert warning_of(sample, tmp_path, "removals", rows) == [
        "1 deliveries of the last week that took much of a table away, 1,200.50 in all; the first "
        "of them:",
        "  source=autotask, batch=charges/a.csv, extracted_at=2026-11-20 00:00:00, removed=120, "
        "removed_of=400, amount=1200.5000, hours=(null)",
    ]


def test_a_generation_without_work_lists_asks_for_one_refresh(tmp_path: Path) -> None:
    settings = read_settings({"PSA_DATA_DIR": str(tmp_path)})
    folder = generation(settings)
    message = f"Generation {folder.name} has no work lists, .* run the nightly refresh once"
    with pytest.raises(dg.Failure, match=message):
        look(settings)
    (folder / "reports").mkdir()
    (folder / "reports" / "work_lists.json").write_text('{"exposed_lines": {}}')
    with pytest.raises(dg.Failure, match=message):
        look(settings)


def test_before_the_first_refresh_the_job_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(dg.Failure, match="run the nightly refresh first"):
        look(read_settings({"PSA_DATA_DIR": str(tmp_path)}))


def test_the_nightly_refresh_neither_runs_nor_waits_for_the_checks() -> None:
    nightly = {node.name for node in defs.resolve_job_def("nightly_refresh").nodes}
    weekly = {node.name for node in defs.resolve_job_def("billing_readiness").nodes}
    assert weekly == {"billing_readiness_checks"}
    assert nightly.isdisjoint(weekly)
    assert "generation" in nightly


def test_all_definitions_can_be_loaded_together() -> None:
    dg.Definitions.validate_loadable(defs)


def test_the_weekly_schedule_follows_the_settings() -> None:
    def schedule(environment: dict[str, str]) -> dg.ScheduleDefinition:
        schedules = build_definitions(read_settings(environment)).schedules or []
        (weekly,) = [one for one in schedules if one.name.startswith("billing_readiness")]
        assert isinstance(weekly, dg.ScheduleDefinition)
        return weekly

    assert schedule({}).cron_schedule == "0 6 * * 1"
    fridays = schedule({"PSA_READINESS_CRON": "30 7 * * 5", "PSA_TIMEZONE": "Europe/Amsterdam"})
    assert fridays.cron_schedule == "30 7 * * 5"
    assert fridays.execution_timezone == "Europe/Amsterdam"
    assert fridays.job_name == "billing_readiness"


def test_a_cron_line_that_cannot_be_read_is_named() -> None:
    with pytest.raises(SettingError, match=r"^PSA_READINESS_CRON: 'mondays' is not a cron line"):
        build_definitions(read_settings({"PSA_READINESS_CRON": "mondays"}))
