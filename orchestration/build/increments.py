"""When facts need only be brought up to date, and what dbt then has to know of the build before.

From one night to the next few lines change, and writing all of them is most of what facts cost. dbt
rewrites the lines that are due (models `int_charges_due`, `int_time_entries_due`), which is right
only on three conditions (PUB-6); the first is the caller's to see to:

- The warehouse holds a complete, tested build of the same code, and nothing has touched it since.
- Of the deliveries that its lines came from none was taken out, replaced or judged anew. So a line
  has changed only if its row is of a new delivery, or gone, or what it refers to has changed.
- The fact has the columns that it should have.

A fact for which that does not hold is made anew, and so is one of which that takes no longer. The
names of the others travel in PSA_RUN_UPDATED_FACTS to the one dbt that is started for this build;
any other dbt finds none and makes all facts anew.
"""

from collections.abc import Callable, Mapping
from typing import Any

import duckdb

from orchestration.ingest.assets import batches_file
from orchestration.settings import Settings
from orchestration.warehouse import MARTS, SCHEMA, WAREHOUSE, open_database
from schemas import parts_of

UPDATED_FACTS = "PSA_RUN_UPDATED_FACTS"
# Fact -> the raw table of its lines; the tables that are part of it count with it.
LINES = {"fct_charges_po_resolved": "charges", "fct_time_entries_po_resolved": "time_entries"}
# What the models `int_*_due` and `int_parents_changed` compare with, apart from the facts.
KEPT = (
    "staging.stg_ingest__batches",
    "intermediate.int_psa__companies",
    "intermediate.int_psa__material_codes",
    "intermediate.int_po_parents",
    "intermediate.int_parent_po_periods",
    "intermediate.int_labor_tracking",
    "intermediate.int_postings",
    "intermediate.int_psa__cancelled_statuses",
)
MOST_DELIVERED = 0.3  # of a fact; to write all is as quick then
MOST_DELETED = 0.2  # of its rows: what is deleted stays in the file, and in the way of every scan

CONTENTS = """
    select table_name, batch, batch_kind, content_hash, schema_version, extracted_at, loaded
    from {contents}
    where source = 'autotask' and table_name in {tables} and not is_replaced and not is_refused
"""


def facts_to_update(
    settings: Settings, manifest: Mapping[str, Any], say: Callable[[str], None]
) -> list[str]:
    """Choose the facts that dbt may bring up to date, and keep what it has to compare with.

    To be called right before dbt is started, on what a complete build of the same code has left.

    Args:
        settings: where the warehouse lies.
        manifest: what dbt knows of its project.
        say: takes a sentence for each fact.

    Returns:
        Their names; schema `previous` of the warehouse holds what the build before knew.
    """
    facts = []
    with open_database(settings.warehouse_dir / WAREHOUSE, settings, read_only=False) as connection:
        marts = str(settings.warehouse_dir / MARTS).replace("'", "''")
        # Under the name that dbt knows, because the views in `previous` are read by dbt.
        connection.execute(f"attach '{marts}' as psa_marts (read_only)")
        connection.execute("drop schema if exists previous cascade")
        for fact in LINES:
            if reason := _reason_to_make_anew(connection, fact, settings, manifest):
                say(f"{fact} is made anew: {reason}")
            else:
                say(f"{fact} is brought up to date")
                facts.append(fact)
        if facts:
            connection.execute("create schema previous")
            for table in KEPT:
                name = table.partition(".")[2]
                connection.execute(f"create table previous.{name} as from {table}")
            for fact in facts:
                connection.execute(f"create view previous.{fact} as from psa_marts.{SCHEMA}.{fact}")
    return facts


def _reason_to_make_anew(
    connection: duckdb.DuckDBPyConnection,
    fact: str,
    settings: Settings,
    manifest: Mapping[str, Any],
) -> str:
    columns = manifest["nodes"][f"model.po_billing.{fact}"]["columns"].values()
    declared = connection.sql(
        "select "
        + ", ".join(f"cast(null as {one['data_type']}) as {one['name']}" for one in columns)
    )
    try:
        found = connection.table(f"psa_marts.{SCHEMA}.{fact}")
    except duckdb.CatalogException:
        return "there is none yet"
    if (found.columns, found.types) != (declared.columns, declared.types):
        return "its columns have changed"

    tables = (LINES[fact], *parts_of("autotask", LINES[fact]))
    listed = f"({', '.join(repr(table) for table in tables)})"
    file = str(batches_file(settings)).replace("'", "''")
    now = CONTENTS.format(contents=f"read_parquet('{file}')", tables=listed)
    before = CONTENTS.format(contents="staging.stg_ingest__contents", tables=listed)
    (gone, delivered, rows, stored) = connection.execute(
        f"""
        select
            (select count(*) from ({before} except {now})),
            (select coalesce(sum(loaded), 0) from ({now} except {before})),
            (select count(*) from psa_marts.{SCHEMA}.{fact}),
            (
                select estimated_size from duckdb_tables()
                where database_name = 'psa_marts' and table_name = '{fact}'
            )
        """  # noqa: S608 - names of our own
    ).fetchall()[0]
    if gone:
        return f"{gone:,} of its deliveries were taken out, replaced or judged anew"
    if delivered > rows * MOST_DELIVERED:
        return f"{delivered:,} rows were delivered, and it has {rows:,}"
    if stored > rows * (1 + MOST_DELETED):
        return f"{stored - rows:,} deleted rows have piled up"
    return ""
