"""What the facts were last made from, kept so that the next build knows what has changed since."""

import uuid
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


def keep_previous(warehouse: Path) -> str:
    """Keep what the marts were made from, in schema `previous` of the warehouse.

    Only after a build that was complete, and that nothing has changed since: neither a model nor a
    seed, setting or package, nor the databases. The next build may then bring its facts up to date.

    Args:
        warehouse: the database of staging and intermediate models.

    Returns:
        What the variable PSA_PREVIOUS of dbt's environment must be, for this one build: a dbt that
        does not know it makes everything anew.
    """
    token = uuid.uuid4().hex
    with duckdb.connect(
        warehouse, config={"memory_limit": "1500MB", "preserve_insertion_order": False}
    ) as connection:
        connection.execute("begin")
        connection.execute("drop schema if exists previous cascade")
        connection.execute("create schema previous")
        for table in KEPT:
            name = table.split(".")[1]
            connection.execute(f"create table previous.{name} as from {table}")
        connection.execute("create table previous.token as select ? as token", [token])
        connection.execute("commit")
    return token


def forget_previous(warehouse: Path) -> None:
    """Drop what `keep_previous` kept: a build may have changed the facts since."""
    with duckdb.connect(warehouse) as connection:
        connection.execute("drop schema if exists previous cascade")
