"""How a mart looks in Postgres: types, key, indexes, comments; and its rows on their way there."""

import io
import json
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
from pyarrow import csv

from orchestration.warehouse import SCHEMA, quoted

NULLS_ARE_ALIKE = 150_000  # the version from which on a unique index can say so
# Types of the marts that have another name in Postgres.
TYPES = {
    "VARCHAR": "text",
    "DOUBLE": "double precision",
    "HUGEINT": "numeric(38, 0)",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
}
# What a drill-down looks for: an index each, in every mart that has the column.
LOOKED_UP = ("company_id", "po_company_id", "purchase_order_key", "invoice_number")


@dataclass(frozen=True)
class Table:
    """A mart as Postgres is to have it.

    Attributes:
        name: of the mart.
        rows: how many it has.
        columns: as `create table` wants them.
        indexes: statements that make them, `{}` in place of the table.
        description: of the mart.
        column_descriptions: of its columns.
    """

    name: str
    rows: int
    columns: str
    indexes: list[str]
    description: str | None
    column_descriptions: dict[str, str | None]

    def of(self, schema: str) -> str:
        """The table in a schema."""
        return f"{schema}.{quoted(self.name)}"

    def comments_on(self, table: str) -> list[str]:
        """Write the statements that describe it and its columns."""
        return [
            f"comment on table {table} is {literal(self.description)}",
            *(
                f"comment on column {table}.{quoted(name)} is {literal(text)}"
                for name, text in self.column_descriptions.items()
            ),
        ]


def tables_of(marts: duckdb.DuckDBPyConnection, folder: Path, server_version: int) -> list[Table]:
    """All marts of the generation in a folder."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    keys = manifest.get("keys", {})  # generations of old have none
    return [
        _table(marts, mart, count, keys.get(mart, []), server_version)
        for mart, count in manifest["row_counts"].items()
    ]


def _table(
    marts: duckdb.DuckDBPyConnection, mart: str, rows: int, key: list[str], server_version: int
) -> Table:
    columns = marts.execute(
        "select column_name, data_type, is_nullable, comment from duckdb_columns() "
        "where schema_name = ? and table_name = ? order by column_index",
        [SCHEMA, mart],
    ).fetchall()
    ((description,),) = marts.execute(
        "select comment from duckdb_tables() where schema_name = ? and table_name = ?",
        [SCHEMA, mart],
    ).fetchall()
    indexes = [
        f"create index on {{}} ({quoted(name)})"
        for name, *_ in columns
        if name in LOOKED_UP and name not in key[:1]
    ]
    if key:
        listed = ", ".join(map(quoted, key))
        if {name for name, _, is_nullable, _ in columns if is_nullable}.isdisjoint(key):
            indexes.append(f"alter table {{}} add primary key ({listed})")
        else:
            alike = " nulls not distinct" if server_version >= NULLS_ARE_ALIKE else ""
            indexes.append(f"create unique index on {{}} ({listed}){alike}")
    return Table(
        name=mart,
        rows=rows,
        columns=", ".join(
            f"{quoted(name)} {TYPES.get(kind, kind)}{'' if is_nullable else ' not null'}"
            for name, kind, is_nullable, _ in columns
        ),
        indexes=indexes,
        description=description,
        column_descriptions={name: comment for name, _, _, comment in columns},
    )


def literal(text: str | None) -> str:
    """Write a text as a literal of SQL."""
    return "null" if text is None else "'" + text.replace("'", "''") + "'"


class Csv:
    """Rows as a file of CSV that is read piece by piece. Texts are quoted, nulls are not."""

    def __init__(self, rows: pa.RecordBatchReader) -> None:
        """Take the rows as they come from the database."""
        self.rows = rows
        self.written = io.BytesIO()

    def read(self, size: int) -> bytes:
        """Read up to so many bytes; none at the end."""
        while not (piece := self.written.read(size)):
            try:
                batch = self.rows.read_next_batch()
            except StopIteration:
                return b""
            self.written = io.BytesIO()
            csv.write_csv(batch, self.written, csv.WriteOptions(include_header=False))
            self.written.seek(0)
        return piece
