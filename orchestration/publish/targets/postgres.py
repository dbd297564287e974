"""Load a published generation into Postgres, for BI tools that cannot open DuckDB or parquet files.

Optional: PSA_POSTGRES_URL. A load is one transaction (PUB-12). As a rule it changes the rows that
differ, so that every reader sees one generation, by the isolation level that he has chosen. When
tables or columns have changed, fresh tables take the place of the old ones: their rows are frozen,
because to a snapshot that is older than they are they would be empty otherwise.

The address may hold a password: no message repeats it.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import dagster as dg
import duckdb
import psycopg2
from psycopg2.extensions import connection as Connection

from orchestration.build.fingerprint import FORCE
from orchestration.publish.targets.postgres_tables import Csv, Table, literal, tables_of
from orchestration.published import current_generation
from orchestration.settings import Settings
from orchestration.warehouse import MARTS, SCHEMA, open_database, quoted

READER = "psa_reader"
FRESH, OLD = f"{SCHEMA}_fresh", f"{SCHEMA}_old_"
SIGNED = "generation "  # how the comment of a schema of ours begins
PATIENCE = "5s"  # for those who still read tables that were replaced; the next load drops them
PIECE_BYTES = 1 << 20
ONE_LOADER = 20_261_120  # number of the lock that a load holds in the database


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
        is_forced = FORCE in context.run.tags
        try:
            if is_forced or not holds(settings, current.folder):
                load(settings, current.folder, anew=is_forced)
        except PostgresError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        return dg.MaterializeResult(metadata={"generation": current.folder.name})

    return postgres_marts


def holds(settings: Settings, folder: Path) -> bool:
    """Whether Postgres holds this generation already.

    Raises:
        PostgresError: it cannot be asked.
    """
    with _marts(settings, folder) as marts, _connection(settings) as postgres:
        wanted = _signature(folder, tables_of(marts, folder, postgres.server_version))
        return (wanted,) in _schema_comments(postgres)


def load(settings: Settings, folder: Path, *, anew: bool = False) -> None:
    """Load a generation in place of what the schema `marts` of the database holds.

    Args:
        settings: the address, and how much memory may be used.
        folder: of the generation.
        anew: make all tables again, whether they have changed or not.

    Raises:
        PostgresError: it could not be loaded; the schema stays as it was.
    """
    with _marts(settings, folder) as marts, _connection(settings) as postgres:
        tables = tables_of(marts, folder, postgres.server_version)
        signature = _signature(folder, tables)
        layout = signature.rpartition(" ")[2]
        _run(postgres, f"select pg_advisory_xact_lock({ONE_LOADER})")
        _refuse_foreign_schema(postgres)
        found = [comment for (comment,) in _schema_comments(postgres)]
        if not anew and found and found[0].endswith(layout):
            for table in tables:
                _change_rows(postgres, marts, table)
        else:
            _replace_schema(postgres, marts, tables)
        for table in tables:
            name = table.of(SCHEMA)
            _run(postgres, f"analyze {name}", *table.comments_on(name))
        _run(postgres, f"comment on schema {SCHEMA} is {literal(signature)}")
        postgres.commit()
        _drop_old_schemas(postgres)


def _change_rows(postgres: Connection, marts: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Delete the rows that are no more, and insert those that are new; the others stay untouched.

    Rows are compared as texts, which can be hashed, and in which two nulls are alike. Comparing a
    million charges takes 20 s, twice as long as loading them into fresh tables.
    """
    held, wanted = table.of(SCHEMA), table.of("pg_temp")
    _run(postgres, f"create temporary table {quoted(table.name)} ({table.columns}) on commit drop")
    _copy(postgres, marts, table, wanted)
    differ = "where not exists (select from {} as other where other::text = mine::text)"
    _run(
        postgres,
        f"analyze {wanted}",
        f"delete from {held} as mine {differ.format(wanted)}",  # noqa: S608 - quoted
        f"insert into {held} select * from {wanted} as mine {differ.format(held)}",  # noqa: S608
    )
    _check_count(postgres, table, held)


def _replace_schema(
    postgres: Connection, marts: duckdb.DuckDBPyConnection, tables: list[Table]
) -> None:
    """Make all tables anew and put them in the place of the old ones, which wait to be dropped."""
    _run(postgres, f"drop schema if exists {FRESH} cascade", f"create schema {FRESH}")
    for table in tables:
        fresh = table.of(FRESH)
        _run(postgres, f"create table {fresh} ({table.columns})")
        _copy(postgres, marts, table, fresh, "freeze")
        _run(postgres, *(index.format(fresh) for index in table.indexes))
        _check_count(postgres, table, fresh)
    _run(
        postgres,
        f"do $$ begin create role {READER} nologin; "
        "exception when duplicate_object or unique_violation then null; end $$",
        f"grant usage on schema {FRESH} to {READER}",
        f"grant select on all tables in schema {FRESH} to {READER}",
    )
    if _schema_comments(postgres):  # renaming waits for no reader
        ((now,),) = _rows(postgres, "select (extract(epoch from clock_timestamp()) * 1000)::bigint")
        _run(
            postgres,
            f"revoke all on schema {SCHEMA} from {READER}",
            f"alter schema {SCHEMA} rename to {OLD}{now}",
        )
    _run(postgres, f"alter schema {FRESH} rename to {SCHEMA}")


def _drop_old_schemas(postgres: Connection) -> None:
    old = _rows(postgres, f"select nspname from pg_namespace where starts_with(nspname, '{OLD}')")  # noqa: S608 - own name
    for (schema,) in old:
        try:
            _run(
                postgres,
                f"set local lock_timeout = '{PATIENCE}'",
                f"drop schema {quoted(schema)} cascade",
            )
            postgres.commit()
        except psycopg2.errors.LockNotAvailable:
            postgres.rollback()


def _copy(
    postgres: Connection,
    marts: duckdb.DuckDBPyConnection,
    table: Table,
    target: str,
    *options: str,
) -> None:
    rows = marts.table(f"{SCHEMA}.{quoted(table.name)}").to_arrow_reader()
    copy = f"copy {target} from stdin with ({', '.join(['format csv', *options])})"
    with postgres.cursor() as cursor:
        cursor.copy_expert(copy, Csv(rows), PIECE_BYTES)


def _check_count(postgres: Connection, table: Table, name: str) -> None:
    ((loaded,),) = _rows(postgres, f"select count(*) from {name}")  # noqa: S608 - quoted
    if loaded != table.rows:
        raise PostgresError(f"{table.name}: Postgres holds {loaded} rows, not {table.rows}")


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


def _signature(folder: Path, tables: list[Table]) -> str:
    """What the comment of the schema says: the generation, and how its tables are laid out."""
    layout = json.dumps([(table.name, table.columns, table.indexes) for table in tables])
    return f"{SIGNED}{folder.name}, layout {hashlib.sha256(layout.encode()).hexdigest()[:12]}"


def _run(postgres: Connection, *statements: str) -> None:
    with postgres.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _rows(postgres: Connection, query: str) -> list[tuple[Any, ...]]:
    with postgres.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def _marts(settings: Settings, folder: Path) -> duckdb.DuckDBPyConnection:
    return open_database(folder / MARTS, settings)


@contextmanager
def _connection(settings: Settings) -> Iterator[Connection]:
    address = settings.postgres_url
    if address is None:
        raise PostgresError("PSA_POSTGRES_URL is not set")
    parts = urlsplit(address)
    try:
        with closing(psycopg2.connect(address)) as connection:
            # Whatever the default: a load sees what the one before it has committed.
            connection.set_session(isolation_level="READ COMMITTED")
            yield connection
    except psycopg2.Error as error:
        said = str(error)
        in_query = dict(parse_qsl(parts.query)).get("password")
        for secret in (address, parts.password, unquote(parts.password or ""), in_query):
            said = said.replace(secret, "***") if secret else said
        raise PostgresError(
            f"PSA_POSTGRES_URL: the marts could not be loaded into {parts.hostname}: {said}"
        ) from None
