"""The dbt project by itself: its unit tests, its vars, and the rule that Python shares with it."""

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from orchestration.build.failures import explain
from orchestration.settings import ROOT, read_settings
from schemas.po_texts import PLACEHOLDERS, WHITE_SPACE, clean_po, first_column
from tests.conftest import Refresh, dbt


def test_all_unit_tests_pass(sample: Refresh, tmp_path: Path) -> None:
    code, log = dbt(sample.data_dir, tmp_path, "test", "--select", "test_type:unit")
    assert code == 0, log
    results = json.loads((tmp_path / "run_results.json").read_text())["results"]
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    statuses = {
        result["unique_id"]: result["status"]
        for result in results
        if not result["unique_id"].startswith("operation.")  # the hooks of the project
    }
    assert statuses == dict.fromkeys(manifest["unit_tests"], "pass")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("po_precedence: [charge, phase]", "'phase' is not a level"),
        ("po_precedence: [task, task]", "'task' is named twice"),
        ("po_precedence: contract", "is not a list of levels"),
        ("labor_invoice_tracking: maybe", "'maybe' is not one of auto, on, off"),
        ("near_limit_pct: most", "'most' is not a percentage of 0 or more"),
        ("milestone_allocation_tracking: 1", "'1' is not one of auto, on, off"),
    ],
)
def test_a_var_that_cannot_be_used_is_named(
    setting: str, message: str, sample: Refresh, tmp_path: Path
) -> None:
    """RES-10, RES-18, MIL-7, MRT-14."""
    code, log = dbt(sample.data_dir, tmp_path, "parse", "--vars", f"{{{setting}}}")
    assert code != 0
    assert f"var {setting.split(':')[0]}: " in log
    assert message in log


def test_a_sum_that_does_not_fit_ends_the_build_and_is_never_cut(
    sample: Refresh, tmp_path: Path
) -> None:
    """MRT-27, MRT-2: ten million lines of 9,999,999.99 fit; what does not is said in words."""
    model = "select {{ as_amount('sum(part)') }} as total, "
    model += "{{ percentage('sum(part)', 'sum(whole)') }} as share from lines"
    code, log = dbt(sample.data_dir, tmp_path, "compile", "--inline", model)
    assert code == 0, log
    sql = log[log.index("select cast") :]

    def of(lines: str) -> tuple[Any, ...]:
        rows = duckdb.connect().sql(f"with lines as (select {lines}) {sql}")
        assert list(map(str, rows.types)) == ["DECIMAL(18,4)", "DECIMAL(18,2)"]
        (row,) = rows.fetchall()
        return tuple(row)

    million_lines = "from range(1_000_000), range(10)"
    amount = "cast({} as decimal(18, 4))"
    largest = f"{amount.format('9999999.99')} as part, {amount.format('1')} as whole"
    assert of(f"{largest} {million_lines}") == (
        Decimal("99999999900000.0000"),
        Decimal("999999999"),
    )
    assert of(f"{amount.format(-1)} as part, 0 as whole")[1] == Decimal(0)
    assert of(f"{amount.format(-(10**8))} as part, 0.01 as whole")[1] == Decimal(-(10**12))
    most = of(f"{amount.format(10**13)} as part, 0.0001 as whole")[1]
    assert most == Decimal("9999999999999999.99")
    assert of(f"{amount.format('99999.99994')} as part, 1 as whole")[1] == Decimal("9999999.99")
    too_large = f"{amount.format('9999999.9999')} as part, 1 as whole {million_lines}"
    with pytest.raises(duckdb.ConversionException) as raised:
        of(f"{too_large} union all select {amount.format(10**4)}, 1")
    node = "model.po_billing.po_overview"
    result = {"status": "error", "unique_id": node, "message": str(raised.value)}
    (tmp_path / "run_results.json").write_text(json.dumps({"results": [result]}))
    (tmp_path / "manifest.json").write_text(json.dumps({"parent_map": {node: []}}))
    said = explain(tmp_path, read_settings({}), "error")
    assert said.startswith("model po_overview: ")
    assert "A sum does not fit (MRT-27)" in said


def test_the_rows_of_a_mart_that_a_test_has_found_are_shown(
    sample: Refresh, tmp_path: Path
) -> None:
    node = "test.po_billing.assert_no_companies.1"
    query = (
        "select company_id, company_name from psa_marts.marts.dim_companies where company_id = 0"
    )
    result = {"status": "fail", "unique_id": node, "message": "Got 1 result", "failures": 1}
    results = {"results": [result | {"compiled_code": query}]}
    (tmp_path / "run_results.json").write_text(json.dumps(results))
    parents = {"parent_map": {node: ["model.po_billing.dim_companies"]}}
    (tmp_path / "manifest.json").write_text(json.dumps(parents))
    settings = read_settings({"PSA_DATA_DIR": str(sample.data_dir)})
    assert explain(tmp_path, settings, "fail").splitlines() == [
        "test assert_no_companies of dim_companies: Got 1 result",
        "  company_id=0, company_name=Bramblegate IT Services",
    ]


def test_the_questions_of_the_report_can_be_asked_as_they_are(
    sample: Refresh, tmp_path: Path
) -> None:
    with sample.marts() as marts:
        largest = marts.execute(
            "select purchase_order_key, charge_lines, billable_amount from marts.charges_per_po "
            "order by charge_lines desc limit 1"
        ).fetchall()[0]
        overview = dict(
            zip(
                marts.table("marts.po_overview").columns,
                marts.table("marts.po_overview").fetchall()[0],
                strict=True,
            )
        )
        hours = marts.execute(
            "select sum(hours_worked) from marts.fct_time_entries_po_resolved"
        ).fetchall()[0]
    po = json.dumps({"purchase_order_key": largest[0]})
    code, log = dbt(sample.data_dir, tmp_path, "compile", "--select", "path:analyses", "--vars", po)
    assert code == 0, log
    compiled = tmp_path / "compiled/po_billing/analyses"
    written = {path.stem for path in (ROOT / "dbt_project/analyses").glob("*.sql")}
    answers = {}
    with duckdb.connect(sample.data_dir / "warehouse/warehouse.duckdb", read_only=True) as build:
        marts_file = str(sample.data_dir / "warehouse/psa_marts.duckdb").replace("'", "''")
        build.execute(f"attach '{marts_file}' as psa_marts (read_only)")
        for path in compiled.glob("*.sql"):
            answers[path.stem] = build.sql(path.read_text(encoding="utf-8")).pl()
    assert set(answers) == written
    (summary,) = answers["coverage_summary"].to_dicts()
    assert summary == {name: overview[name] for name in summary}
    codes = answers["material_codes"]
    assert codes["billable_amount"].sum() == overview["total_billable_amount"]
    assert answers["charges_of_one_po"].height == largest[1]
    assert answers["charges_of_one_po"]["billable_amount"].sum() == largest[2]
    assert answers["exposure"]["total_billable_exposed"].sum() == overview["exposed_amount"]
    assert answers["hours_by_po"]["total_hours_worked"].sum() == hours[0]
    objects = answers["po_numbers_across_objects"]
    assert objects["charge_count"].sum() == overview["charges_with_po"]


TEXTS = [
    *(f"po{chr(point)}1" for point in (9, 10, 11, 12, 13, 28, 31, 32, 0x85, 0xA0, 0x1680, 0x180E)),
    *(f" {chr(point)} x{chr(point)}" for point in range(0x2000, 0x2010)),
    *(f"a{chr(point)}{chr(point)}b" for point in (0x2028, 0x2029, 0x202F, 0x205F, 0x2060, 0x3000)),
    "\ufeffn/a",
    "straße",
    "éà",
    "n / a",
    "0",
    "00",
    "",
    " ",
    "it's",
    '"-"',
    *('="45"', '="', '=""', "='45'", "'45", "''45", "'", '\'="45"', '="\'45"', "' 45", '= "45"'),
    *("45.0", "045.00", "45.", ".0", "0.0", "45.10", "4.5.0", "45,0", "a45.0", "45.0 ", "\u0661.0"),
    *(
        "0-0",
        "\u2026",
        "\u2013 \u2014",
        "\u0660\uff10",
        "\u0661",
        "\u00b2",
        "\u2167",
        "\u9805",
        "\u0301",
    ),
    *("\\n", "\\1", "${1}", "$1", "\\\\"),
]
# Letters of PO texts in Latin, Greek and Cyrillic, but for three that have two capitals and that
# the engine leaves as they are.
LETTERS = [
    *(*range(0x21, 0x27), *range(0x28, 0x7F), *range(0xA1, 0x19B), *range(0x1CD, 0x250)),
    *(*range(0x391, 0x3B0), *range(0x3B1, 0x3CF), *range(0x400, 0x52F), *range(0xFB00, 0xFB07)),
]


def generated_texts(count: int) -> list[str]:
    """Texts that are nearly the same PO or placeholder: other case, white space, wrapping."""
    rng = random.Random(4)  # noqa: S311 - not a secret
    letters = [chr(point) for point in LETTERS if point not in (0x149, 0x1F0)]
    spaces = [chr(point) for point in WHITE_SPACE]

    def blank() -> str:
        return "".join(rng.choices(spaces, k=rng.choice((0, 0, 1, 3))))

    texts: set[str] = set()
    while len(texts) < count:
        words = rng.choice(first_column(PLACEHOLDERS)).split(" ")
        if rng.random() < 0.6:
            words = ["".join(rng.choices(letters, k=rng.randint(1, 5))) for _ in range(3)]
        elif rng.random() < 0.3:
            words = ["".join(rng.choices("00\u066045.-/E+", k=rng.randint(1, 8)))]
        recased = [rng.choice((str, str.lower, str.title))(word) for word in words]
        text = blank() + (blank() or " ").join(recased) + blank()
        texts.add(rng.choice(("{}", "{}", '="{}"', "'{}", ' ="{}" ', "{}.0", "{}.00")).format(text))
    return sorted(texts)


def test_sql_and_python_clean_a_po_alike(sample: Refresh, tmp_path: Path) -> None:
    """RES-2, RES-3."""
    texts = [*TEXTS, *generated_texts(400)]
    rows = ", ".join(f"({number}, {_literal(text)})" for number, text in enumerate(texts))
    query = f"""
        with texts as (select * from (values {rows}) as texts (number, po_text)),
        cleaned as ({{{{ cleaned_texts('texts', 'po_text') }}}})
        select texts.number, cleaned.clean_text as po_number
        from texts
        inner join cleaned on texts.po_text = cleaned.po_text
    """  # noqa: S608 - our own texts
    arguments = ["--quiet", "show", "--limit", "-1", "--output", "json", "--inline", query]
    code, log = dbt(sample.data_dir, tmp_path, *arguments)
    assert code == 0, log
    shown: list[dict[str, Any]] = json.loads(log)["show"]
    in_sql = {row["number"]: row["po_number"] for row in shown}
    in_python = pl.select(clean_po(pl.lit(pl.Series(texts)))).to_series().to_list()
    assert {texts[number]: po for number, po in in_sql.items()} == dict(
        zip(texts, in_python, strict=True)
    )
    assert {None} < set(in_python[len(TEXTS) :])


def _literal(text: str) -> str:
    points = " || ".join(f"chr({ord(letter)})" for letter in text)
    return points or "''"


def test_sql_and_python_clean_every_po_of_the_sample_alike(sample: Refresh) -> None:
    """RES-2, RES-3."""
    with duckdb.connect(sample.data_dir / "warehouse/warehouse.duckdb", read_only=True) as build:
        cleaned = build.sql("select po_text, po_number from intermediate.int_po_texts_cleaned").pl()
    assert cleaned.height > 1000
    differing = cleaned.filter(~clean_po(pl.col("po_text")).eq_missing(pl.col("po_number")))
    assert differing.rows() == []
