"""What the pages say, read without a browser: their figures are the marts'."""

# All queries are written here.
# ruff: noqa: S608

import html as escaping
import re
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.reports.declaration import Page, read_pages
from orchestration.reports.marts import readable_marts
from orchestration.reports.site import ROWS_ON_A_PAGE, SCRIPTS, company_html
from orchestration.reports.work_lists import Row, WorkList
from orchestration.settings import ROOT
from tests.conftest import python
from tests.reports.conftest import EUROS, Ask, changed, lists_of
from tests.reports.reading import Read, all_rows, file_rows, number

LISTS = ["index", "billing_readiness", "invoice_preview", "posted", "trust"]
RECORDS = ["company", "po", "invoice", "project", "milestone"]


@pytest.fixture(scope="module")
def pages(generation: Path) -> dict[str, Page]:
    """The pages as declared."""
    with duckdb.connect(generation / "psa_marts.duckdb") as marts:
        return {page.file.removesuffix(".html"): page for page in read_pages(readable_marts(marts))}


# --- figures ---


@pytest.mark.parametrize("file", LISTS)
def test_every_card_shows_the_figure_of_its_mart(site: Path, ask: Ask, file: str) -> None:
    cards = Read((site / f"{file}.html").read_text("utf-8")).cards
    assert len(cards) >= 5
    for mart, figure, raw, text in cards:
        [(value,)] = ask(f"select {figure} from marts.{mart}")
        assert raw == str(value)
        if isinstance(value, int | Decimal):
            assert abs(number(text) - value) <= Decimal("0.005"), (mart, figure)
        else:
            assert text == f"{value:%Y-%m-%d %H:%M}"


# What each table must hold: the rows and one sum of its mart.
CHARGES = "marts.fct_charges_po_resolved"
TABLES = {
    "exposure": "select count(*), (select exposed_amount from marts.po_overview) "
    "from marts.po_exposure where uninvoiced_lines_no_po > 0",
    "exposed_charges": "select count(*), (select exposed_amount from marts.po_overview) "
    f"from {CHARGES} where is_exposed",
    "utilization": "select count(*), sum(consumed_amount) from marts.po_utilization",
    "hours": "select count(*), sum(total_hours_worked) from marts.hours_per_po",
    "hours_via_contract": "select count(*), sum(total_hours_worked) from "
    "marts.hours_via_contract_po",
    "gaps": "select count(*), sum(exposed_amount) from marts.po_gap_summary",
    "mismatches": f"select count(*), sum(billable_amount) from {CHARGES} where has_po_mismatch",
    "number_review": "select count(*), sum(amount) from marts.po_number_review",
    "internal_pos": "select (select charges_with_internal_po from marts.po_overview), "
    f"sum(billable_amount) from {CHARGES} where trim(internal_po_number) <> ''",
    "profile": "select count(*), sum(exposed_amount) from marts.company_po_profile",
    "coverage": "select count(*), sum(records_with_po) from marts.po_coverage_by_object",
    "materials": "select count(*), (select total_billable_amount from marts.po_overview) "
    "from marts.charges_by_material_code",
    "allocation": "select count(*), (select total_billable_amount from marts.po_overview) "
    "from marts.charge_allocation",
    "conflicts": "select count(*), sum(amount) from marts.milestone_conflicts",
    "breakdown": "select count(*), (select revenue_at_risk from "
    "marts.milestone_conflict_summary) from marts.milestone_status_breakdown",
    "projects": "select count(*), (select revenue_at_risk from "
    "marts.milestone_conflict_summary) from marts.project_milestone_conflicts",
    "milestones": "select count(*), (select total_amount from marts.milestone_conflict_summary) "
    "from marts.fct_milestones",
    "invoices": "select count(*), (select sum(amount) from marts.invoice_preview_items) "
    "from marts.invoice_preview",
    "posted_without": "select count(*), null from marts.posted_po_check "
    "where is_invoiced and finding = 'posted_without_po'",
    "posted_check": "select count(*), null from marts.posted_po_check",
    "agreement": "select count(*), null from marts.posted_po_agreement",
    "ingest": "select count(*), sum(loaded) from marts.ingest_accounting where not is_refused",
    "tables": "select count(*), sum(current_rows) from marts.table_accounting",
    "drift": "select count(*), null from marts.schema_drift",
    "orphans": "select count(*), null from marts.orphan_references",
    "refused": "select count(*), null from marts.ingest_accounting where is_refused",
    "quarantined": "select count(*), null from marts.quarantined_rows",
}
SUMS = {
    "exposure": "total_billable_exposed",
    "exposed_charges": "billable_amount",
    "utilization": "consumed_amount",
    "hours": "total_hours_worked",
    "hours_via_contract": "total_hours_worked",
    "gaps": "exposed_amount",
    "mismatches": "billable_amount",
    "number_review": "amount",
    "internal_pos": "billable_amount",
    "profile": "exposed_amount",
    "coverage": "records_with_po",
    "materials": "billable_amount",
    "allocation": "billable_amount",
    "conflicts": "amount",
    "breakdown": "revenue_at_risk",
    "projects": "revenue_at_risk",
    "milestones": "amount",
    "invoices": "total_amount",
    "ingest": "loaded",
    "tables": "current_rows",
}


@pytest.mark.parametrize("file", LISTS)
def test_every_table_holds_the_rows_and_sums_of_its_mart(
    site: Path, ask: Ask, pages: dict[str, Page], file: str
) -> None:
    read = Read((site / f"{file}.html").read_text("utf-8"))
    for table in (table for section in pages[file].sections for table in section.tables):
        [(count, total)] = ask(TABLES[table.name])
        if count == 0:
            assert table.name not in read.rows
            assert escaping.escape(table.empty) in read.html
            continue
        assert read.totals[table.name] == count, table.name
        assert len(read.rows[table.name]) == min(count, ROWS_ON_A_PAGE)
        rows = all_rows(site, read, table.name)
        assert rows[:ROWS_ON_A_PAGE] == read.rows[table.name]
        assert len(rows) == count
        if total is not None:
            names = [column["data-column"] for column in read.columns[table.name]]
            place = names.index(SUMS[table.name])
            assert sum(Decimal(row[place]) for row in rows) == total, table.name


def test_a_page_of_records_has_every_row_of_its_marts_that_has_the_key(
    site: Path, ask: Ask, pages: dict[str, Page]
) -> None:
    wanted = {
        ("company", "charges"): f"{CHARGES}",
        ("po", "charges"): f"{CHARGES}",
        ("po", "months"): "marts.po_monthly_activity",
        ("po", "hours"): "marts.hours_per_po",
        ("invoice", "items"): "marts.invoice_preview_items",
        ("project", "charges"): f"{CHARGES}",
        ("milestone", "milestone_charges"): f"{CHARGES} where milestone_id is not null",
    }
    for (file, name), rows_of_mart in wanted.items():
        read = Read((site / f"{file}.html").read_text("utf-8"))
        key = [*pages[file].record.key]  # type: ignore[union-attr]
        names = [str(column["data-column"]) for column in read.columns[name]]
        found = [tuple(row[names.index(part)] for part in key)
                 for row in file_rows(site, read.files[name])]  # fmt: skip
        texts = ", ".join(f"coalesce(cast({part} as varchar), '')" for part in key)
        assert sorted(found) == sorted(ask(f"select {texts} from {rows_of_mart}")), (file, name)


def test_no_file_is_large_and_none_is_listed_twice(site: Path) -> None:
    files = list(site.rglob("*.*"))
    assert len(files) > 30
    assert max(file.stat().st_size for file in files) < 5_000_000


def test_charts_show_the_figures_of_their_marts_in_words(site: Path, ask: Ask) -> None:
    html = (site / "index.html").read_text("utf-8").replace("&amp;", "&")
    exposed = ask(
        "select company_name, sum(total_billable_exposed) as total from marts.po_exposure "
        "where company_name is not null group by all order by total desc limit 3"
    )
    for company, total in exposed:
        assert f"{company} {total:,.2f}" in html
    for name, pct in ask("select object_name, coverage_pct from marts.po_coverage_by_object"):
        assert f"{pct:.2f} %" in html, name
    readiness = (site / "billing_readiness.html").read_text("utf-8")
    for stage in ask(
        "select conflicted_count, milestone_count from marts.milestone_status_breakdown"
    ):
        assert "{} of {} in conflict".format(*stage) in readiness


def test_the_first_things_to_fix_head_their_work_lists_and_lead_to_the_lines(
    site: Path, ask: Ask
) -> None:
    html = (site / "index.html").read_text("utf-8")
    fixes = html.split("<h3>Fix first</h3>")[1].split("</ol>")[0]
    [(title, amount, milestone)] = ask(
        "select title, amount, milestone_id from marts.milestone_conflicts where fix_order = 1"
    )
    [(blocked, key)] = ask(
        "select total_amount, concat_ws('%2F', company_id, coalesce(purchase_order_key, '')) "
        "from marts.invoice_preview where is_blocked order by total_amount desc limit 1"
    )
    [(exposed,)] = ask(
        "select max(total_billable_exposed) from marts.po_exposure where po_required"
    )
    assert title in fixes
    for value in (amount, blocked, exposed):
        assert f"USD {value:,.2f}" in fixes
    links = Read(fixes).links
    assert links[1:] == [f"invoice.html#key={key}", f"milestone.html#key={milestone}"]


def test_the_trust_page_names_its_generation_and_the_refreshes_before(site: Path) -> None:
    html = (site / "trust.html").read_text("utf-8")
    assert f"{site.parent.name} (this page)" in html
    assert "As of <strong>2026-11-20</strong>" in html


def test_the_trust_page_names_deliveries_that_took_much_away(
    generation: Path, tmp_path: Path
) -> None:
    """LND-15."""
    taken: Row = {"source": "autotask", "removed": "1200", "removed_of": "4000"}
    rows: list[Row] = [
        taken | {"batch": "charges/<a>.csv", "amount": "12345.5000", "hours": None},
        taken | {"batch": "time_entries/b.csv", "amount": None, "hours": "7.2500"},
        taken | {"batch": "tasks/c.csv", "amount": None, "hours": None},
    ]
    lists = lists_of(generation) | {"removals": WorkList(rows[0], 3, "12345.5", rows)}
    html = (changed(generation, tmp_path / "x", work_lists=lists) / "trust.html").read_text("utf-8")
    told = html.split("<h3>Much was taken away</h3>")[1].split("</ol>")[0]
    for words in (
        "autotask/charges/&lt;a&gt;.csv took 1,200 of 4,000 records away, and EUR 12,345.50 with",
        "autotask/time_entries/b.csv took 1,200 of 4,000 records away, and 7.25 hours with them;",
        "autotask/tasks/c.csv took 1,200 of 4,000 records away; see whether they are gone in",
    ):
        assert words in told


def test_what_was_posted_shows_once_it_is_delivered(generation: Path, tmp_path: Path) -> None:
    """MRT-24, MRT-25, MRT-26."""
    site = changed(
        generation,
        tmp_path / "posted",
        "update marts.ingest_accounting set table_name = 'billing_items' "
        "where table_name = 'tickets'",
        """
        insert into marts.posted_po_check by name
        select *, date '2026-11-01' as item_date from (values
            ('charge', '1', 'INV-1', 'PO 1', null, 'posted_without_po', 'ticket', 70.5, true),
            ('charge', '2', 'INV-2', null, 'PO 2', 'posted_unresolved', 'none', 5, true),
            ('time_entry', '3', null, 'PO 1', null, 'posted_without_po', 'task', 9, false)
        ) as t(line_kind, line_key, invoice_number, po_number, posted_po_number, finding,
            po_source, amount, is_invoiced)
        """,
        "insert into marts.posted_po_agreement by name select 'charge' as line_kind, "
        "'contract' as po_source, 40 as posted_lines, 37 as agreeing_lines, 92.5 as agreement_pct, "
        "100 as amount, 24.5 as agreeing_amount",
    )
    read = Read((site / "posted.html").read_text("utf-8"))
    cards = {(mart, figure): text for mart, figure, _, text in read.cards}
    without = "filter (finding = 'posted_without_po' and is_invoiced)"
    assert cards["posted_po_check", f"coalesce(sum(amount) {without}, 0)"] == "70.50"
    assert cards["posted_po_check", f"count(*) {without}"] == "1"
    assert cards["posted_po_agreement", "coalesce(sum(posted_lines), 0)"] == "40"
    [row] = read.rows["posted_without"]
    assert row[:2] == ["INV-1", "70.5000"]
    assert len(read.rows["posted_check"]) == 3
    html = (site / "invoice_preview.html").read_text("utf-8")
    assert "are included once they are posted. Not included: bill-to parents." in html
    before = (generation / "reports/invoice_preview.html").read_text("utf-8")
    assert "Not included: expenses, subscriptions, recurring services and bill-to" in before


# --- one client's page ---


def test_a_company_page_carries_nothing_of_other_clients(generation: Path, ask: Ask) -> None:
    html = company_html(generation, EUROS, 174)
    others = ask("select company_name from marts.dim_companies where company_id <> 174")
    assert len(others) > 50
    text = escaping.unescape(html)
    assert "Juniper Architects" in text
    assert [name for (name,) in others if name in text] == []
    strange = ask(
        "select po_number from marts.dim_purchase_orders except "
        "select po_number from marts.dim_purchase_orders where company_id = 174"
    )
    read = Read(html)
    cells = {cell for rows in read.texts.values() for row in rows for cell in row}
    assert len(cells) > 100
    assert [po for (po,) in strange if po in cells] == []
    assert read.links == ["#main"]
    [(exposed,)] = ask("select exposed_amount from marts.company_po_profile where company_id = 174")
    assert f"{exposed:,.2f}" in html
    [(count, used)] = ask(
        "select count(*), sum(consumed_amount) from marts.po_utilization where company_id = 174"
    )
    names = [column["data-column"] for column in read.columns["utilization"]]
    rows = read.rows["utilization"]
    assert len(rows) == count
    assert sum(Decimal(row[names.index("consumed_amount")]) for row in rows) == used
    for texts, raws in zip(read.texts["utilization"], rows, strict=True):
        for text, raw, column in zip(texts, raws, read.columns["utilization"], strict=True):
            if column["data-kind"] in ("money", "hours", "pct", "int") and raw:
                assert abs(number(text) - Decimal(raw)) <= Decimal("0.005")


def test_a_company_page_of_hostile_text_stays_text(hostile: Path) -> None:
    read = Read(company_html(hostile.parent, EUROS, 189))
    assert read.scripts == len(SCRIPTS)
    assert "img" not in read.names


def test_make_report_prints_the_path_or_writes_one_companys_page(data_dir: Path) -> None:
    def report(*arguments: str) -> tuple[int, str, str]:
        return python("-m", "orchestration.cli", "report", *arguments, PSA_DATA_DIR=str(data_dir))

    code, output, _ = report()
    assert code == 0
    assert Path(output.strip()) == data_dir / "marts/current/reports/index.html"
    code, output, _ = report("174")
    assert code == 0
    page = Path(output.strip())
    assert page.stat().st_mode & 0o777 == 0o640
    assert "Juniper Architects" in page.read_text("utf-8")
    for wanted, message in (("12", "no company 12"), ("1 or 1=1", "not the id of a company")):
        code, _, errors = report(wanted)
        assert code == 1
        assert message in errors
        assert "Traceback" not in errors


# --- for everybody ---


@pytest.mark.parametrize("file", LISTS + RECORDS)
def test_headings_are_in_order_and_every_header_cell_has_a_scope(site: Path, file: str) -> None:
    read = Read((site / f"{file}.html").read_text("utf-8"))
    assert read.headings[0] == 1
    assert read.headings.count(1) == 1
    steps = [later - earlier for earlier, later in zip(read.headings, read.headings[1:])]  # noqa: B905
    assert max(steps) <= 1
    assert len(read.ids) == len(set(read.ids))
    assert read.unscoped == 0


def test_colours_have_the_contrast_of_wcag_aa() -> None:
    style = (ROOT / "orchestration/reports/static/style.css").read_text("utf-8")
    themes = [dict(re.findall(r"--([\w-]+): (#\w{6})", part)) for part in style.split(":root")[1:4]]
    assert len(themes) == 3

    def light(color: str) -> float:
        parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for theme in themes:
        for ink in ("ink", "quiet", "main", "alarm"):
            for ground in ("page", "paper", "alarm-page"):
                pair = sorted((light(theme[ink]), light(theme[ground])))
                assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, (ink, ground)
