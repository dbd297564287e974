"""The published sample, pages of changed marts, and one browser."""

# All queries are written here.
# ruff: noqa: S608

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.reports.site import write_site
from orchestration.reports.work_lists import Row, WorkList, published_work_lists
from orchestration.settings import read_settings
from orchestration.warehouse import open_database
from tests.conftest import Refresh
from tests.reports.browser import Browser

EUROS = read_settings({"PSA_CURRENCY": "EUR"})
HOSTILE = [
    "<script>window.pwned = 1</script>\"'&",
    '"><img src=x onerror="window.pwned = 1">',
    "</script></title><script>window.pwned = 1</script>",
    "`${window.pwned = 1}`\u2028\\",
    "javascript:window.pwned=1//#key=&company=174%00",
    "\u202e\u2066PO 1\u0000".replace("\u0000", "/../"),
]
FORMULAS = ['=HYPERLINK("http://evil.example","x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", " =1"]
# The pages, and those of one record with the query for a key.
LISTS = [
    "index.html",
    "billing_readiness.html",
    "invoice_preview.html",
    "posted.html",
    "trust.html",
]
RECORDS = {
    "company.html": "select '174'",
    "po.html": "select purchase_order_key from marts.po_utilization "
    "where company_id = 174 and authorized_amount > 0 order by consumed_amount desc limit 1",
    "invoice.html": "select concat_ws('/', company_id, coalesce(purchase_order_key, '')) "
    "from marts.invoice_preview where is_blocked order by total_amount desc limit 1",
    "project.html": "select cast(project_id as varchar) from marts.fct_milestones "
    "where project_name is not null limit 1",
    "milestone.html": "select cast(milestone_id as varchar) from marts.milestone_conflicts limit 1",
}
# What a table says of its rows.
COUNT = "return document.querySelector('#{} [data-count]').textContent"
Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def generation(sample: Refresh) -> Path:
    """The published sample."""
    return (sample.data_dir / "marts/current").resolve()


@pytest.fixture(scope="session")
def site(generation: Path) -> Path:
    """The pages that the refresh of the sample wrote."""
    return generation / "reports"


@pytest.fixture
def ask(generation: Path) -> Iterator[Ask]:
    """Ask the sample's marts."""
    with open_database(generation / "psa_marts.duckdb", EUROS) as marts:
        yield lambda query: marts.execute(query).fetchall()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all tests."""
    started = Browser(tmp_path_factory.mktemp("downloads"))
    yield started
    started.driver.quit()


def lists_of(generation: Path) -> dict[str, WorkList]:
    """The work lists of a generation."""
    lists = published_work_lists(generation)
    assert lists
    return lists


def changed(
    generation: Path,
    folder: Path,
    *statements: str,
    work_lists: dict[str, WorkList] | None = None,
) -> Path:
    """Pages of the sample's marts after some changes, and of its work lists or of others."""
    folder.mkdir()
    for name in ("psa_marts.duckdb", "manifest.json"):
        shutil.copyfile(generation / name, folder / name)
    with duckdb.connect(folder / "psa_marts.duckdb") as marts:
        for statement in statements:
            marts.execute(statement)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    lists = work_lists or lists_of(generation)
    write_site(folder / "psa_marts.duckdb", folder / "reports", manifest, EUROS, lists)
    return folder / "reports"


def quoted(text: str) -> str:
    """A text of SQL."""
    return "'" + text.replace("'", "''") + "'"


@pytest.fixture(scope="session")
def hostile(generation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages of marts whose every text is an attack, beyond the rows that a page carries too."""
    attacks = ", ".join(quoted(text) for text in HOSTILE + FORMULAS)
    with duckdb.connect(generation / "psa_marts.duckdb", read_only=True) as marts:
        columns = marts.execute(
            """
            select table_name, column_name from duckdb_columns()
            where schema_name = 'marts' and data_type = 'VARCHAR' and column_name in (
                'company_name', 'name', 'title', 'contract_name', 'contract_names', 'batch',
                'project_name', 'status_name', 'material_code_name', 'po_number', 'charge_po',
                'contract_po', 'ticket_number', 'detail', 'description', 'internal_po_number')
            order by all
            """
        ).fetchall()
        keyed = marts.execute(
            "select distinct table_name from duckdb_columns() where schema_name = 'marts' "
            "and column_name = 'purchase_order_key'"
        ).fetchall()
    count = len(HOSTILE + FORMULAS)
    statements = [
        f"update marts.{table} set {column} = ([{attacks}])[1 + rowid % {count}]"
        for table, column in columns
    ] + [
        # A key holds the number, whatever that is, and the row still belongs to one PO.
        f"update marts.{table} set purchase_order_key = purchase_order_key || "
        f"([{attacks}])[1 + length(purchase_order_key) % {count}] "
        "where purchase_order_key is not null"
        for (table,) in keyed
    ]
    lists = lists_of(generation)
    attacked = dict(lists)
    told = {name: found for name, found in lists.items() if found.first}
    for (name, found), attack in zip(told.items(), HOSTILE, strict=False):
        first: Row = dict.fromkeys(found.first or (), attack)
        attacked[name] = replace(found, first=first | {"amount": "1", "total_amount": "1"})
    folder = tmp_path_factory.mktemp("hostile") / "g"
    return changed(generation, folder, *statements, work_lists=attacked)
