"""What arrives in a night, made from a generated extract of parquet files."""

from datetime import date
from pathlib import Path

import duckdb

from data.generator.dice import EXTRACT_DATE

APART = 10**10  # new ids are this far from those of the extract, and of the night before
SHARE = 100  # one line in so many is new
CONTRACTS = 5


def deliver_night(landing: Path, night: date) -> None:
    """Deliver 1 % new charges, 1 % new time entries and a list of contracts, five of them changed.

    New lines come as upserts, contracts as a complete snapshot, as the export delivers them.
    """
    number = (night - EXTRACT_DATE).days
    stamp = f"timestamptz '{night} 01:00:00+00'"
    for table, changes in {
        "charges": "null::varchar as invoice_number, null::bigint as milestone_id, "
        f"date '{night}' as date_purchased",
        "time_entries": f"null::varchar as invoice_number, date '{night}' as date_worked",
    }.items():
        _deliver(
            landing / "autotask" / table / f"{night}.parquet",
            f"""
            select * replace (id + {APART * number} as id, {stamp} as last_modified_at, {changes})
            from delivered where id % {SHARE} = {number % SHARE}
            """,  # noqa: S608 - numbers and dates of our own
        )
    _deliver(
        landing / "autotask" / "contracts" / f"{night}.full.parquet",
        f"""
        with changed as (
            select id from delivered where purchase_order_number is not null
            order by id limit {CONTRACTS} offset {CONTRACTS * number}
        )
        select * replace (
            case when id in (from changed) then 'NIGHT {number}-' || id
            else purchase_order_number end as purchase_order_number,
            case when id in (from changed) then {stamp} else last_modified_at end
                as last_modified_at
        )
        from delivered
        """,  # noqa: S608
    )


def _deliver(path: Path, query: str) -> None:
    newest = max(path.parent.glob("*.full.parquet"))
    with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
        connection.execute("set timezone = 'UTC'; set enable_progress_bar = false")
        connection.read_parquet(str(newest)).create_view("delivered")
        connection.sql(query).write_parquet(str(path), compression="zstd")
