"""What the pages ask of the marts: which columns there are, figures, and rows in order."""

# The queries are made of what our own pages declare, checked against the marts.
# ruff: noqa: S608

import hashlib
from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.reports.cells import Cell, cell
from orchestration.reports.declaration import Facts, MartColumn, PageError, Table
from orchestration.warehouse import SCHEMA

COMPANIES_OFFERED = 20_000  # by the filter, as one types


def readable_marts(marts: duckdb.DuckDBPyConnection) -> dict[str, dict[str, MartColumn]]:
    """Give every mart what links need, and tell which columns there are.

    From here on `from po_exposure` reads the mart of this name, with `company_name` where it only
    has `company_id`, and `purchase_order_key` where it only has `po_number`; `mart_row` tells its
    rows apart.
    """
    found: dict[str, dict[str, MartColumn]] = {}
    columns = marts.execute(
        "select table_name, column_name, data_type, coalesce(comment, '') from duckdb_columns() "
        f"where schema_name = '{SCHEMA}' order by table_name, column_index"
    ).fetchall()
    for mart, name, sql_type, comment in columns:
        found.setdefault(mart, {})[name] = MartColumn(sql_type, " ".join(comment.split()))
    company_name = found["dim_companies"]["company_name"]
    key = MartColumn("VARCHAR", "`<company_id>-<po_number>` (RES-4).")
    for mart, there in found.items():
        added, joined = [], ""
        if "po_number" in there and "purchase_order_key" not in there:
            [company, *_] = [name for name in ("po_company_id", "company_id") if name in there]
            added = [f"coalesce(cast(m.{company} as varchar), 'unknown') || '-' || m.po_number "
                     "as purchase_order_key"]  # fmt: skip
            there["purchase_order_key"] = key
        if "company_id" in there and "company_name" not in there:
            added.append("c.company_name")
            joined = f"left join {SCHEMA}.dim_companies as c on c.company_id = m.company_id"
            there["company_name"] = company_name
        columns_of_view = ", ".join(["m.*", "m.rowid as mart_row", *added])
        marts.execute(
            f"create or replace temp view {mart} as "
            f"select {columns_of_view} from {SCHEMA}.{mart} as m {joined}"
        )
    return found


def figures(
    marts: duckdb.DuckDBPyConnection, facts: Facts, company_id: int | None = None
) -> list[Cell]:
    """The figures of a mart with one row, or over all its rows; or those of one company."""
    values = ", ".join(f"cast({column.figure} as varchar)" for column in facts.columns)
    where = "true" if company_id is None else f"{facts.company} = {company_id:d}"
    query = f"select {values} from {facts.mart} where {where}"
    row = next(iter(_asked(marts, facts.name, query)), (None,) * len(facts.columns))
    return [cell(value, column.kind) for value, column in zip(row, facts.columns, strict=True)]


def row_count(marts: duckdb.DuckDBPyConnection, table: Facts, company_id: int | None = None) -> int:
    """How many rows belong in a table."""
    query = f"select count(*) from {table.mart} where {_where(table, company_id)}"
    return int(_asked(marts, table.name, query)[0][0])


def rows_in_order(
    marts: duckdb.DuckDBPyConnection,
    table: Facts,
    most: int,
    company_id: int | None = None,
    key: Sequence[str] = (),
) -> pa.Table:
    """The first rows of a table as texts, followed by the place of each.

    Args:
        marts: where they are.
        table: which columns and rows, in which order.
        most: how many at most.
        company_id: whose rows; by default everybody's.
        key: columns to sort these rows by, instead of the order of the table; then a column
            `key` follows.
    """
    order = table.order if isinstance(table, Table) else ", ".join(key)
    where = _where(table, company_id)
    texts = [
        f"cast({column.name} as varchar) as c{place}" for place, column in enumerate(table.columns)
    ]
    keys = [f"coalesce(cast({name} as varchar), '')" for name in key]
    found = f"hex(concat_ws('/', {', '.join(keys)}))" if keys else "''"
    # The first rows are looked for by what orders them alone, and only once for all keys: to sort
    # all rows of a mart with all their columns takes minutes.
    choice = f"from {table.mart} where {where} order by {order} limit {most:d}"
    firsts = f"first_{hashlib.sha256(choice.encode()).hexdigest()}"
    query = f"""
        select {", ".join(texts)}, cast(place as varchar) as at_place, {found} as key
        from {firsts} inner join {table.mart} using (mart_row)
        order by key, place
    """
    try:
        marts.execute(
            f"create temp table if not exists {firsts} as "
            f"select mart_row, row_number() over (order by {order}) as place "
            f"from ({choice})"
        )
        rows: pa.Table = marts.sql(query).to_arrow_table()
    except duckdb.Error as error:
        raise PageError(
            f"The table {table.name} cannot be read from {table.mart}: {error}"
        ) from error
    return rows


def has_register(marts: duckdb.DuckDBPyConnection) -> bool:
    """Whether any PO is registered, so that there are limits to be used up."""
    return bool(_asked(marts, "", "select 1 from po_utilization where is_registered limit 1"))


def has_billing_items(marts: duckdb.DuckDBPyConnection) -> bool:
    """Whether Autotask's postings are delivered, so that what is posted is known (MRT-24)."""
    query = (
        "select 1 from ingest_accounting where table_name = 'billing_items' "
        "and batch_kind <> 'deleted' and not is_refused limit 1"
    )
    return bool(_asked(marts, "", query))


def companies(marts: duckdb.DuckDBPyConnection) -> list[str]:
    """The companies that the filter offers, each with its id in brackets."""
    query = (
        "select company_name || ' (' || company_id || ')' from dim_companies "
        f"order by company_name, company_id limit {COMPANIES_OFFERED:d}"
    )
    return [name for (name,) in _asked(marts, "", query)]


def _where(table: Facts, company_id: int | None) -> str:
    where = table.where if isinstance(table, Table) else "true"
    return where if company_id is None else f"({where}) and {table.company} = {company_id:d}"


def _asked(marts: duckdb.DuckDBPyConnection, name: str, query: str) -> list[tuple[Any, ...]]:
    try:
        return marts.execute(query).fetchall()
    except duckdb.Error as error:
        raise PageError(f"What the page declares of {name} cannot be read: {error}") from error
