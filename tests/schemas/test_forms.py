"""Local numbers and dates: the product and the oracle read any text alike."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.forms import Forms
from schemas.grammar import Column, parse
from schemas.suspicions import Suspicions
from tests.oracle.forms import Forms as OracleForms
from tests.oracle.forms import is_of_another_order, looks_like_another_mark
from tests.oracle.tables import parse_value

_DIGITS = st.text("0123456789", min_size=1, max_size=4)
_JOINTS = st.sampled_from([".", ",", "'", " ", "\u00a0", "", "-", "e"])
_AROUND = st.sampled_from(["", "", "", "-", "+", "(", ")", "$", "EUR", " ", "€", "usd"])


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Texts that look like numbers, most of them in some local form."""
    parts = [draw(_AROUND), draw(_AROUND), draw(_DIGITS)]
    for _ in range(draw(st.integers(0, 3))):
        digits = draw(st.one_of(_DIGITS, st.text("0123456789", min_size=3, max_size=3)))
        parts += [draw(_JOINTS), digits]
    return "".join([*parts, draw(_AROUND), draw(_AROUND)])


@st.composite
def dates(draw: st.DrawFn) -> str:
    """Texts that look like local dates, some with a time of day."""
    first, second = (draw(st.integers(0, 32)) for _ in range(2))
    joint, year = draw(st.sampled_from("/.-")), draw(st.sampled_from(["2026", "2024", "26"]))
    hour, minute = draw(st.integers(0, 25)), draw(st.integers(0, 61))
    half = draw(st.sampled_from(["", " PM", "am", " a.m."]))
    time = draw(st.sampled_from(["", f" {hour}:{minute:02}{half}", f", {hour:02}:{minute:02}:05"]))
    return f"{first}{joint}{draw(st.sampled_from(['', '0']))}{second}{joint}{year}{time}"


def _by_oracle(kind: str, text: str, forms: OracleForms) -> Any:
    try:
        return parse_value(kind, text, "any", forms)
    except ValueError:
        return None


@pytest.mark.parametrize("mark", [".", ","])
@settings(max_examples=150, deadline=None, derandomize=True)
@given(texts=st.lists(numbers(), max_size=20))
def test_any_number_is_read_as_the_oracle_reads_it(mark: str, texts: list[str]) -> None:
    """RAW-20."""
    column = Column("any", Forms(is_local=True, decimal_mark=mark))
    told = OracleForms(is_local=True, decimal_mark=mark)
    for kind, dtype in (("money", pl.Decimal(18, 4)), ("id", pl.Int64())):
        read, _ = parse(pl.Series(texts, dtype=pl.String), dtype, column)
        assert read.to_list() == [_by_oracle(kind, text, told) for text in texts]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(numbers(), max_size=4), st.integers(1, 3), st.booleans())
@example(["1.234", "2.345", "3.456"], 2, True)
@example(["1,234", "2,345", "3,456"], 1, True)
@example(["1.234", "12,50"], 1, True)
def test_the_mark_of_a_column_is_suspected_as_the_oracle_does(
    texts: list[str], pieces: int, has_thousands: bool
) -> None:
    """RAW-20."""
    forms = Forms(is_local=True)
    seen = Suspicions(forms)
    for at in range(pieces):
        piece = pl.Series(texts[at::pieces], dtype=pl.String)
        seen.rows = pl.int_range(len(piece), eager=True)
        parse(piece, pl.Decimal(18, 4), Column("any", forms, seen))
    suspected = seen.other_mark(set() if has_thousands else {"any"}) is not None
    assert suspected == looks_like_another_mark(texts, has_thousands=has_thousands)


@pytest.mark.parametrize("order", ["ymd", "mdy", "dmy"])
@settings(max_examples=150, deadline=None, derandomize=True)
@given(texts=st.lists(dates(), max_size=20))
def test_any_date_is_read_as_the_oracle_reads_it(order: str, texts: list[str]) -> None:
    """RAW-21."""
    forms = Forms(is_local=True, date_order=order)
    told = OracleForms(is_local=True, date_order=order)
    for kind, dtype in (("date", pl.Date()), ("ts", pl.Datetime("us"))):
        seen = Suspicions(forms)
        seen.rows = pl.int_range(len(texts), eager=True)
        read, _ = parse(pl.Series(texts, dtype=pl.String), dtype, Column("any", forms, seen))
        assert read.to_list() == [_by_oracle(kind, text, told) for text in texts]
        is_refused = any(is_of_another_order(text, order) for text in texts)
        assert (seen.other_order() is not None) == is_refused


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.dates(date(1990, 1, 1), date(2098, 12, 31)),
    st.integers(0, 23),
    st.sampled_from(["", "Z", "+00:00", "-05:00", "+0530"]),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Auckland"]),
)
def test_any_timestamp_falls_on_the_day_that_the_oracle_says(
    day: date, hour: int, zone: str, tenant: str
) -> None:
    """RAW-22."""
    text = f"{day}T{hour:02}:00:00{zone}"
    read, _ = parse(pl.Series([text]), pl.Date(), Column("any", Forms(zone=tenant)))
    assert read[0] == _by_oracle("date", text, OracleForms(zone=tenant))
