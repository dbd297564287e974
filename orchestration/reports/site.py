"""The site: rows of the marts as pages that people read, and one client's page to send.

Run as `python -m orchestration.reports.site [COMPANY]`. What is on a page is in `content`; nothing
here computes a figure.
"""

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orchestration.reports.charts import CHARTS, Drawing
from orchestration.reports.content import (
    COMPANY_PAGE,
    GAP_ADVICE,
    PAGES,
    STAGES,
    WORDS,
    Card,
    Column,
    Page,
    Table,
)
from orchestration.settings import Settings
from orchestration.warehouse import MARTS, open_database

HERE = Path(__file__).parent
ROWS_ON_A_PAGE = 200  # of each table; the others come with a filter or the download
ROWS_BESIDE_A_PAGE = 200_000  # of each table; all are in the mart
ROWS_FOR_A_COMPANY = 10_000  # of each table, on the page that travels alone
COMPANIES_OFFERED = 10_000  # by the filter as one types; it finds all others as well
REFRESHES = 10
NOTHING = "–"  # noqa: RUF001 - what people read in an empty cell


class ReportError(RuntimeError):
    """There is nothing to report on; the message says what to do."""


@dataclass(frozen=True)
class Cell:
    """A value as people read it, and as the mart has it."""

    text: str
    raw: str


@dataclass(frozen=True)
class Shown:
    """A table with its first rows.

    Attributes:
        table: what it is.
        rows: those on the page.
        row_count: all rows of the mart that belong into it.
        kept_count: those of them that the page and its file of rows hold: the first ones.
        more_file: where those are that are not on the page.
    """

    table: Table
    rows: list[list[Cell]]
    row_count: int
    kept_count: int
    more_file: str | None


def write_site(
    database: Path,
    site: Path,
    manifest: dict[str, Any],
    settings: Settings,
    earlier: Sequence[dict[str, Any]] = (),
) -> None:
    """Write all pages into a folder of their own.

    Args:
        database: the marts that they show.
        site: the folder; what it holds is replaced.
        manifest: what the generation says of itself that the pages belong to.
        settings: the currency to print beside money, and what memory may be used.
        earlier: manifests of the refreshes before, newest first.
    """
    shutil.rmtree(site, ignore_errors=True)
    (site / "rows").mkdir(parents=True)
    currency = settings.currency
    with open_database(database, settings) as marts:
        companies = _companies(marts)
        for page in PAGES:
            html = _page(
                marts,
                page,
                currency,
                manifest,
                rows_folder=site / "rows",
                companies=companies,
                refreshes=[manifest, *earlier][:REFRESHES] if page.file == "trust.html" else [],
                fix_first=_fix_first(marts, currency) if page.file == "index.html" else [],
            )
            (site / page.file).write_text(html, encoding="utf-8")


def company_html(generation: Path, settings: Settings, company_id: int) -> str:
    """Make the page of one company: one file without anything of other clients.

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
    companies: Iterable[str] = (),
    refreshes: Iterable[dict[str, Any]] = (),
    fix_first: Iterable[dict[str, str]] = (),
) -> str:
    sections = [
        {
            "section": section,
            "cards": [(card, _figure(marts, card, company_id)) for card in section.cards],
            "charts": [
                drawing
                for name in section.charts
                for drawing in CHARTS[name](marts, currency, company_id)
            ],
            "tables": [_shown(marts, table, company_id, rows_folder) for table in section.tables],
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
        pages=PAGES,
        is_company_page=company_id is not None,
        sections=sections,
        roles=roles,
        stages=STAGES,
        companies=companies,
        currency=currency,
        manifest=manifest,
        refreshes=refreshes,
        fix_first=fix_first,
        has_register=_has_register(marts),
        style=Markup(_text("style.css")),  # noqa: S704 - our own file
        scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own files
        script_hashes=[_script_hash(script) for script in scripts],
    )
    return html


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["drawing"] = _drawing
    environment.filters["shown"] = lambda value, kind: _cell(value, kind).text
    return environment.get_template("page.html")


@cache
def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


@cache
def _script_hash(script: str) -> str:
    """The only scripts that the browser is told to run, whatever a company name may hold."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _drawing(drawing: Drawing) -> Markup:
    return Markup(drawing.svg)  # noqa: S704 - Vega escapes the texts in it


def _has_register(marts: duckdb.DuckDBPyConnection) -> bool:
    found = marts.execute("select 1 from marts.po_utilization where is_registered limit 1")
    return found.fetchone() is not None


def _companies(marts: duckdb.DuckDBPyConnection) -> list[str]:
    found = marts.execute(
        "select company_name || ' (' || company_id || ')' from marts.dim_companies "  # noqa: S608 - a number
        f"order by company_name, company_id limit {COMPANIES_OFFERED:d}"
    )
    return [name for (name,) in found.fetchall()]


def _figure(marts: duckdb.DuckDBPyConnection, card: Card, company_id: int | None) -> Cell:
    condition = "true" if company_id is None else f"company_id = {company_id:d}"
    found = marts.execute(
        f"select {card.figure} from marts.{card.mart} where {condition}"  # noqa: S608 - ours
    ).fetchone()
    return _cell(found[0] if found else None, card.kind)


def _shown(
    marts: duckdb.DuckDBPyConnection,
    table: Table,
    company_id: int | None,
    rows_folder: Path | None,
) -> Shown:
    where = table.where
    if company_id is not None:
        kept = tuple(column for column in table.columns if not column.is_internal)
        table = replace(table, columns=kept, empty="There is nothing to show here.")
        where = f"({where}) and {table.company_column} = {company_id:d}"
    counted = marts.execute(f"select count(*) from {table.rows} where {where}")  # noqa: S608 - ours
    row_count = counted.fetchall()[0][0]
    names = ", ".join(column.name for column in table.columns)
    most = ROWS_FOR_A_COMPANY if rows_folder is None else ROWS_BESIDE_A_PAGE
    kept = marts.execute(
        f"select {names} from {table.rows} where {where} order by {table.order} limit {most:d}"  # noqa: S608
    ).to_arrow_table()
    if kept.num_rows <= ROWS_ON_A_PAGE or rows_folder is None:  # a page that travels alone has all
        return Shown(table, _cells(kept, table.columns), row_count, kept.num_rows, None)
    name = f"{table.name}.js"
    (rows_folder / name).write_text(_packed(kept, table), encoding="utf-8")
    shown = _cells(kept.slice(0, ROWS_ON_A_PAGE), table.columns)
    return Shown(table, shown, row_count, kept.num_rows, f"rows/{name}")


def _packed(rows: pa.Table, table: Table) -> str:
    """Write rows as a script, because browsers read no other file beside one on a disk.

    A column is the list of its different values, and for each row the place of its value in that
    list, unless all differ. Values are as in the mart, which the page writes out for people as it
    shows them; a code comes with its words, as a pair.
    """
    packed = []
    for column, values in zip(table.columns, rows.columns, strict=True):
        encoded = values.combine_chunks().dictionary_encode(null_encoding="encode")
        different = encoded.dictionary
        if column.kind in ("code", "advice", "time"):
            cells = [_cell(value, column.kind) for value in different.to_pylist()]
            texts = [cell.raw if cell.raw == cell.text else [cell.text, cell.raw] for cell in cells]
        else:
            texts = different.cast(pa.string()).fill_null("").to_pylist()
        text = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
        if len(texts) == rows.num_rows:
            packed.append(f"[{text}]")
        else:
            # Joined in one go: a number at a time takes longer than reading the mart.
            places = pa.ListArray.from_arrays([0, rows.num_rows], encoded.indices.cast(pa.string()))
            packed.append(f"[{text},[{pc.binary_join(places, ',')[0].as_py()}]]")
    # As one string: browsers read it far faster than lists written as script.
    text = json.dumps(f"[{','.join(packed)}]", ensure_ascii=False)
    return f"reportRows({json.dumps(table.name)},{text});\n"


def _cells(rows: pa.Table, columns: Sequence[Column]) -> list[list[Cell]]:
    cells = [
        [_cell(value, column.kind) for value in values.to_pylist()]
        for column, values in zip(columns, rows.columns, strict=True)
    ]
    return [list(row) for row in zip(*cells, strict=True)]


_CENT = Decimal("0.01")


def _cell(value: Any, kind: str) -> Cell:
    """Write a value for people; nothing is computed, only rounded to what they read."""
    if value is None:
        return Cell(NOTHING, "")
    raw = str(value)
    if kind in ("money", "hours", "pct"):
        text = f"{Decimal(raw).quantize(_CENT, ROUND_HALF_UP):,}"
        return Cell(f"{text} %" if kind == "pct" else text, raw)
    if kind == "int":
        return Cell(f"{int(value):,}", raw)
    if kind == "flag":
        return Cell("yes" if value else "no", "true" if value else "false")
    if kind == "code" and re.fullmatch("[a-z_]+", raw):
        return Cell(WORDS.get(raw, raw.replace("_", " ").capitalize()), raw)
    if kind == "advice":
        return Cell(GAP_ADVICE.get(raw, NOTHING), GAP_ADVICE.get(raw, ""))
    if kind == "time" and isinstance(value, datetime):
        return Cell(f"{value:%Y-%m-%d %H:%M}", raw)
    return Cell(raw, raw)


def _fix_first(marts: duckdb.DuckDBPyConnection, currency: str) -> list[dict[str, str]]:
    """The first row of each work list, in words."""
    fixes = []
    for query, sentence, link in (
        (
            "select coalesce(company_name, 'an unknown company'), total_billable_exposed, "
            "material_code_name, company_id "
            "from marts.po_exposure where po_required and total_billable_exposed > 0 "
            "and company_id is not null "
            "order by total_billable_exposed desc, company_id, material_code_name",
            "Ask {0} for a PO: {currency} {1} of {2} can be billed today, and this client sends "
            "invoices without one back.",
            "index.html#company={3}",
        ),
        (
            "select coalesce(company_name, 'an unknown company'), total_amount, blocked_reason, "
            "company_id from marts.invoice_preview where is_blocked "
            "order by total_amount desc, company_id, purchase_order_key",
            "Unblock the invoice to {0} over {currency} {1}: {2}.",
            "invoice_preview.html#company={3}",
        ),
        (
            "select coalesce(company_name, 'an unknown company'), amount, conflict_type, "
            "company_id, title from marts.milestone_conflicts where not is_waived "
            "order by fix_order",
            "Settle the milestone {4} of {0}, {currency} {1}: {2}.",
            "billing_readiness.html#company={3}",
        ),
    ):
        found = marts.execute(f"{query} limit 1").fetchone()
        if found is not None:
            words = [
                _cell(found[0], "text").text,
                _cell(found[1], "money").text,
                _cell(found[2], "code" if found[2] in WORDS else "text").text,
                "" if found[3] is None else str(found[3]),
                *(str(text) for text in found[4:]),
            ]
            fixes.append(
                {
                    "sentence": sentence.format(*words, currency=currency),
                    "link": link.format(*words),
                }
            )
    return fixes
