"""What the pages ask of the marts: figures of cards, rows of tables, and names for the filters."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.reports.cells import Cell, cell
from orchestration.reports.pages.declaration import Card, Column, Table

ROWS_ON_A_PAGE = 200  # of each table; the others come with a filter or the download
ROWS_BESIDE_A_PAGE = 200_000  # of each table; all are in the mart
ROWS_FOR_A_COMPANY = 10_000  # of each table, on the page that travels alone
COMPANIES_OFFERED = 10_000  # by the filter as one types; it finds all others as well


@dataclass(frozen=True)
class Shown:
    """A table with its first rows.

    Attributes:
        table: what it is.
        rows: those on the page.
        row_count: all rows of the mart that belong in it.
        kept_count: how many of them the page and its file of rows hold: the first ones.
        more_file: the file with the rows that the page does not carry.
    """

    table: Table
    rows: list[list[Cell]]
    row_count: int
    kept_count: int
    more_file: str | None


def figure(marts: duckdb.DuckDBPyConnection, card: Card, company_id: int | None) -> Cell:
    """The figure of a card: over everything, or of one company."""
    condition = "true" if company_id is None else f"company_id = {company_id:d}"
    found = marts.execute(
        f"select {card.figure} from marts.{card.mart} where {condition}"  # noqa: S608 - ours
    ).fetchone()
    return cell(found[0] if found else None, card.kind)


def shown(
    marts: duckdb.DuckDBPyConnection,
    table: Table,
    company_id: int | None,
    rows_folder: Path | None,
) -> Shown:
    """Read a table for a page.

    Args:
        marts: where its rows are.
        table: what to read.
        company_id: whose rows, without the internal columns; by default everybody's.
        rows_folder: where to write rows that the page does not carry; None for a page that travels
            alone.
    """
    where = table.where
    if company_id is not None:
        kept = tuple(column for column in table.columns if not column.is_internal)
        table = replace(table, columns=kept, empty="There is nothing to show here.")
        where = f"({where}) and {table.company_column} = {company_id:d}"
    counted = marts.execute(f"select count(*) from {table.rows} where {where}")  # noqa: S608 - ours
    row_count = counted.fetchall()[0][0]
    names = ", ".join(column.name for column in table.columns)
    most = ROWS_FOR_A_COMPANY if rows_folder is None else ROWS_BESIDE_A_PAGE
    rows = marts.execute(
        f"select {names} from {table.rows} where {where} order by {table.order} limit {most:d}"  # noqa: S608
    ).to_arrow_table()
    if rows.num_rows <= ROWS_ON_A_PAGE or rows_folder is None:  # a page that travels alone has all
        return Shown(table, _cells(rows, table.columns), row_count, rows.num_rows, None)
    name = f"{table.name}.js"
    (rows_folder / name).write_text(_packed(rows, table), encoding="utf-8")
    on_page = _cells(rows.slice(0, ROWS_ON_A_PAGE), table.columns)
    return Shown(table, on_page, row_count, rows.num_rows, f"rows/{name}")


def has_register(marts: duckdb.DuckDBPyConnection) -> bool:
    """Whether any PO is registered, so that there are limits to be used up."""
    found = marts.execute("select 1 from marts.po_utilization where is_registered limit 1")
    return found.fetchone() is not None


def has_billing_items(marts: duckdb.DuckDBPyConnection) -> bool:
    """Whether Autotask's postings are delivered, so that what is posted is known (MRT-24)."""
    found = marts.execute(
        "select 1 from marts.ingest_accounting where table_name = 'billing_items' "
        "and batch_kind <> 'deleted' and not is_refused limit 1"
    )
    return found.fetchone() is not None


def companies(marts: duckdb.DuckDBPyConnection) -> list[str]:
    """The companies that the filter offers, each with its id in brackets."""
    found = marts.execute(
        "select company_name || ' (' || company_id || ')' from marts.dim_companies "  # noqa: S608 - a number
        f"order by company_name, company_id limit {COMPANIES_OFFERED:d}"
    )
    return [name for (name,) in found.fetchall()]


def _packed(rows: pa.Table, table: Table) -> str:
    """Write rows as a script, because browsers read no other file beside one on a disk.

    A column is the list of its distinct values, followed by the place of each row's value in that
    list, unless all values differ. Values are as in the mart, and the script of the page formats
    them; a code comes as a pair with its words.
    """
    packed = []
    for column, values in zip(table.columns, rows.columns, strict=True):
        encoded = values.combine_chunks().dictionary_encode(null_encoding="encode")
        distinct = encoded.dictionary
        if column.kind in ("code", "advice", "time"):
            cells = [cell(value, column.kind) for value in distinct.to_pylist()]
            texts = [one.raw if one.raw == one.text else [one.text, one.raw] for one in cells]
        else:
            texts = distinct.cast(pa.string()).fill_null("").to_pylist()
        text = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
        if len(texts) == rows.num_rows:
            packed.append(f"[{text}]")
        else:
            # Joined in one go: one number at a time takes longer than reading the mart.
            places = pa.ListArray.from_arrays([0, rows.num_rows], encoded.indices.cast(pa.string()))
            packed.append(f"[{text},[{pc.binary_join(places, ',')[0].as_py()}]]")
    # As one string: browsers read it far faster than lists written as script.
    text = json.dumps(f"[{','.join(packed)}]", ensure_ascii=False)
    return f"reportRows({json.dumps(table.name)},{text});\n"


def _cells(rows: pa.Table, columns: Sequence[Column]) -> list[list[Cell]]:
    cells = [
        [cell(value, column.kind) for value in values.to_pylist()]
        for column, values in zip(columns, rows.columns, strict=True)
    ]
    return [list(row) for row in zip(*cells, strict=True)]
