"""The pages in a browser: filters, links to the lines, the way back, paper, and hostile text."""

# All queries are written here.
# ruff: noqa: S608

import shutil
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from orchestration.reports.site import ROWS_ON_A_PAGE, SCRIPTS, company_html
from orchestration.reports.work_lists import LISTS as WORK_LISTS
from orchestration.reports.work_lists import WorkList
from tests.reports.browser import Browser
from tests.reports.conftest import COUNT, EUROS, LISTS, RECORDS, Ask, changed
from tests.reports.reading import Read


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_opens_in_silence_and_fits_a_phone(
    site: Path, browser: Browser, ask: Ask, scheme: str
) -> None:
    browser.look(390, scheme)
    for file in (*LISTS, *RECORDS):
        key = ask(RECORDS[file])[0][0].replace(" ", "%20") if file in RECORDS else ""
        browser.open(site / file, f"#key={key}" if key else "")
        assert browser.complaints() == []
        assert [url for url in browser.requests() if not url.startswith(("file:", "data:"))] == []
        assert browser.run("return document.documentElement.scrollWidth") <= 390, file
        tables = browser.run("return document.querySelectorAll('table[data-name]').length")
        found = browser.run("return document.querySelectorAll('.dt-container').length")
        assert found == tables
        assert tables > 0 or file == "posted.html"
        # What the row is about stays in sight, and its main figure is next to it.
        assert browser.run(
            "return [...document.querySelectorAll('tbody tr:first-child > :nth-child(2)')]"
            ".every(cell => !cell.matches('.money') || cell.getBoundingClientRect().right <= 390)"
        ), file
        if file in RECORDS:
            assert browser.run("return document.querySelector('h1').textContent") != ""
            assert browser.run(
                "return document.querySelectorAll('[data-facts]:not([hidden])').length"
            )
    browser.look()


# --- filters ---


def test_a_company_in_the_address_filters_all_its_tables(
    site: Path, browser: Browser, ask: Ask
) -> None:
    [(company,)] = ask(
        "select company_id from marts.po_exposure where po_required group by all "
        "order by sum(total_billable_exposed) desc limit 1"
    )
    browser.open(site / "index.html", f"#company={company}")
    for name, rows_of_mart in {
        "exposure": "po_exposure where uninvoiced_lines_no_po > 0",
        "exposed_charges": "fct_charges_po_resolved where is_exposed",
        "utilization": "po_utilization where true",
        "hours": "hours_per_po where true",
        "profile": "company_po_profile where true",
    }.items():
        [(count,)] = ask(f"select count(*) from marts.{rows_of_mart} and company_id = {company}")
        rows = browser.shown(name)
        assert len(rows) == count, name
        assert {row["company_id"] for row in rows} <= {str(company)}
    assert f"({company})" in browser.run("return document.forms.filters.company.value")
    # What does not follow the filter says so.
    marks = "return [...document.querySelectorAll('.of-all')].map(mark => mark.offsetHeight > 0)"
    assert set(browser.run(marks)) == {True}
    assert browser.complaints() == []
    # Filters travel, and lead to everything of the company.
    browser.follow("nav a[data-page='billing_readiness.html']")
    assert browser.driver.current_url.endswith(f"billing_readiness.html#company={company}")
    assert {row["company_id"] for row in browser.shown("milestones")} <= {str(company)}
    browser.follow("#status a")
    assert f"company.html#key={company}&" in browser.driver.current_url
    [(count,)] = ask(
        f"select count(*) from marts.fct_charges_po_resolved where company_id = {company}"
    )
    assert len(browser.shown("charges")) == count > 0
    browser.open(site / "index.html")
    assert set(browser.run(marks)) == {False}


def test_a_po_in_the_address_means_that_po_alone_and_a_part_all_that_hold_it(
    site: Path, browser: Browser, ask: Ask
) -> None:
    po, longer = "PO 1104", "PO 110"
    assert ask(f"select 1 from marts.po_utilization where po_number = '{po}'")
    assert not ask(f"select 1 from marts.po_utilization where po_number = '{longer}'")
    browser.open(site / "index.html", "#po=po+1104")
    assert {row["po_number"] for row in browser.shown("utilization")} == {po}
    [(count,)] = ask(f"select count(*) from marts.po_utilization where po_number like '%{longer}%'")
    browser.open(site / "index.html", "#po=PO%20110")
    assert len(browser.shown("utilization")) == count > 0


def test_the_form_filters_by_stage_and_writes_the_address(
    site: Path, browser: Browser, ask: Ask
) -> None:
    browser.open(site / "billing_readiness.html")
    browser.act(
        "const field = document.forms.filters.stage; field.value = 'completed';"
        "field.dispatchEvent(new Event('change', {bubbles: true}))"
    )
    [(count,)] = ask("select count(*) from marts.fct_milestones where billing_stage = 'completed'")
    assert len(browser.shown("milestones")) == count > 0
    assert {row["billing_stage"] for row in browser.shown("conflicts")} == {"completed"}
    assert browser.driver.current_url.endswith("#stage=completed")
    for typed, address in (
        ("Glenrock Veterinary Clinics (189)", "189"),
        ("gLenrock V", "gLenrock+V"),
    ):
        browser.act("document.forms.filters.reset()")
        browser.act(
            f"const field = document.forms.filters.company; field.value = '{typed}';"
            "field.dispatchEvent(new Event('change', {bubbles: true}))"
        )
        names = {row["company_name"] for row in browser.shown("conflicts")}
        assert names == {"Glenrock Veterinary Clinics"}
        assert browser.driver.current_url.endswith(f"#company={address}")
    browser.act("document.forms.filters.reset()")
    assert (
        len(browser.shown("milestones")) == ask("select count(*) from marts.fct_milestones")[0][0]
    )


def test_a_header_sorts_all_rows_by_keyboard_and_a_search_finds_all(
    site: Path, browser: Browser, ask: Ask
) -> None:
    browser.open(site / "index.html")
    [(count,)] = ask("select count(*) from marts.po_utilization")
    assert browser.run(COUNT.format("utilization")) == (
        f"first {ROWS_ON_A_PAGE} of {count} rows; "
        "a filter, a search, a sort or a download takes all"
    )
    head = browser.driver.find_element(
        By.CSS_SELECTOR, "[data-name=utilization] th[data-column=remaining_amount] [role=button]"
    )
    head.send_keys(Keys.ENTER)
    every = "return new DataTable.Api('table[data-name={}]').rows().count() === {}"
    browser.wait(every.format("utilization", count))
    left = [
        Decimal(row["remaining_amount"])
        for row in browser.shown("utilization")
        if row["remaining_amount"]
    ]
    assert left == sorted(left)
    assert left[0] == ask("select min(remaining_amount) from marts.po_utilization")[0][0]
    sort = browser.run("return document.querySelector('[data-name=utilization] [aria-sort]')")
    assert sort.get_attribute("aria-sort") == "ascending"
    [(po, company)] = ask(
        "select po_number, company_name from marts.hours_per_po where po_number is not null "
        "order by total_hours_worked, company_id, purchase_order_key, contract_id limit 1"
    )
    field = browser.driver.find_element(By.CSS_SELECTOR, "#hours .dt-search input")
    field.send_keys(f'"{po}" "{company}"')
    [(count,)] = ask("select count(*) from marts.hours_per_po")
    browser.wait(every.format("hours", count))
    assert {row["po_number"] for row in browser.shown("hours")} == {po}


# --- formats ---

# What each number looks like, by kind; `null` is a cell without a value.
NUMBERS = {
    "null": {"money": "–", "hours": "–", "pct": "–"},  # noqa: RUF001
    "0": {"money": "0.00", "hours": "0.00", "pct": "0.00 %"},
    "0.005": {"money": "0.01", "hours": "0.01", "pct": "0.01 %"},
    "0.0049": {"money": "0.00", "hours": "0.00", "pct": "0.00 %"},
    "-0.001": {"money": "-0.00", "hours": "-0.00", "pct": "-0.00 %"},
    "-0.005": {"money": "-0.01", "hours": "-0.01", "pct": "-0.01 %"},
    "-1234.565": {"money": "-1,234.57", "hours": "-1,234.57", "pct": "-1,234.57 %"},
    "999.995": {"money": "1,000.00", "hours": "1,000.00", "pct": "1,000.00 %"},
    "12345678901234.5678": {
        "money": "12,345,678,901,234.57",
        "hours": "12,345,678,901,234.57",
        "pct": "12,345,678,901,234.57 %",
    },
}
WHOLE = {
    "null": {"int": "–"},  # noqa: RUF001
    "0": {"int": "0"},
    "-1234": {"int": "-1,234"},
    "9007199254740993": {"int": "9,007,199,254,740,993"},
}


def test_python_and_the_script_write_the_same_cells(
    generation: Path, browser: Browser, tmp_path: Path
) -> None:
    def picked(values: Iterable[str], sql_type: str) -> str:
        return f"([{', '.join(values)}]::{sql_type}[])[1 + rowid % {len(list(values))}]"

    decimals, integers = picked(NUMBERS, "decimal(38, 4)"), picked(WHOLE, "bigint")
    changed(
        generation,
        tmp_path / "numbers",
        "create or replace table marts.po_utilization as select * replace ("
        f"{decimals} as authorized_amount, {decimals} as authorized_hours, "
        f"{decimals} as consumed_pct, 174 as company_id) from marts.po_utilization limit 90",
        "create or replace table marts.invoice_preview as select * replace ("
        f"{integers} as contract_count, 174 as company_id) from marts.invoice_preview limit 90",
    )
    page = tmp_path / "client.html"
    page.write_text(company_html(tmp_path / "numbers", EUROS, 174), encoding="utf-8")
    read = Read(page.read_text("utf-8"))
    browser.open(page)
    assert browser.complaints() == []
    assert set(browser.requests()) <= {page.as_uri(), "data:,"}
    for table in read.columns:
        in_script = browser.run(
            f"const table = new DataTable.Api('table[data-name={table}]');"
            "table.page.len(-1).draw();"
            "return table.rows().nodes().toArray().map(row => [...row.cells].map(cell => "
            "cell.textContent))"
        )
        seen = ["hidden" not in str(column["class"]) for column in read.columns[table]]
        assert in_script == [
            [text for text, is_seen in zip(row, seen, strict=True) if is_seen]
            for row in read.texts[table]
        ]
    for table, columns, expected in (
        ("utilization", ["authorized_amount", "authorized_hours", "consumed_pct"], NUMBERS),
        ("invoices", ["contract_count"], WHOLE),
    ):
        heads = [column["data-column"] for column in read.columns[table]]
        for column in columns:
            place = heads.index(column)
            kind = str(read.columns[table][place]["data-kind"])
            found = {
                raw[place] and f"{Decimal(raw[place]).normalize():f}": text[place]
                for raw, text in zip(read.rows[table], read.texts[table], strict=True)
            }
            assert found == {
                "" if number == "null" else number: texts[kind]
                for number, texts in expected.items()
            }


# --- paper, and what is missing ---


def test_paper_has_every_row_that_fits_the_filters_and_no_controls(
    site: Path, browser: Browser, ask: Ask
) -> None:
    [(count,)] = ask("select count(*) from marts.invoice_preview")
    browser.open(site / "invoice_preview.html")
    browser.run("window.dispatchEvent(new Event('beforeprint'))")
    browser.command("Emulation.setEmulatedMedia", media="print")
    rows = "return document.querySelectorAll('#invoices tbody tr').length"
    assert browser.run(rows) == count > 300
    assert browser.run(
        "return [...document.querySelectorAll('nav, form, button, .dt-search')]"
        ".every(e => !e.offsetHeight)"
    )
    browser.run("window.dispatchEvent(new Event('afterprint'))")
    assert browser.run(rows) == 10
    browser.look()
    browser.open(site / "index.html", "#company=174")
    browser.run("window.dispatchEvent(new Event('beforeprint'))")
    browser.command("Emulation.setEmulatedMedia", media="print")
    [(count,)] = ask("select count(*) from marts.po_utilization where company_id = 174")
    assert browser.run(rows.replace("invoices", "utilization")) == count > 10
    hidden = "return [...document.querySelectorAll('.cards, figure')].every(e => !e.offsetHeight)"
    assert browser.run(hidden)  # they count all companies
    assert browser.run("return document.forms.filters.company.offsetHeight > 0")
    browser.look()


def test_one_table_can_be_printed_whole(site: Path, browser: Browser, ask: Ask) -> None:
    browser.open(site / "index.html")
    browser.command("Emulation.setEmulatedMedia", media="print")
    browser.run(
        """
        window.print = () => {
            window.dispatchEvent(new Event("beforeprint"));
            const blocks = [...document.querySelectorAll(".block, .cards, figure")];
            window.printed = [
                document.querySelectorAll("#utilization tbody tr").length,
                blocks.filter((block) => block.offsetHeight).map((block) => block.id),
            ];
            window.dispatchEvent(new Event("afterprint"));
        };
        document.querySelector("#utilization .downloads button:last-child").click();
        """
    )
    [(count,)] = ask("select count(*) from marts.po_utilization")
    assert browser.wait("return window.printed") == [count, ["utilization"]]
    assert count > ROWS_ON_A_PAGE
    assert browser.run("return document.querySelectorAll('.alone').length") == 0
    browser.look()


def test_a_page_whose_rows_are_gone_says_so_and_hands_out_no_part_of_them(
    site: Path, browser: Browser, tmp_path: Path
) -> None:
    """The page travelled alone, or was open while the next generation took its place."""
    for file in ("index.html", "po.html"):
        shutil.copy(site / file, tmp_path)
    later = f"{tmp_path.name}-later"
    shutil.copytree(site / "rows" / site.parent.name, tmp_path / "rows" / later)
    browser.open(tmp_path / "index.html", "#company=174")
    label = browser.run(COUNT.format("utilization"))
    missing = f"rows/{site.parent.name}/utilization-company_id-0.js is missing beside this page;"
    assert label.startswith(f"{missing} open the page anew. ")
    browser.run("document.querySelector('#utilization [data-download=csv]').click()")
    assert not browser.run("return document.querySelector('[aria-busy]')")
    assert not list(browser.downloads.glob("utilization*.csv"))
    browser.open(tmp_path / "po.html", "#key=174-BK4968")
    said = browser.run("return document.getElementById('status').textContent")
    assert said.endswith("-0.js is missing beside this page; open the page anew.")


def test_empty_pages_say_what_is_missing(
    generation: Path, browser: Browser, tmp_path: Path
) -> None:
    with duckdb.connect(generation / "psa_marts.duckdb", read_only=True) as marts:
        tables = marts.execute("select table_name from duckdb_tables()").fetchall()
    deletions = [f"delete from marts.{table}" for (table,) in tables]
    nothing = dict.fromkeys(WORK_LISTS, WorkList(first=None, count=0, amount="0", first_rows=[]))
    site = changed(generation, tmp_path / "empty", *deletions, work_lists=nothing)
    assert "Fix first" not in (site / "index.html").read_text("utf-8")
    for file in (*LISTS, *RECORDS):
        browser.open(site / file, "#key=1" if file in RECORDS else "")
        assert browser.complaints() == []
        assert browser.run("return document.querySelectorAll('.empty').length") > 0, file
    assert "No purchase orders registered: add reference/purchase_orders.csv" in (
        site / "index.html"
    ).read_text("utf-8")


def test_hostile_text_stays_text(hostile: Path, browser: Browser) -> None:
    for file in (*LISTS, *RECORDS):
        read = Read((hostile / file).read_text("utf-8"))
        assert read.scripts == len(SCRIPTS)
        assert "img" not in read.names
        hostile_address = "%3Cimg%20src=x%20onerror=pwned%3E&company=%22%3E%3Cscript%3E&stage='"
        asked = ("key=189", f"key={hostile_address}", "key=javascript:alert(1)")
        for address in asked if file in RECORDS else ("", f"po={hostile_address}"):
            browser.open(hostile / file, f"#{address}")
            assert browser.complaints() == [], (file, address)
            assert browser.run("return window.pwned === undefined")
            made = "img, main script:not([data-rows])"
            assert browser.run(f"return document.querySelectorAll('{made}').length") == 0
            schemes = browser.run("return [...new Set([...document.links].map(a => a.protocol))]")
            assert schemes == ["file:"]
