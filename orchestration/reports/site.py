"""The site: rows of the marts as pages that people read, and one client's page to send.

`pages` declares what is on a page, `tables` asks the marts and `cells` formats what they answer;
here it becomes HTML in a folder. Nothing here computes a figure.
"""

import base64
import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orchestration.reports.cells import cell, formats
from orchestration.reports.charts import CHARTS, Drawing
from orchestration.reports.fix_first import Fixes, fixes_of
from orchestration.reports.pages import COMPANY_PAGE, PAGES
from orchestration.reports.pages.declaration import Page
from orchestration.reports.pages.words import STAGES
from orchestration.reports.tables import (
    companies,
    figure,
    has_billing_items,
    has_register,
    shown,
)
from orchestration.reports.work_lists import WorkList
from orchestration.settings import Settings
from orchestration.warehouse import MARTS, open_database

STATIC = Path(__file__).with_name("static")
REFRESHES = 10


class ReportError(RuntimeError):
    """There is nothing to report on; the message says what to do."""


NO_FIXES = Fixes("", [], "")


def write_site(
    database: Path,
    site: Path,
    manifest: dict[str, Any],
    settings: Settings,
    work_lists: Mapping[str, WorkList],
    earlier: Sequence[dict[str, Any]] = (),
) -> None:
    """Write all pages into a folder of their own.

    Args:
        database: the marts that they show.
        site: the folder; what it holds is replaced.
        manifest: what the generation of the pages says of itself.
        settings: the currency to print beside money, and how much memory may be used.
        work_lists: what to fix first.
        earlier: manifests of earlier refreshes, newest first.
    """
    shutil.rmtree(site, ignore_errors=True)
    (site / "rows").mkdir(parents=True)
    currency = settings.currency
    with open_database(database, settings) as marts:
        offered_companies = companies(marts)
        for page in PAGES:
            html = _page(
                marts,
                page,
                currency,
                manifest,
                rows_folder=site / "rows",
                offered_companies=offered_companies,
                refreshes=[manifest, *earlier][:REFRESHES] if page.file == "trust.html" else [],
                fixes=fixes_of(page.file, work_lists, currency),
            )
            (site / page.file).write_text(html, encoding="utf-8")


def company_html(generation: Path, settings: Settings, company_id: int) -> str:
    """Make the page of one company: one file that holds nothing of other clients.

    Raises:
        ReportError: there is no such company.
    """
    manifest = json.loads((generation / "manifest.json").read_text(encoding="utf-8"))
    with open_database(generation / MARTS, settings) as marts:
        found = marts.execute(
            "select company_name from marts.dim_companies where company_id = ?", [company_id]
        ).fetchone()
        if found is None:
            raise ReportError(
                f"There is no company {company_id}. The id is in the address of its Autotask "
                "record, and in brackets in the company filter of the pages."
            )
        page = replace(COMPANY_PAGE, title=found[0])
        return _page(marts, page, settings.currency, manifest, company_id=company_id)


def _page(
    marts: duckdb.DuckDBPyConnection,
    page: Page,
    currency: str,
    manifest: dict[str, Any],
    company_id: int | None = None,
    rows_folder: Path | None = None,
    offered_companies: Iterable[str] = (),
    refreshes: Iterable[dict[str, Any]] = (),
    fixes: Fixes = NO_FIXES,
) -> str:
    sections = [
        {
            "section": section,
            "cards": [(card, figure(marts, card, company_id)) for card in section.cards],
            "charts": [
                drawing
                for name in section.charts
                for drawing in CHARTS[name](marts, currency, company_id)
            ],
            "tables": [shown(marts, table, company_id, rows_folder) for table in section.tables],
        }
        for section in page.sections
    ]
    roles = {
        column.role
        for section in page.sections
        for table in section.tables
        for column in table.columns
        if column.role
    }
    scripts = [_text("dataTables.min.js"), _text("page.js")]
    html: str = _template().render(
        page=page,
        lead=(has_billing_items(marts) and page.lead_with_postings) or page.lead,
        pages=PAGES,
        is_company_page=company_id is not None,
        sections=sections,
        roles=roles,
        stages=STAGES,
        companies=offered_companies,
        currency=currency,
        manifest=manifest,
        refreshes=refreshes,
        fixes=fixes,
        formats=formats(),
        has_register=has_register(marts),
        style=Markup(_text("style.css")),  # noqa: S704 - our own file
        scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own files
        script_hashes=[_script_hash(script) for script in scripts],
    )
    return html


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(STATIC),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["drawing"] = _drawing
    environment.filters["shown"] = lambda value, kind: cell(value, kind).text
    return environment.get_template("page.html")


@cache
def _text(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


@cache
def _script_hash(script: str) -> str:
    """Hash of a script: the browser runs only what is hashed, whatever a company name holds."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _drawing(drawing: Drawing) -> Markup:
    return Markup(drawing.svg)  # noqa: S704 - Vega escapes the texts in it
