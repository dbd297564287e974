"""Values at the edges of what the macros of the engine room have to treat alike."""

import unicodedata
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.po_texts import WHITE_SPACE, ZEROS

FOLDER = "edges"  # beside what Spark has built
LARGEST = 10**14 - Decimal("0.0001")  # of 18 digits, four of them after the point

# Name -> the query that both engines compile from the same macros.
COMPARED = {
    "texts": """
    select
        value,
        {{ upper_case('value') }} as in_capitals,
        {{ trimmed('value') }} as trimmed_text,
        {{ stripped('value') }} as stripped_text,
        {{ unwrapped('value') }} as unwrapped_text,
        {{ tidy_po('value') }} as tidy_text,
        {{ label('value') }} as label_text,
        {{ plain_po('value') }} as plain_text,
        {{ is_blank('value') }} as is_blank,
        {{ has_digit('value') }} as has_digit,
        {{ is_exponent_form('value') }} as is_exponent_form
    from edges
    """,
    "amounts": """
    select
        part,
        whole,
        {{ percentage('part', 'whole') }} as share_pct,
        {{ percentage('cast(1 as bigint)', 'cast(part as bigint)') }} as share_of_count_pct
    from edges
    """,
    "days": """
    select
        first_day,
        second_day,
        cast({{ days_between('first_day', 'second_day') }} as bigint) as day_count,
        {{ add_days('first_day', -1) }} as day_before,
        {{ first_day_of_month('first_day') }} as month_day,
        {{ weekday_number('first_day') }} as weekday_number,
        {{ weekday_name('first_day') }} as weekday_name,
        {{ month_name('first_day') }} as month_name,
        cast(extract(week from first_day) as integer) as week_number
    from edges
    """,
}

# Rows that no mart can hold: an entry that was posted for more than fits, a company without an id.
REFUSED_ROWS = (
    "insert into intermediate.int_postings (time_entry_id, labor_amount, item_count) "
    "select time_entry_id, cast(199999999999999.9998 as decimal(38, 4)), 2 "
    "from intermediate.int_lines_resolved "
    "where line_kind = 'time_entry' and billing_amount is null limit 1",
    "insert into staging.stg_autotask__companies by name "
    "select * except (company_id), cast(null as bigint) as company_id "
    "from staging.stg_autotask__companies limit 1",
)
# Model -> what the message about it says, among other things.
REFUSED = {
    "fct_time_entries_po_resolved": (
        "model fct_time_entries_po_resolved: ",
        "fct_time_entries_po_resolved.billing_amount: conversion to type DECIMAL(18, 4) failed",
        "A sum does not fit (MRT-27). A line probably has an amount that is none",
    ),
    "dim_companies": (
        "model dim_companies: ",
        "NOT NULL constraint failed: dim_companies.company_id",
        "PSA_ENGINE=duckdb",
    ),
}


def write_edges(folder: Path) -> None:
    """Write a parquet file for each of these."""
    folder.mkdir()
    money: list[Decimal | None] = [
        Decimal(0),
        Decimal(-1),
        Decimal("0.0001"),
        Decimal("0.005"),
        Decimal(3),
        Decimal(800),
    ]
    money += [LARGEST, -LARGEST, Decimal(5) * 10**13, None]
    days: list[date | None] = [
        date(1, 1, 1),
        date(1, 1, 2),
        date(1582, 10, 15),
        date(1900, 2, 28),
        date(2024, 2, 29),
    ]
    days += [date(2021, 1, 3), date(2026, 12, 31), date(9999, 12, 31), None]
    decimal = pa.decimal128(18, 4)
    tables = {
        "texts": {"value": pa.array([*_texts(), None], pa.string())},
        "amounts": {
            "part": pa.array([part for part in money for _ in money], decimal),
            "whole": pa.array([whole for _ in money for whole in money], decimal),
        },
        "days": {
            "first_day": pa.array([day for day in days for _ in days], pa.date32()),
            "second_day": pa.array([day for _ in days for day in days], pa.date32()),
        },
    }
    for name, columns in tables.items():
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")


def _texts() -> Iterator[str]:
    """Every letter with a capital, every number and space, alone and among others."""
    for code_point in range(1, 0x110000):
        letter = chr(code_point)
        category = unicodedata.category(letter)
        if category in ("Cs", "Cn", "Co"):
            continue
        matters = letter.upper() != letter or category[0] == "N" or code_point % 97 == 0
        if matters or code_point in WHITE_SPACE or code_point in ZEROS:
            yield letter
            yield f" {letter}0{letter}\t"
    yield from ("", "null", "NULL ", "it's", "'0045", '="0045"', '=""', "4500012.0", "4.5E+09")
    yield from ("a\nb", "12\n", "\n", "\\1", "$1", "%_", "0,5E+1", "Stra\u00dfe", "\ufb01x 7", "-")
