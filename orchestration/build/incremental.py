"""What the facts were last built from, kept so that the next build knows what has changed since."""

from pathlib import Path

from orchestration.settings import Settings
from orchestration.warehouse import open_database

# Everything that a line of a fact depends on, apart from the project itself and its own row.
KEPT = (
    "staging.stg_ingest__contents",
    "staging.stg_autotask__companies",
    "intermediate.int_po_parents",
    "intermediate.int_parent_po_periods",
    "intermediate.int_labor_tracking",
    "intermediate.int_posted_charges",
    "intermediate.int_posted_time_entries",
    "intermediate.int_cancelled_statuses",
    "staging.stg_autotask__billing_codes",
)
VARIABLE = "PSA_PREVIOUS"


def keep_previous(warehouse: Path, settings: Settings, build: str) -> None:
    """Keep what the facts were built from, in schema `previous` of the warehouse.

    To be called right before a build that follows a complete, undisturbed one of the same code:
    models, macros, seeds, vars, packages. The build brings the facts up to date when dbt's
    environment holds its name in PSA_PREVIOUS. Every other run of dbt drops what is kept, and so
    does the second that is told of it: either may have changed the facts.

    Args:
        warehouse: the database of staging and intermediate models.
        settings: how much memory there is.
        build: name of the build that is about to start; no other has it.
    """
    with open_database(warehouse, settings, read_only=False) as connection:
        connection.execute("begin")
        connection.execute("drop schema if exists previous cascade")
        connection.execute("create schema previous")
        for table in KEPT:
            name = table.split(".")[1]
            connection.execute(f"create table previous.{name} as from {table}")
        connection.execute("create table previous.token as select ? as token", [build])
        connection.execute("commit")
