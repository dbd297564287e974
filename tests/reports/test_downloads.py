"""Downloads, read back by what people open them with: each text a text, each amount a number."""

# All queries are written here.
# ruff: noqa: S608

import csv
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from tests.reports.browser import Browser
from tests.reports.conftest import FORMULAS, HOSTILE, Ask, changed, quoted

# PO numbers that a spreadsheet would change, run or refuse.
NUMBERS = ["00123", "4500012345678901", "12345678901234567890", "1E5", "1.10", "2026-01-01"]
NUMBERS += ["TRUE", "5 %", "€ 7", "a\vb\x1f", *FORMULAS, *HOSTILE]
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
SHEET = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"


@pytest.fixture(scope="module")
def downloads(
    generation: Path, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A table of such numbers, in both formats."""
    numbers = ", ".join(quoted(number) for number in NUMBERS)
    site = changed(
        generation,
        tmp_path_factory.mktemp("downloads") / "g",
        "create or replace table marts.po_utilization as select * replace ("
        f"([{numbers}])[1 + (row_number() over (order by purchase_order_key)) % {len(NUMBERS)}] "
        "as po_number, case when rowid % 7 = 0 then -1234.5600 else remaining_amount end as "
        "remaining_amount) from marts.po_utilization",
    )
    browser.open(site / "index.html")
    return {kind: browser.file("utilization", kind) for kind in ("csv", "xlsx")}


def expected(downloads: dict[str, Path]) -> list[dict[str, str]]:
    """The rows as the mart has them, by way of the plainest reader."""
    with downloads["csv"].open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 500
    assert {row["po_number"].removeprefix("'") for row in rows} == set(NUMBERS)
    return rows


def in_xml(text: str) -> str:
    """A text of a CSV as a workbook holds it, which needs no guard and has no control signs."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text.removeprefix("'"))


def test_pandas_reads_each_text_as_text_and_each_amount_as_a_number(
    downloads: dict[str, Path],
) -> None:
    rows = expected(downloads)
    sheet = pd.read_excel(
        downloads["xlsx"], keep_default_na=False, na_values={"remaining_amount": ""}
    )
    table = pd.read_csv(downloads["csv"], quoting=csv.QUOTE_NONNUMERIC, dtype={"po_number": str})
    for frame, guard in ((sheet, ""), (table, "'")):
        assert len(frame) == len(rows)
        for number, row in zip(frame["po_number"], rows, strict=True):
            assert number == (row["po_number"] if guard else in_xml(row["po_number"]))
        for name in ("consumed_amount", "consumed_hours"):
            wanted = [float(row[name]) for row in rows]
            assert list(frame[name]) == wanted
    dates = [cell for cell in sheet["valid_to"] if cell != ""]
    assert [f"{date:%Y-%m-%d}" for date in dates] == [r["valid_to"] for r in rows if r["valid_to"]]


def test_no_cell_of_the_workbook_is_a_formula(downloads: dict[str, Path]) -> None:
    sheet = openpyxl.load_workbook(downloads["xlsx"]).worksheets[0]
    [heads, *rows] = sheet.iter_rows()
    kinds = {
        str(head.value): {row[place].data_type for row in rows if row[place].value is not None}
        for place, head in enumerate(heads)
    }
    assert kinds["po_number"] == kinds["company_name"] == kinds["utilization_status"] == {"s"}
    assert kinds["consumed_amount"] == kinds["company_id"] == kinds["consumed_pct"] == {"n"}
    assert kinds["valid_to"] == {"d"}
    assert "f" not in set().union(*kinds.values())


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_libreoffice_reads_the_same(downloads: dict[str, Path], tmp_path: Path, kind: str) -> None:
    # The options of CSV: comma, quote, UTF-8, from line 1, no formats, English, quoted means text.
    options = ["--infilter=CSV:44,34,76,1,,1033,true"] if kind == "csv" else []
    office = [shutil.which("soffice") or "soffice: make browser", "--headless"]
    office.append(f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}")
    convert = [*options, "--convert-to", "fods", "--outdir", str(tmp_path), str(downloads[kind])]
    subprocess.run([*office, *convert], check=True, capture_output=True, timeout=120)
    text = (tmp_path / "utilization.fods").read_text("utf-8")
    assert "table:formula" not in text
    cells: list[list[tuple[str | None, str | None, str]]] = []
    for line in ElementTree.fromstring(text).iter(f"{SHEET}table-row"):  # noqa: S314 - our own file
        cells.append([])
        for cell in line.iter(f"{SHEET}table-cell"):
            shown = "".join("".join(part.itertext()) for part in cell)
            read = (cell.get(f"{OFFICE}value-type"), cell.get(f"{OFFICE}value"), shown)
            cells[-1] += [read] * min(int(cell.get(f"{SHEET}number-columns-repeated") or 1), 40)
    rows = expected(downloads)
    heads = [text for _, _, text in cells[0]]
    for name in ("po_number", "company_name", "utilization_status"):
        place = heads.index(name)
        found = [row[place] for row in cells[1 : len(rows) + 1]]
        assert {read for read, _, _ in found} <= {"string", None}, name
        wanted = [row[name] if kind == "csv" else in_xml(row[name]) for row in rows]
        # The file format of LibreOffice collapses white space, so that is left out here.
        assert ["".join(text.split()) for _, _, text in found] == [
            "".join(text.split()) for text in wanted
        ]
    place = heads.index("consumed_amount")
    amounts = [row[place] for row in cells[1 : len(rows) + 1]]
    assert {kind for kind, _, _ in amounts} == {"float"}
    assert [float(str(value)) for _, value, _ in amounts] == [
        float(row["consumed_amount"]) for row in rows
    ]


def test_the_download_holds_the_filtered_rows_as_the_mart_has_them(
    site: Path, browser: Browser, ask: Ask
) -> None:
    browser.open(site / "invoice_preview.html", "#company=174")
    header, *rows = browser.download("invoices")
    found = ask(
        f"select {', '.join(header)} from marts.invoice_preview where company_id = 174 "
        "order by is_blocked desc, total_amount desc, purchase_order_key"
    )
    assert len(rows) > 1
    assert rows == [
        ["" if value is None else str(value).replace("True", "true").replace("False", "false")
         for value in row]
        for row in found
    ]  # fmt: skip
    sheet = openpyxl.load_workbook(browser.file("invoices", "xlsx")).worksheets[0]
    assert sheet.max_row == 1 + len(rows)
    browser.open(site / "index.html")
    every = browser.download("utilization")[1:]
    assert len(every) == ask("select count(*) from marts.po_utilization")[0][0] > 500


def test_formulas_of_a_csv_start_with_an_apostrophe(hostile: Path, browser: Browser) -> None:
    browser.open(hostile / "invoice_preview.html")
    header, *rows = browser.download("invoices")
    assert browser.complaints() == []
    assert browser.run("return window.pwned === undefined && !document.querySelector('td img')")
    names = {row[header.index("company_name")] for row in rows}
    assert names == {*HOSTILE, *(f"'{text}" for text in FORMULAS)}
    amounts = [Decimal(row[header.index("total_amount")]) for row in rows]
    assert any(amount < 0 for amount in amounts)  # a credit stays a number
