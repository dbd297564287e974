"""The grammar of single values : what is read, how it is rounded, what is refused."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.grammar import parse

ID, MONEY, HOURS = pl.Int64(), pl.Decimal(18, 4), pl.Decimal(12, 4)
DATE, TIMESTAMP, BOOL, TEXT = pl.Date(), pl.Datetime("us"), pl.Boolean(), pl.String()

READ: list[tuple[pl.DataType, str, Any]] = [
    (ID, "12", 12),
    (ID, " -7 ", -7),
    (ID, "+5", 5),
    (ID, "12.0", 12),
    (ID, "12.000", 12),
    (ID, "1.2e1", 12),
    (ID, "1e3", 1000),
    (ID, "0e5", 0),
    (ID, "9223372036854775807", 2**63 - 1),
    (ID, "-9223372036854775808", -(2**63)),
    (MONEY, "1.2345", Decimal("1.2345")),
    (MONEY, "1.23445", Decimal("1.2345")),
    (MONEY, "-1.23445", Decimal("-1.2345")),
    (MONEY, "1.234449999", Decimal("1.2344")),
    (MONEY, "+0.00005", Decimal("0.0001")),
    (MONEY, "1.5E-3", Decimal("0.0015")),
    (MONEY, "1e2", Decimal(100)),
    (MONEY, "000000000000000000001.50", Decimal("1.5")),
    (MONEY, "99999999999999.99994", Decimal("99999999999999.9999")),
    (HOURS, "0.25", Decimal("0.25")),
    (DATE, "2026-02-28", date(2026, 2, 28)),
    (DATE, "2026-02-28T23:59:59-08:00", date(2026, 2, 28)),
    (DATE, "2026-02-28 10:00:00.123", date(2026, 2, 28)),
    (TIMESTAMP, "2026-02-28", datetime(2026, 2, 28)),
    (TIMESTAMP, "2026-02-28T10:20:30Z", datetime(2026, 2, 28, 10, 20, 30)),
    (TIMESTAMP, "2026-02-28T10:20:30.5", datetime(2026, 2, 28, 10, 20, 30, 500_000)),
    (TIMESTAMP, "2026-02-28 10:20:30.1234567 UTC", datetime(2026, 2, 28, 10, 20, 30, 123_456)),
    (TIMESTAMP, "1969-12-31t23:59:59.9+00", datetime(1969, 12, 31, 23, 59, 59, 900_000)),
    (TIMESTAMP, "2026-02-28T23:30:00-05:30", datetime(2026, 3, 1, 5, 0)),
    (TIMESTAMP, "2026-02-28 00:30+0100", datetime(2026, 2, 27, 23, 30)),
    (BOOL, "TRUE", True),
    (BOOL, " y ", True),
    (BOOL, "No", False),
    (BOOL, "0", False),
    (TEXT, " as it is ", " as it is "),
    (TEXT, "007", "007"),
]

REFUSED: list[tuple[pl.DataType, str]] = [
    *(
        (ID, text)
        for text in ("12.6", "1e-1", "9223372036854775808", "0x1", "1_000", "\uff11\uff12", "x")
    ),
    (ID, "1e999999999"),
    (ID, "1e99999999999999999999"),
    *((MONEY, text) for text in ("1,000", "$5", ".5", "5.", "NaN", "inf", "--1", "1e", "1 000")),
    (MONEY, "100000000000000"),
    (MONEY, "99999999999999.99995"),
    (HOURS, "100000000"),
    *((DATE, text) for text in ("2026-02-30", "2026-2-3", "20260203", "03/02/2026", "today")),
    (DATE, "2026-02-03T25:00:00"),
    (TIMESTAMP, "2026-02-03T10"),
    (TIMESTAMP, "2026-02-30T10:00:00"),
    (TIMESTAMP, "2026-02-28T10:20:60Z"),
    (TIMESTAMP, "2026-02-28T24:00:00Z"),
    *((BOOL, text) for text in ("2", "t", "wahr", "1.0")),
]


@pytest.mark.parametrize(("dtype", "text", "value"), READ)
def test_a_value_is_read_from_its_text(dtype: pl.DataType, text: str, value: object) -> None:
    """RAW-4, RAW-5, RAW-6."""
    typed, unread = parse(pl.Series([text]), dtype)
    assert (typed.dtype, typed.to_list(), unread.to_list()) == (dtype, [value], [None])


@pytest.mark.parametrize("dtype", [ID, MONEY, TIMESTAMP])
def test_a_column_in_all_spellings_is_read_as_each_alone(dtype: pl.DataType) -> None:
    read = [(text, value) for kind, text, value in READ if kind == dtype]
    refused = [text for kind, text in REFUSED if kind == dtype]
    texts = [*(text for text, _ in read), *refused, None]
    typed, unread = parse(pl.Series(texts), dtype)
    assert typed.to_list() == [value for _, value in read] + [None] * (len(refused) + 1)
    assert unread.to_list() == [None] * len(read) + refused + [None]


@pytest.mark.parametrize(("dtype", "text"), REFUSED)
def test_what_is_not_of_its_type_is_carried_along_not_lost(dtype: pl.DataType, text: str) -> None:
    """RAW-4, RAW-5."""
    typed, unread = parse(pl.Series([text, "", None]), dtype)
    assert (typed.to_list(), unread.to_list()) == ([None] * 3, [text, None, None])


@pytest.mark.parametrize("dtype", [ID, MONEY, HOURS, DATE, TIMESTAMP, BOOL, TEXT])
def test_an_empty_text_is_null_everywhere(dtype: pl.DataType) -> None:
    """RAW-6."""
    typed, unread = parse(pl.Series(["", None], dtype=pl.String), dtype)
    assert typed.to_list() == unread.to_list() == [None, None]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.decimals(-(10**13), 10**13, allow_nan=False, places=7), st.sampled_from(["f", "e", "E"]))
def test_decimals_round_half_away_from_zero(value: Decimal, style: str) -> None:
    """RAW-4."""
    typed, _ = parse(pl.Series([format(value, style)]), MONEY)
    scaled = abs(int(value.scaleb(7)))
    expected = Decimal((scaled + 500) // 1000).scaleb(-4).copy_sign(value)
    assert typed.to_list() == [expected]


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        (pl.Series([1.1, 4500012.0, 1e-7]), MONEY, [Decimal("1.1"), Decimal(4500012), Decimal(0)]),
        (pl.Series([1.0, float("nan"), None]), ID, [1, None, None]),
        (pl.Series([4500012.0, float("nan"), 1.5]), TEXT, ["4500012", None, "1.5"]),
        (pl.Series([1.0, 0.0, float("nan")]), BOOL, [True, False, None]),
        (pl.Series([7], dtype=pl.UInt8), ID, [7]),
        (pl.Series([Decimal("1.23445")]), MONEY, [Decimal("1.2345")]),
        (pl.Series([True, None]), BOOL, [True, None]),
        (pl.Series([4500012]), TEXT, ["4500012"]),
        (pl.Series([date(2026, 1, 2)]), TIMESTAMP, [datetime(2026, 1, 2)]),
        (pl.Series([datetime(2026, 1, 2, 23)]), DATE, [date(2026, 1, 2)]),
        (
            pl.Series([datetime(2026, 1, 2, 23, tzinfo=ZoneInfo("America/New_York"))]),
            TIMESTAMP,
            [datetime(2026, 1, 3, 4)],
        ),
        (
            pl.Series([datetime(2026, 1, 2, 23)]).dt.replace_time_zone("America/New_York"),
            DATE,
            [date(2026, 1, 2)],
        ),
    ],
)
def test_typed_columns_of_parquet_follow_the_same_rules(
    values: pl.Series, dtype: pl.DataType, expected: list[object]
) -> None:
    """RAW-6."""
    typed, unread = parse(values, dtype)
    assert typed.dtype == dtype
    assert typed.to_list() == expected
    assert unread.null_count() == len(values)
