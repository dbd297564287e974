"""The metrics say what the marts say, or refuse (rules: metrics.md)."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.reports.work_lists import published_work_lists
from orchestration.serve.definitions import GRAINS, Definitions
from orchestration.serve.expressions import percentage
from orchestration.serve.generated import catalog, definitions_in_project, generated
from orchestration.serve.questions import Filter, QuestionError, ask
from orchestration.settings import ROOT
from schemas.po_texts import WHITE_SPACE
from tests.conftest import Refresh
from tests.serve.conftest import MakeMarts
from tests.serve.figures import CUTS, FIGURES, SHARES, Marts, differences, total

DEFINITIONS = definitions_in_project()
ROW = "insert into marts.fct_charges_po_resolved by name select "


def test_every_metric_of_the_sample_equals_its_mart_for_every_group(
    sample: Refresh, manifest: Path
) -> None:
    """MET-1, MET-2, MET-3."""
    with sample.marts() as connection:
        assert differences(connection, manifest) == []


def test_marts_without_rows_are_told_as_such(made: MakeMarts, manifest: Path) -> None:
    """MET-3."""
    marts = made()
    assert differences(marts.connection, manifest) == []
    for metric in DEFINITIONS.offered:
        assert total(marts, metric.name) == (None if metric.is_null_when_empty else 0)
    assert marts.answered(["exposed_amount", "hours_worked"], ["company"]) == {}


def test_exact_halves_are_rounded_away_from_zero(made: MakeMarts) -> None:
    """MET-2: 1 of 800 is 0.125 %."""
    marts = made(
        f"{ROW} 1 as company_id, range = 0 as has_po, 1 as billable_amount from range(800)",
        f"{ROW} 2 as company_id, range = 0 as has_po, if(range = 0, -1, 1.002503) as "
        "billable_amount from range(800)",
        f"{ROW} null as company_id, false as has_po, 0.0001 as billable_amount",
        f"{ROW} 3 as company_id, true as has_po, -5 as billable_amount",
    )
    told = marts.answered(["coverage_pct", "amount_coverage_pct"], ["company"])
    assert {
        key[0]: (row["coverage_pct"], row["amount_coverage_pct"]) for key, row in told.items()
    } == {
        1: (Decimal("0.13"), Decimal("0.13")),
        2: (Decimal("0.13"), Decimal("-0.13")),
        3: (Decimal("100.00"), Decimal("0.00")),
        None: (Decimal("0.00"), Decimal("0.00")),
    }


def test_groups_without_a_value_are_one_group_across_marts(made: MakeMarts) -> None:
    """MET-3."""
    entry = "insert into marts.fct_time_entries_po_resolved by name select "
    marts = made(
        f"{ROW} 7.5 as billable_amount, true as is_exposed, null as company_id",
        f"{ROW} 1 as billable_amount, true as is_exposed, 5 as company_id",
        f"{entry} 2 as hours_worked, false as is_internal, null as company_id",
        f"{entry} 3 as hours_worked, false as is_internal, 6 as company_id",
    )
    told = marts.answered(["exposed_amount", "hours_not_internal"], ["company"])
    assert {
        key[0]: (row["exposed_amount"], row["hours_not_internal"]) for key, row in told.items()
    } == {
        None: (Decimal("7.5"), 2),
        5: (1, 0),
        6: (0, 3),
    }


def test_the_formula_of_percentages_is_that_of_the_marts() -> None:
    """MET-2."""
    macros = (ROOT / "dbt_project/macros/engine/duckdb.sql").read_text(encoding="utf-8")
    body = macros.partition("macro duckdb__percentage(part, whole) -%}")[2].partition(
        "{%- endmacro"
    )[0]
    for name, spelled in re.findall(r"\{%- set (\w+) = (.+?) -%\}", body):
        told = "".join(
            part.strip().strip("'") if part.strip().startswith("'") else f"{{{{ {part.strip()} }}}}"
            for part in re.split(r"\s~\s", spelled)
        )
        body = body.replace(f"{{{{ {name} }}}}", told)
    body = re.sub(r"\{%.*?%\}", "", body)
    sql = body.replace("{{ part }}", "PART").replace("{{ whole }}", "WHOLE")
    bare = re.compile(r"\s+")
    assert bare.sub("", sql) == bare.sub("", percentage("PART", "WHOLE"))


@pytest.mark.parametrize("name", sorted(DEFINITIONS.metrics))
def test_each_metric_is_cut_by_what_its_rows_have_and_refused_by_name_elsewhere(
    name: str,
) -> None:
    """MET-4: every pair of a metric and a dimension."""
    metric = DEFINITIONS.metrics[name]
    allowed = CUTS[metric.source.mart]
    assert set(metric.dimensions) == allowed
    if metric.is_part:
        return
    for dimension in DEFINITIONS.dimensions:
        if dimension in allowed:
            if not metric.last_of or dimension not in ("month", "quarter", "year"):
                ask(DEFINITIONS, [name], [dimension])
            continue
        with pytest.raises(QuestionError, match=f"^{name} cannot be cut by {dimension}: .*It can|"):
            ask(DEFINITIONS, [name], [dimension])
        with pytest.raises(QuestionError, match=f"^{name} cannot be cut by {dimension}: "):
            ask(DEFINITIONS, [name], [], [{"dimension": dimension, "operator": "is null"}])


def test_the_compiler_too_can_cut_by_what_is_offered(sample_marts: Marts) -> None:
    """MET-4: nothing is offered that MetricFlow would have to multiply rows for."""
    for metric in DEFINITIONS.metrics.values():
        if metric.formula:
            continue
        linkable = sample_marts.compiler.linkable(metric.name)
        # It lists dates without their grains.
        names = [name for name in metric.dimensions if name not in GRAINS]
        elements = {metric.source.elements[name] for name in names}
        assert elements - linkable == set(), metric.name


def test_metrics_and_dimensions_have_words_and_a_unit() -> None:
    """MET-8."""
    assert {one.name for one in DEFINITIONS.offered} == FIGURES.keys() | SHARES.keys()
    for metric in DEFINITIONS.metrics.values():
        assert all((metric.label, metric.description, metric.unit, metric.dimensions)), metric.name
        assert metric.description.endswith(".")
    for dimension in DEFINITIONS.dimensions.values():
        assert all((dimension.label, dimension.description)), dimension.name
    named = {name for metric in DEFINITIONS.metrics.values() for name in metric.dimensions}
    assert named == set(DEFINITIONS.dimensions)


def test_what_follows_from_the_semantic_models_is_up_to_date() -> None:
    """MET-8."""
    for path, text in generated().items():
        assert path.read_text(encoding="utf-8") == text, f"{path} is out of date: make generated"


def test_blank_is_blank_as_everywhere() -> None:
    """MRT-7: a reference of the MSP itself that is not white space."""
    row = DEFINITIONS.metrics["charges_with_internal_po"].row
    told = {chr(int(code, 16)) for code in re.findall(r"\\x\{([0-9A-F]{4})\}", row)}
    assert told == {chr(one) if isinstance(one, int) else one for one in WHITE_SPACE}


def test_the_catalogue_of_the_marts_has_each_metric_and_its_expression_gives_it(
    sample_marts: Marts,
) -> None:
    """MET-8."""
    rows = sample_marts.rows("metric_catalog")
    told = [{**row, "is_additive": str(row["is_additive"]).lower()} for row in rows]
    assert sorted(told, key=lambda row: str(row["metric"])) == catalog(DEFINITIONS)
    for row in rows:
        # By PO too, where the mart has it: expressions stand in select lists with groups.
        source = f"{row['expression']} from marts.{row['mart']}"
        found = sample_marts.connection.execute(f"select {source}").fetchall()
        assert found == [(total(sample_marts, row["metric"]),)], row["metric"]
        if "purchase_order" in row["dimensions"].split(", "):
            grouped = sample_marts.connection.execute(
                f"select purchase_order_key, {source} group by 1"
            ).fetchall()
            answered = sample_marts.answered([row["metric"]], ["purchase_order"])
            assert {(key,): figure for key, figure in grouped} == {
                key: one[row["metric"]] for key, one in answered.items()
            }, row["metric"]


def test_what_does_not_add_up_is_said_to() -> None:
    """MET-5."""
    assert {one.name for one in DEFINITIONS.offered if not one.is_additive} == {
        *SHARES,
        *("unique_po_numbers", "unique_direct_po_numbers", "resources"),
        *("oldest_exposed_date", "cumulative_amount"),
    }


def test_a_balance_is_told_up_to_a_day_and_by_date_for_single_pos_only(
    sample_marts: Marts,
) -> None:
    """MET-5."""
    rows = sample_marts.rows("po_monthly_activity")
    until = date(2026, 6, 30)
    last = {
        row["purchase_order_key"]: row["cumulative_amount"]
        for row in sorted(rows, key=lambda row: row["activity_month"])
        if row["activity_month"] <= until
    }
    assert total(sample_marts, "cumulative_amount", until=until) == sum(last.values())
    assert total(sample_marts, "burn_amount", until=until) == sum(last.values())
    for wrong in (
        {"by": ["month"]},
        {"by": ["company", "year"]},
        {"since": "2026-01-01"},
        {"filters": [{"dimension": "month", "value": "2026-01-01"}]},
    ):
        with pytest.raises(QuestionError, match=r"^cumulative_amount with .* needs purchase_order"):
            ask(DEFINITIONS, ["cumulative_amount"], **wrong)
    ask(DEFINITIONS, ["cumulative_amount"], ["purchase_order", "month"], since="2026-01-01")
    with pytest.raises(QuestionError, match="kept by month: SINCE must be the first day"):
        ask(DEFINITIONS, ["burn_amount"], since="2026-01-15")
    with pytest.raises(QuestionError, match="UNTIL the last"):
        ask(DEFINITIONS, ["burn_amount"], until="2026-01-30")


def test_dates_limit_lines_by_their_day_both_ends_included(sample_marts: Marts) -> None:
    """MET-6: a milestone without a due date is in no month, but in totals."""
    since, until = date(2026, 3, 31), date(2026, 9, 1)
    for name, column in (("charges_amount", "date_purchased"), ("milestone_amount", "date_due")):
        figure = FIGURES[name]
        expected = sum(
            figure.of(row)
            for row in sample_marts.seen(figure.mart)
            if row[column] and since <= row[column] <= until
        )
        assert total(sample_marts, name, since=since, until=until) == expected
    with pytest.raises(QuestionError, match="consumed_amount has no date to be limited by"):
        ask(DEFINITIONS, ["consumed_amount"], since="2026-01-01")


@pytest.mark.parametrize(
    ("name", "value", "start"),
    [
        ("week", "2026-01-07", "2026-01-05"),
        ("month", "2026-01-15", "2026-01-01"),
        ("quarter", "2026-06-01", "2026-04-01"),
        ("year", "2026-02-01", "2026-01-01"),
    ],
)
def test_a_period_is_named_by_its_first_day(name: str, value: str, start: str) -> None:
    """MET-6."""
    for told in (
        {"dimension": name, "value": value},
        {"dimension": name, "operator": "!=", "value": value},
        {"dimension": name, "operator": "in", "value": f"{start}, {value}"},
    ):
        with pytest.raises(QuestionError, match=f"first day: {start}, not {value}"):
            ask(DEFINITIONS, ["charges_amount"], filters=[told])
    ask(DEFINITIONS, ["charges_amount"], filters=[{"dimension": name, "value": start}])
    later = {"dimension": name, "operator": ">", "value": value}
    ask(DEFINITIONS, ["charges_amount"], filters=[later])


def test_a_first_day_after_the_last_is_refused() -> None:
    """MET-6."""
    with pytest.raises(QuestionError, match="SINCE 2026-02-01 is after UNTIL 2026-01-31"):
        ask(DEFINITIONS, ["charges_amount"], since="2026-02-01", until="2026-01-31")
    ask(DEFINITIONS, ["charges_amount"], since="2026-01-31", until="2026-01-31")


FILTERS: list[tuple[str, str, Any, Any]] = [
    ("po_required", "=", "true", lambda row: row["po_required"]),
    ("po_required", "!=", True, lambda row: not row["po_required"]),
    ("po_source", "in", "task, none", lambda row: row["po_source"] in ("task", "none")),
    ("po_basis", "not in", ["direct"], lambda row: row["po_basis"] != "direct"),
    ("po_basis", "!=", "direct", lambda row: row["po_basis"] != "direct"),
    ("po_basis", "is null", None, lambda row: row["po_basis"] is None),
    ("purchase_order", "is not null", None, lambda row: row["po_number"] is not None),
    ("company", "=", 174, lambda row: row["company_id"] == 174),
    ("company_id", ">=", "180", lambda row: (row["company_id"] or 0) >= 180),
    ("company_name", "contains", "FOOD", lambda row: "food" in (row["company_name"] or "").lower()),
    ("po_number", "=", "'PO 1''; drop table x --'", lambda row: False),
    ("material_code", "=", "Uncategorised", lambda row: row["material_code_name"] is None),
    ("month", "=", "2026-03-01", lambda row: f"{row['date_purchased']:%Y-%m}" == "2026-03"),
    ("day", "<", date(2025, 1, 1), lambda row: row["date_purchased"] < date(2025, 1, 1)),
    ("week", ">", "2026-11-01", lambda row: row["date_purchased"] >= date(2026, 11, 2)),
    ("contract_type", "!=", "Retainer", lambda row: row["contract_type"] != "Retainer"),
]


@pytest.mark.parametrize(("dimension", "operator", "value", "kept"), FILTERS)
def test_filters_keep_the_lines_they_say(
    sample_marts: Marts, dimension: str, operator: str, value: Any, kept: Any
) -> None:
    """MET-6."""
    told = [{"dimension": dimension, "operator": operator, "value": value}]
    lines = [row for row in sample_marts.seen("fct_charges_po_resolved") if kept(row)]
    for name in ("charge_lines", "charges_amount", "unique_po_numbers"):
        figure = FIGURES[name]
        taken = [figure.of(row) for row in lines]
        expected = len({*taken} - {None}) if figure.how == "distinct" else sum(taken)
        assert total(sample_marts, name, filters=told) == expected, name


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (
            {"dimension": "po_required", "value": "maybe"},
            "po_required is true or false, not 'maybe'",
        ),
        (
            {"dimension": "company", "value": "Acme"},
            "an id, a whole number, not 'Acme'.*company_name",
        ),
        ({"dimension": "company", "value": "1 or 1=1"}, "whole number, not '1 or 1=1'"),
        ({"dimension": "po_source", "operator": "<", "value": "a"}, "is no number or date"),
        (
            {"dimension": "month", "value": "March"},
            "month is a date such as 2026-11-20, not 'March'",
        ),
        (
            {"dimension": "po_sorce", "value": "a"},
            "no dimension 'po_sorce'. Did you mean po_source",
        ),
        ({"dimension": "po_source", "operator": "~", "value": "a"}, "There is no operator '~'"),
        ({"dimension": "po_source", "operator": "= 1 or 1", "value": "a"}, "There is no operator"),
        ({"dimension": "po_source", "value": None}, "use the operator 'is null'"),
        ({"dimension": "po_source", "value": "a\0b"}, "no NUL"),
        ({"dimension": "po_source", "value": "a" * 2000}, "at most 1000 characters"),
        ({"dimension": "po_source", "value": ["a", "b"]}, "takes one value; for several use 'in'"),
        (
            {"dimension": "po_source", "operator": "in", "value": ["a"] * 101},
            "takes 1 to 100 values",
        ),
        ({"dimension": "company", "operator": "contains", "value": "a"}, "company_name has text"),
        (
            {"dimension": "charges_cost", "value": "a"},
            "charges_cost is a metric; cut by a dimension",
        ),
        ({"dimension": "po_source", "sql": "1=1"}, "A filter has dimension, operator and value"),
        ({"dimension": "}} or {{", "value": "a"}, "There is no dimension"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused(told: dict[str, Any], message: str) -> None:
    """MET-6."""
    with pytest.raises(QuestionError, match=message):
        ask(DEFINITIONS, ["charge_lines"], [], [told])


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (
            {"metrics": ["exposed_amout"]},
            r"no metric 'exposed_amout'\. Did you mean exposed_amount",
        ),
        ({"metrics": ["exposed"]}, "Did you mean exposed"),
        ({"metrics": []}, "Name at least one metric"),
        ({"metrics": ["consumed_amount_of_authorized"]}, "There is no metric"),
        (
            {"metrics": ["charge_lines"], "by": ["compani"]},
            "no dimension 'compani'. Did you mean company",
        ),
        (
            {"metrics": ["charge_lines"], "order": ["company"]},
            "Sort by what is asked for, not by 'com",
        ),
        ({"metrics": ["charge_lines"], "order": ["1; drop table x"]}, "Sort by what is asked for"),
        ({"metrics": ["charge_lines"], "limit": 0}, "The limit is 0; it must be at least 1"),
        ({"metrics": ["charge_lines; select 1"]}, "There is no metric"),
    ],
)
def test_names_that_do_not_exist_are_answered_with_the_nearest(
    told: dict[str, Any], message: str
) -> None:
    with pytest.raises(QuestionError, match=message):
        ask(DEFINITIONS, **told)


def test_columns_of_a_dimension_name_it_too() -> None:
    question = ask(DEFINITIONS, ["charge_lines"], ["company_id", "company_name", "po_number"])
    assert [cut.name for cut in question.by] == ["company", "purchase_order"]
    told = ask(DEFINITIONS, ["charge_lines"], [], [{"dimension": "po_number", "value": "4500"}])
    assert told.filters == (Filter("po_number", "=", ("4500",)),)


def test_stages_stand_in_their_order(sample_marts: Marts) -> None:
    told = list(sample_marts.answered(["milestones"], ["billing_stage"]))
    ranks = {row["billing_stage"]: row["stage_rank"] for row in sample_marts.rows("fct_milestones")}
    question = ask(
        sample_marts.definitions, ["milestones"], ["billing_stage"], order=["billing_stage"]
    )
    statement = sample_marts.compiler.compile(question, dict(sample_marts.definitions.metrics))
    ordered = [row[0] for row in sample_marts.connection.execute(statement.sql).fetchall()]
    assert ordered == sorted(ranks, key=lambda stage: int(ranks[stage]))
    assert {key[0] for key in told} == set(ordered)


def test_the_weekly_warnings_equal_the_metrics(sample: Refresh, sample_marts: Marts) -> None:
    """MET-1."""
    lists = published_work_lists(sample.data_dir / "marts" / "current")
    assert lists
    required: list[dict[str, Any]] = [{"dimension": "po_required", "value": True}]
    known = [*required, {"dimension": "company", "operator": "is not null"}]
    exposed = total(sample_marts, "exposed_amount", filters=required)
    assert exposed == total(sample_marts, "exposed_amount_po_required")
    labour = total(sample_marts, "exposed_labor_amount", filters=required)
    assert Decimal(lists["exposed_lines"].amount) == exposed + labour
    positive = marts_positive(sample_marts, known)
    assert Decimal(lists["pos_to_request"].amount) == sum(positive)
    assert lists["pos_to_request"].count == len(positive)
    assert lists["blocked_invoices"].count == total(sample_marts, "blocked_invoices")
    assert Decimal(lists["blocked_invoices"].amount) == total(sample_marts, "blocked_amount")
    ready = [
        {
            "dimension": "billing_stage",
            "operator": "in",
            "value": ["completed", "approved_for_billing"],
        }
    ]
    assert lists["milestone_conflicts"].count == total(sample_marts, "conflicts", filters=ready)
    at_risk = total(sample_marts, "revenue_at_risk", filters=ready)
    assert Decimal(lists["milestone_conflicts"].amount) == at_risk


def marts_positive(marts: Marts, filters: list[dict[str, Any]]) -> list[Decimal]:
    """Exposed amounts by company and material code, those above 0."""
    question = ask(marts.definitions, ["exposed_amount"], ["company", "material_code"], filters)
    statement = marts.compiler.compile(question, dict(marts.definitions.metrics))
    rows = marts.connection.execute(statement.sql, statement.parameters).fetchall()
    return [row[-1] for row in rows if row[-1] > 0]


def test_the_figures_of_make_run_equal_the_metrics(sample: Refresh, sample_marts: Marts) -> None:
    """MET-1."""
    hours = total(sample_marts, "hours_with_po")
    told = {
        "Charges": f"{total(sample_marts, 'charge_lines'):,}",
        "Coverage by the charges' own POs": f"{total(sample_marts, 'direct_coverage_pct'):.2f} %",
        "Coverage after inheritance": f"{total(sample_marts, 'coverage_pct'):.2f} %",
        "Exposed amount": f"{total(sample_marts, 'exposed_amount'):,.2f}",
        "Hours with a PO": f"{hours:,.2f}",
        "Hours without a PO": f"{total(sample_marts, 'hours_not_internal') - hours:,.2f}",
    }
    for label, figure in told.items():
        assert re.search(rf"^\s*{re.escape(label)}\s+{re.escape(figure)}$", sample.output, re.M), (
            label
        )


def test_the_definitions_of_the_sample_are_those_of_the_project(sample_marts: Marts) -> None:
    """MET-7."""

    def told(definitions: Definitions) -> list[tuple[Any, ...]]:
        return [
            (one.name, one.label, one.description, one.unit, one.row, one.formula, one.dimensions)
            for one in definitions.metrics.values()
        ]

    assert told(sample_marts.definitions) == told(DEFINITIONS)
