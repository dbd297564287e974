"""What the facts were last made from, kept so that the next build knows what has changed since."""

from pathlib import Path

import duckdb

# All that a line of a fact depends on beside the project itself and its own row.
KEPT = (
    "staging.stg_ingest__contents",
    "staging.stg_autotask__companies",
    "intermediate.int_po_parents",
    "intermediate.int_parent_po_periods",
    "intermediate.int_labor_tracking",
)
VARIABLE = "PSA_PREVIOUS"


def keep_previous(warehouse: Path, build: str) -> None:
    """Keep what the facts were made from, in schema `previous` of the warehouse.

    To be called as soon as a build is complete, its tests passed. The next build brings the facts
    up to date when dbt's environment holds the name of this one in PSA_PREVIOUS. It must not, when
    anything else that the facts depend on has changed: models, macros, seeds, vars, packages.
    Every other run of dbt drops what is kept, and so does the second that is told of it: either
    may have changed the facts.

    Args:
        warehouse: the database of staging and intermediate models.
        build: a name that no other build has.
    """
    with duckdb.connect(
        warehouse, config={"memory_limit": "1500MB", "preserve_insertion_order": False}
    ) as connection:
        connection.execute("begin")
        connection.execute("drop schema if exists previous cascade")
        connection.execute("create schema previous")
        for table in KEPT:
            name = table.split(".")[1]
            connection.execute(f"create table previous.{name} as from {table}")
        connection.execute("create table previous.token as select ? as token", [build])
        connection.execute("commit")


def forget_previous(warehouse: Path) -> None:
    """Drop what `keep_previous` kept: the next build is to make the facts anew."""
    with duckdb.connect(warehouse) as connection:
        connection.execute("drop schema if exists previous cascade")
