"""From figures to the lines and back, in a browser; with hostile keys, with much, with too much."""

# All queries are written here.
# ruff: noqa: S608

import json
import re
import zipfile
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest

from orchestration.reports import row_files
from orchestration.reports import site as site_module
from orchestration.reports.site import company_html
from tests.reports.browser import Browser
from tests.reports.conftest import COUNT, EUROS, FORMULAS, HOSTILE, RECORDS, Ask, changed
from tests.reports.reading import Read, file_rows


def key_in(address: str) -> str:
    """The key of the record in an address."""
    return parse_qs(urlsplit(address).fragment, keep_blank_values=True)["key"][0]


def test_fix_first_leads_to_the_lines_of_the_invoice_in_one_click(
    site: Path, browser: Browser, ask: Ask
) -> None:
    browser.open(site / "index.html")
    assert browser.follow(".fix-first li:nth-child(2) a") < 5
    [(company, key, total, count)] = ask(
        "select company_id, purchase_order_key, total_amount, charge_lines + labor_entries "
        "+ milestone_count + posted_item_count from marts.invoice_preview where is_blocked "
        "order by total_amount desc limit 1"
    )
    assert key_in(browser.driver.current_url) == f"{company}/{key or ''}"
    rows = browser.shown("items")
    assert len(rows) == count
    assert sum(Decimal(row["amount"]) for row in rows) == total
    assert browser.complaints() == []
    browser.back()
    browser.act("document.querySelector('.fix-first li:nth-child(1) a').click()")
    assert {row["company_id"] for row in browser.shown("exposed_charges")} == {str(company)}
    assert browser.run("return window.scrollY") > 500


def test_a_po_opens_its_charges_hours_milestones_and_burn_down(
    site: Path, browser: Browser, ask: Ask
) -> None:
    browser.open(site / "index.html")
    browser.follow("#utilization tbody a[href^='po.html']")
    key = key_in(browser.driver.current_url)
    for table, mart, column in (
        ("charges", "fct_charges_po_resolved", "billable_amount"),
        ("hours", "hours_per_po", "total_hours_worked"),
        ("months", "po_monthly_activity", "charges_amount"),
        ("milestones", "fct_milestones", "amount"),
        ("invoices", "invoice_preview", "total_amount"),
    ):
        [(count, total)] = ask(
            f"select count(*), coalesce(sum({column}), 0) from marts.{mart} "
            f"where purchase_order_key = '{key}'"
        )
        rows = browser.shown(table)
        assert len(rows) == count, table
        assert sum(Decimal(row[column]) for row in rows) == total, table
    [(used,)] = ask(
        f"select consumed_amount from marts.po_utilization where purchase_order_key = '{key}'"
    )
    shown = browser.run(
        "return document.querySelector('dd[data-figure=consumed_amount]').innerText"
    )
    assert shown == f"{used:,.2f}"
    assert f"{used:,.2f}" in browser.run(
        "return document.querySelector('[data-chart] svg').ariaLabel"
    )
    points = browser.run("return document.querySelectorAll('[data-chart] circle').length")
    assert points == len(browser.shown("months"))
    assert browser.complaints() == []


def test_every_record_shows_what_hangs_on_it(site: Path, browser: Browser, ask: Ask) -> None:
    wanted = {
        "project.html": ("milestones", "fct_milestones", "project_id"),
        "milestone.html": ("conflicts", "milestone_conflicts", "milestone_id"),
        "company.html": ("invoices", "invoice_preview", "company_id"),
    }
    for file, (table, mart, column) in wanted.items():
        [(key,)] = ask(RECORDS[file])
        browser.open(site / file, f"#key={key}")
        [(count,)] = ask(f"select count(*) from marts.{mart} where {column} = {key}")
        assert len(browser.shown(table)) == count > 0
        links = browser.run("return [...document.querySelectorAll('tbody a')].map(a => a.href)")
        assert links
        assert {urlsplit(link).scheme for link in links} == {"file"}
    # Where a mart has a number without its key, the key is that of its company.
    browser.open(site / "index.html")
    browser.follow("#hours_via_contract tbody a[href^='po.html']")
    assert browser.run("return document.getElementById('status').textContent") == ""
    browser.open(site / "po.html")
    said = browser.run("return document.getElementById('status').textContent")
    assert said == "Open this page from the number of a PO."
    browser.open(site / "po.html", "#key=174-no%20such")
    assert browser.run("return document.getElementById('status').textContent") == (
        "There is no such record here."
    )


def test_back_keeps_filter_page_sort_and_place(site: Path, browser: Browser) -> None:
    browser.open(site / "index.html", "#company=174")
    browser.run(
        "document.querySelector('[data-name=utilization] th[data-column=valid_to]').click();"
        "new DataTable.Api('table[data-name=utilization]').page(1).draw('page')"
    )
    browser.run("document.getElementById('utilization').scrollIntoView()")
    place = browser.run("return window.scrollY")
    before = browser.texts("utilization")
    assert place > 500
    browser.follow("#utilization tbody a[href^='po.html']")
    assert "company=174" in browser.driver.current_url
    browser.follow("dd a[href^='company.html']")
    browser.back()
    browser.back()
    assert browser.texts("utilization") == before
    assert abs(browser.run("return window.scrollY") - place) <= 2
    assert "(174)" in browser.run("return document.forms.filters.company.value")
    # The filters of this page go back with it, those of the other pages are on their way.
    browser.follow("nav a[data-page='invoice_preview.html']")
    assert {row["company_id"] for row in browser.shown("invoices")} == {"174"}


def test_hostile_keys_lead_to_their_own_lines(hostile: Path, browser: Browser) -> None:
    keys = {row[-2] for row in file_rows(hostile, "charges-purchase_order_key")}
    with duckdb.connect(hostile.parent / "psa_marts.duckdb", read_only=True) as marts:
        found = marts.execute(
            "select purchase_order_key, count(*) from marts.fct_charges_po_resolved "
            "where purchase_order_key is not null group by all order by 1"
        ).fetchall()
    attacks = [
        attack for attack in HOSTILE + FORMULAS if any(key.endswith(attack) for key, _ in found)
    ]
    assert len(attacks) > 8
    assert keys
    for attack in attacks:
        key, count = next(one for one in found if one[0].endswith(attack))
        browser.open(hostile / "po.html")
        browser.act(f"location.hash = new URLSearchParams({{key: {json.dumps(key)}}})")
        rows = browser.shown("charges")
        assert {row["purchase_order_key"] for row in rows} == {key}
        assert len(rows) == count
        assert browser.complaints() == []


def test_a_table_that_is_cut_says_so_wherever_it_counts_filters_or_downloads(
    generation: Path,
    ask: Ask,
    browser: Browser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    most, carried = 250, 200
    monkeypatch.setattr(row_files, "ROWS_KEPT", most)
    monkeypatch.setattr(row_files, "ROWS_IN_A_FILE", 20)
    monkeypatch.setattr(row_files, "LETTERS_IN_A_FILE", 1_500)
    monkeypatch.setattr(site_module, "ROWS_ON_A_PAGE", carried)
    monkeypatch.setattr(site_module, "ROWS_FOR_A_COMPANY", 3)
    site = changed(generation, tmp_path / "cut")
    order = "is_blocked desc, total_amount desc, company_id, purchase_order_key"
    companies = ask(f"select company_id from marts.invoice_preview order by {order}")
    total = len(companies)
    assert total > most
    told = f"Only the first {most} of {total} rows are here"
    read = Read((site / "invoice_preview.html").read_text("utf-8"))
    assert told in read.html
    assert "the mart invoice_preview, <code>parquet/invoice_preview.parquet</code>." in read.html
    place = [column["data-column"] for column in read.columns["invoices"]].index("company_id")
    assert [row[place] for row in file_rows(site, "invoices-company_id")] == [
        "" if company is None else str(company) for (company,) in companies[:most]
    ]
    assert [card[1:3] for card in read.cards] == [
        card[1:3]
        for card in Read((generation / "reports/invoice_preview.html").read_text("utf-8")).cards
    ]
    # The rows of one key are found, in however many files they are.
    names = [column["data-column"] for column in read.columns["invoices"]]
    kept = file_rows(site, "invoices-company_id")
    assert len(list(site.glob("rows/*/invoices-company_id-*.js"))) > most / 20
    for company in {row[names.index("company_id")] for row in kept[::25]}:
        browser.open(site / "invoice_preview.html", f"#company={company}")
        assert len(browser.shown("invoices")) == sum(
            row[names.index("company_id")] == company for row in kept
        )
    browser.open(site / "invoice_preview.html")
    assert browser.run(COUNT.format("invoices")) == (
        f"first {carried} of {total} rows; "
        f"a filter, a search, a sort or a download takes the first {most} of {total} rows"
    )
    assert len(browser.download("invoices")) == 1 + most
    browser.open(site / "invoice_preview.html", "#company=424242")
    assert browser.run(COUNT.format("invoices")) == f"0 of the first {most} of {total} rows"
    assert browser.run("return document.querySelector('#invoices tbody').textContent") == (
        f"None of the first {most} rows fits the filters. There may be some among the other "
        f"{total - most}, in the mart invoice_preview."
    )
    alone = company_html(site.parent, EUROS, 174)
    assert re.search(r"Only the first 3 of \d+ rows are here, in the order [\w ]+\.</p>", alone)
    assert "parquet/" not in alone


@pytest.mark.alone
def test_a_large_generation_opens_at_once_and_finds_every_row(
    generation: Path, browser: Browser, tmp_path: Path
) -> None:
    companies, codes = 5000, 8
    many = f"from range({companies}) t(i), range({codes}) u(c)"
    site = changed(
        generation,
        tmp_path / "large",
        "delete from marts.dim_companies",
        f"insert into marts.dim_companies by name select i as company_id, 'Company number ' || i "
        f"as company_name, true as is_active, false as po_required from range({companies}) t(i)",
        "delete from marts.po_exposure",
        f"""
        insert into marts.po_exposure by name
        select i as company_id, 'Company number ' || i as company_name, 'Code ' || c as
            material_code_name, false as po_required, 1 as uninvoiced_lines_no_po,
            i + c as total_billable_exposed, 1 as uninvoiced_lines_no_direct_po,
            0 as total_billable_no_direct_po, i + c as exposed_0_30, 0 as exposed_31_60,
            0 as exposed_61_90, 0 as exposed_over_90, date '2026-01-01' as oldest_date_purchased
        {many}
        """,
        "delete from marts.invoice_preview_items",
        f"""
        insert into marts.invoice_preview_items by name
        select 'charge' as item_type, 'contract-' || (i * {codes} + c) as item_key, 174 as
            company_id, '174-' || i as purchase_order_key, i as po_number, i + c as amount,
            false as is_blocked
        {many}
        """,
    )
    files = list(site.rglob("*.*"))
    assert max(file.stat().st_size for file in files) < 5_000_000
    # Measured on a machine that does nothing else: 0.6 s for a page, 0.3 s for a drill-down.
    assert browser.open(site / "index.html") < 5
    assert browser.open(site / "index.html", "#company=17") < 3
    assert len(browser.shown("exposure")) == codes
    assert len(browser.download("exposure")) == 1 + codes
    assert browser.open(site / "invoice.html", "#key=174%2F174-4321") < 3
    assert len(browser.shown("items")) == codes
    browser.open(site / "index.html")
    rows = browser.download("exposure")
    assert len(rows) == 1 + companies * codes
    label = browser.run(COUNT.format("exposure"))
    assert label == "40,000 rows"
    # So large a workbook is packed by a worker, which the policy of the page must allow.
    assert zipfile.ZipFile(browser.file("exposure", "xlsx")).testzip() is None
    assert browser.complaints() == []
