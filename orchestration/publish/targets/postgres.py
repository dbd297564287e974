"""Load a published generation into Postgres, for BI tools that cannot open DuckDB or parquet files.

Optional: PSA_POSTGRES_URL. The marts go into a fresh schema, which takes the place of the old one
in one transaction. The address may hold a password: no message repeats it.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import adbc_driver_manager
import adbc_driver_postgresql.dbapi
import dagster as dg
import duckdb
from adbc_driver_manager.dbapi import Connection

from orchestration.build.fingerprint import FORCE
from orchestration.published import current_generation
from orchestration.settings import Settings
from orchestration.warehouse import MARTS, SCHEMA, open_database, quoted

READER = "psa_reader"
FRESH, OLD = f"{SCHEMA}_fresh", f"{SCHEMA}_old_"
SIGNED = "generation "  # how the comment of a schema of ours begins
STILL_READ = "55P03"  # what dropping a table says that a query reads; the next load drops it
PATIENCE = "5s"
ONE_LOADER = 20_261_120  # number of the lock that a load holds in the database
# Types of the marts that have another name in Postgres.
TYPES = {
    "VARCHAR": "text",
    "DOUBLE": "double precision",
    "HUGEINT": "numeric(38, 0)",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
}


class PostgresError(RuntimeError):
    """The marts could not be loaded into Postgres; what was there stays."""


def postgres_asset(settings: Settings, generation: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """The marts in Postgres, after each published generation."""

    @dg.asset(
        name="postgres_marts",
        deps=[generation],
        group_name="published",
        kinds={"postgres"},
        owners=["team:data-engineering"],
        description=f"The published marts in Postgres, schema {SCHEMA}, readable by {READER}.",
    )
    def postgres_marts(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        current = current_generation(settings)
        if current is None:
            raise dg.Failure("No generation is published.", allow_retries=False)
        try:
            if FORCE in context.run.tags or not holds(settings, current.folder):
                load(settings, current.folder)
        except PostgresError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        return dg.MaterializeResult(metadata={"generation": current.folder.name})

    return postgres_marts


def holds(settings: Settings, folder: Path) -> bool:
    """Whether Postgres holds this generation already.

    Raises:
        PostgresError: it cannot be asked.
    """
    with _connection(settings) as postgres:
        return (SIGNED + folder.name,) in _schema_comments(postgres)


def load(settings: Settings, folder: Path) -> None:
    """Load a generation in place of what the schema `marts` of the database holds.

    Raises:
        PostgresError: it could not be loaded; the schema stays as it was.
    """
    manifest = json.loads((folder / "manifest.json").read_bytes())
    with (
        _connection(settings) as postgres,
        open_database(folder / MARTS, settings) as marts,
    ):
        _run(postgres, f"select pg_advisory_lock({ONE_LOADER})")
        _refuse_foreign_schema(postgres)
        _run(postgres, f"drop schema if exists {FRESH} cascade", f"create schema {FRESH}")
        for mart, count in manifest["row_counts"].items():
            _run(postgres, *_definition(marts, mart))
            with postgres.cursor() as cursor:
                rows = marts.table(f"{SCHEMA}.{quoted(mart)}").to_arrow_reader()
                cursor.adbc_ingest(mart, rows, mode="append", db_schema_name=FRESH)
            ((loaded,),) = _rows(postgres, f"select count(*) from {FRESH}.{quoted(mart)}")  # noqa: S608 - quoted
            if loaded != count:
                raise PostgresError(f"{mart}: Postgres holds {loaded} rows, not {count}")
        _run(
            postgres,
            f"comment on schema {FRESH} is {_literal(SIGNED + folder.name)}",
            f"do $$ begin create role {READER} nologin; "
            "exception when duplicate_object or unique_violation then null; end $$",
            f"grant usage on schema {FRESH} to {READER}",
            f"grant select on all tables in schema {FRESH} to {READER}",
            f"create schema if not exists {SCHEMA}",
        )
        _swap(postgres)


def _refuse_foreign_schema(postgres: Connection) -> None:
    comments = _schema_comments(postgres)
    if [comment for (comment,) in comments if not (comment or "").startswith(SIGNED)]:
        raise PostgresError(
            f"PSA_POSTGRES_URL: the database has a schema {SCHEMA} that was not loaded from here, "
            "and a load would replace it. Name another database, or rename that schema."
        )


def _schema_comments(postgres: Connection) -> list[tuple[Any, ...]]:
    return _rows(
        postgres,
        f"select obj_description(to_regnamespace('{SCHEMA}'), 'pg_namespace') "
        f"where to_regnamespace('{SCHEMA}') is not null",
    )


def _swap(postgres: Connection) -> None:
    """Put the fresh schema in the place of the old one, in one transaction; then drop the old."""
    ((now,),) = _rows(postgres, "select (extract(epoch from clock_timestamp()) * 1000)::bigint")
    _run(  # renaming waits for no reader
        postgres,
        f"revoke all on schema {SCHEMA} from {READER}",
        f"alter schema {SCHEMA} rename to {OLD}{now}",
        f"alter schema {FRESH} rename to {SCHEMA}",
    )
    postgres.commit()
    old = _rows(postgres, f"select nspname from pg_namespace where starts_with(nspname, '{OLD}')")  # noqa: S608 - own name
    for (schema,) in old:
        try:
            _run(
                postgres,
                f"set lock_timeout = '{PATIENCE}'",
                f"drop schema {quoted(schema)} cascade",
            )
            postgres.commit()
        except adbc_driver_manager.Error as error:
            postgres.rollback()
            if error.sqlstate != STILL_READ:
                raise


def _definition(marts: duckdb.DuckDBPyConnection, mart: str) -> list[str]:
    """Write the statements that make an empty table like a mart, comments included."""
    table = f"{FRESH}.{quoted(mart)}"
    columns = marts.execute(
        "select column_name, data_type, comment from duckdb_columns() "
        "where schema_name = ? and table_name = ? order by column_index",
        [SCHEMA, mart],
    ).fetchall()
    described = marts.execute(
        "select comment from duckdb_tables() where schema_name = ? and table_name = ?",
        [SCHEMA, mart],
    ).fetchall()
    typed = ", ".join(f"{quoted(name)} {TYPES.get(kind, kind)}" for name, kind, _ in columns)
    return [
        f"create table {table} ({typed})",
        *(f"comment on table {table} is {_literal(comment)}" for (comment,) in described),
        *(
            f"comment on column {table}.{quoted(name)} is {_literal(comment)}"
            for name, _, comment in columns
        ),
    ]


def _literal(text: str | None) -> str:
    return "null" if text is None else "'" + text.replace("'", "''") + "'"


def _run(postgres: Connection, *statements: str) -> None:
    with postgres.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _rows(postgres: Connection, query: str) -> list[tuple[Any, ...]]:
    with postgres.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


@contextmanager
def _connection(settings: Settings) -> Iterator[Connection]:
    address = settings.postgres_url
    if address is None:
        raise PostgresError("PSA_POSTGRES_URL is not set")
    parts = urlsplit(address)
    try:
        with adbc_driver_postgresql.dbapi.connect(address) as connection:
            yield connection
    except adbc_driver_manager.Error as error:
        said = str(error)
        in_query = dict(parse_qsl(parts.query)).get("password")
        for secret in (address, parts.password, unquote(parts.password or ""), in_query):
            said = said.replace(secret, "***") if secret else said
        raise PostgresError(
            f"PSA_POSTGRES_URL: the marts could not be loaded into {parts.hostname}: {said}"
        ) from None
