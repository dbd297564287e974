"""The site: rows of the marts as pages that people read, and one client's page to send.

`pages/` declares what is on a page, `marts` asks for it and `row_files` writes the rows beside the
pages; here it becomes HTML in a folder. Nothing here computes a figure.
"""

import base64
import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orchestration.reports.cells import Cell, cell, formats
from orchestration.reports.charts import drawings
from orchestration.reports.declaration import Facts, Page, Section, Table, read_pages
from orchestration.reports.fix_first import Fixes, fixes_of
from orchestration.reports.marts import (
    companies,
    figures,
    has_billing_items,
    has_register,
    readable_marts,
    row_count,
    rows_in_order,
)
from orchestration.reports.row_files import RowFiles, RowFolder
from orchestration.reports.words import STAGES
from orchestration.reports.work_lists import WorkList
from orchestration.settings import Settings
from orchestration.warehouse import MARTS, open_database

STATIC = Path(__file__).with_name("static")
SCRIPTS = (
    *("dataTables.min", "writeExcelFile.min"),
    *("cells", "rows", "downloads", "burn_down", "page"),
)
COMPANY_PAGE = "company.html"
REFRESHES = 10
ROWS_ON_A_PAGE = 500  # of each table; the others come when somebody asks for them
ROWS_FOR_A_COMPANY = 10_000  # of each table, on the page that travels alone


class ReportError(RuntimeError):
    """There is nothing to report on; the message says what to do."""


@dataclass(frozen=True)
class Shown:
    """Figures or a table with what the page itself carries of them.

    Attributes:
        part: what they are.
        rows: the first rows, or the one of the figures.
        total: how many rows there are.
        kept: how many of them the page and its files of rows hold: the first ones.
        files: where the rows are that the page does not carry.
    """

    part: Facts
    rows: list[list[Cell]]
    total: int
    kept: int
    files: RowFiles | None = None


def write_site(
    database: Path,
    site: Path,
    manifest: dict[str, Any],
    settings: Settings,
    work_lists: Mapping[str, WorkList],
    earlier: Sequence[dict[str, Any]] = (),
    published: Path | None = None,
    unchanged: Set[str] = frozenset(),
) -> None:
    """Write all pages into a folder of their own.

    Args:
        database: the marts that they show.
        site: the folder; what it holds is replaced.
        manifest: what the generation of the pages says of itself.
        settings: the currency to print beside money, and how much memory may be used.
        work_lists: what to fix first.
        earlier: manifests of earlier refreshes, newest first.
        published: the pages of an earlier generation.
        unchanged: the marts that have the very rows of that generation, whose files are linked.
    """
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(parents=True)
    currency = settings.currency
    with open_database(database, settings) as marts:
        pages = read_pages(readable_marts(marts))
        folder = RowFolder(marts, site, manifest["generation"], published, unchanged)
        offered_companies = companies(marts)
        for page in pages:
            html = _html(
                marts,
                page,
                [_shown(marts, page, section, currency, folder) for section in page.sections],
                currency,
                manifest,
                pages=pages,
                offered_companies=offered_companies,
                refreshes=[manifest, *earlier][:REFRESHES] if page.refreshes else [],
                fixes=fixes_of(page.file, work_lists, currency),
            )
            (site / page.file).write_text(html, encoding="utf-8")
        folder.write_index()


def company_html(generation: Path, settings: Settings, company_id: int) -> str:
    """Make the page of one company: one file that holds nothing of other clients.

    Raises:
        ReportError: there is no such company.
    """
    manifest = json.loads((generation / "manifest.json").read_text(encoding="utf-8"))
    with open_database(generation / MARTS, settings) as marts:
        pages = read_pages(readable_marts(marts))
        found = marts.execute(
            "select company_name from dim_companies where company_id = ?", [company_id]
        ).fetchone()
        if found is None:
            raise ReportError(
                f"There is no company {company_id}. The id is in the address of its Autotask "
                "record, and in brackets in the company filter of the pages."
            )
        [declared] = [page for page in pages if page.file == COMPANY_PAGE]
        page = declared.model_copy(update={"title": found[0], "record": None})
        sections = [
            _shown_alone(marts, section, settings.currency, company_id)
            for section in page.sections
            if not section.internal
        ]
        return _html(marts, page, sections, settings.currency, manifest, is_alone=True)


def _shown(
    marts: duckdb.DuckDBPyConnection,
    page: Page,
    section: Section,
    currency: str,
    folder: RowFolder,
) -> dict[str, Any]:
    """What a section of the site shows: rows are beside the page, or the first ones on it."""

    def table(part: Table) -> Shown:
        key = tuple(filter(None, [part.company]))
        total = row_count(marts, part)
        rows = _cells(part, rows_in_order(marts, part, ROWS_ON_A_PAGE))
        if total <= ROWS_ON_A_PAGE:
            return Shown(part, rows, total, total)
        files = folder.write(part, key)
        return Shown(part, rows, total, files.kept, files)

    def of_record(part: Facts) -> Shown:
        files = folder.write(part, page.record.key if page.record else ())
        return Shown(part, [], files.total, files.kept, files)

    facts = [
        of_record(part) if page.record else Shown(part, [figures(marts, part)], 1, 1)
        for part in section.facts
    ]
    return {
        "section": section,
        "facts": facts,
        "charts": [] if page.record else drawings(section.charts, marts, currency),
        "tables": [of_record(part) if page.record else table(part) for part in section.tables],
    }


def _shown_alone(
    marts: duckdb.DuckDBPyConnection, section: Section, currency: str, company_id: int
) -> dict[str, Any]:
    """What a section shows on the page of a client, which carries all its rows."""

    def kept(part: Facts) -> dict[str, Any]:
        columns = tuple(column for column in part.columns if not column.internal)
        return {"columns": tuple(column.model_copy(update={"link": ""}) for column in columns)}

    tables = []
    for part in section.tables:
        rows = rows_in_order(marts, part, ROWS_FOR_A_COMPANY, company_id)
        total = row_count(marts, part, company_id)
        places = [place for place, column in enumerate(part.columns) if not column.internal]
        cells = [[row[place] for place in places] for row in _cells(part, rows)]
        told = part.model_copy(update=kept(part) | {"empty": "There is nothing to show here."})
        tables.append(Shown(told, cells, total, len(cells)))
    facts = []
    for figure in section.facts:
        row = figures(marts, figure, company_id)
        shown = [c for c, column in zip(row, figure.columns, strict=True) if not column.internal]
        facts.append(Shown(figure.model_copy(update=kept(figure)), [shown], 1, 1))
    charts = drawings(section.charts, marts, currency, company_id)
    return {"section": section, "facts": facts, "charts": charts, "tables": tables}


def _cells(part: Facts, rows: Any) -> list[list[Cell]]:
    columns = [
        [cell(value, column.kind) for value in rows.column(place).to_pylist()]
        for place, column in enumerate(part.columns)
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def _html(
    marts: duckdb.DuckDBPyConnection,
    page: Page,
    sections: list[dict[str, Any]],
    currency: str,
    manifest: dict[str, Any],
    *,
    is_alone: bool = False,
    pages: Sequence[Page] = (),
    offered_companies: Iterable[str] = (),
    refreshes: Iterable[dict[str, Any]] = (),
    fixes: Fixes | None = None,
) -> str:
    scripts = [_text(f"{name}.js") for name in SCRIPTS]
    roles = {
        column.role
        for section in page.sections
        for table in section.tables
        for column in table.columns
        if not (page.record or is_alone)
    }
    html: str = _template().render(
        page=page,
        lead=(has_billing_items(marts) and page.lead_with_postings) or page.lead,
        pages=[other for other in pages if other.nav],
        records={other.file: other.record.key for other in pages if other.record},
        is_alone=is_alone,
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
    environment.filters["shown"] = lambda value, kind: cell(str(value), kind).text
    return environment.get_template("page.html")


@cache
def _text(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


@cache
def _script_hash(script: str) -> str:
    """Hash of a script: the browser runs only what is hashed, whatever a company name holds."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
