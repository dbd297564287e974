"""What all values of a file together give away of how they were written (RAW-20, RAW-21, RAW-22).

Gathered column by column, piece by piece, in memory that does not grow with the file. A column that
can no longer be suspected is not looked at again: after its first piece, in nearly every file.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

from schemas.forms import LOCAL_DATE, ORDERS, Forms, iso_dates, plain_number

# Numbers that a decimal point alone explains: not three digits after it.
SURELY_BY_POINT = r"^[+-]?[0-9]+\.([0-9]{1,2}|[0-9]{4,})$"
LEAST_GROUPED, LEAST_SHIFTED = 3, 20
NOON, HOUR = 12 * 3600, 3600


class Example(NamedTuple):
    """A value of a file, and the number of its row."""

    row: int
    value: str


@dataclass
class _Marks:
    """How often which mark explains the numbers of a column."""

    by_point: int = 0
    by_comma: int = 0
    grouped: dict[str, int] = field(default_factory=lambda: {".": 0, ",": 0})
    example: Example | None = None

    def take(self, text: pl.Series, rows: pl.Series) -> None:
        marked = text.str.contains(r"[.,]").fill_null(value=False)
        values = pl.DataFrame({"value": text, "row": rows}).filter(marked)
        counted = values.group_by("value").agg(pl.len(), pl.col("row").min()).sort("row")
        for value, count, row in counted.iter_rows():
            point, comma = (plain_number(value, mark) is not None for mark in ".,")
            if point and not comma:
                self.by_point += count
            if comma and not point:
                self.by_comma += count
            if comma and "," not in value:
                self.grouped["."] += count
            if point and "." not in value:
                self.grouped[","] += count
            if comma or point:
                self._remember(Example(row, value), is_sure=comma and not point)

    def _remember(self, example: Example, *, is_sure: bool) -> None:
        if self.example is None or (is_sure and plain_number(self.example.value, ".") is not None):
            self.example = example


@dataclass
class _Times:
    """The times of day of a date column that is given as timestamps."""

    count: int = 0
    seconds: set[int] = field(default_factory=set)
    example: Example | None = None

    @property
    def may_be_shifted(self) -> bool:
        """Whether all of them are one time of day, or two an hour apart, from noon on."""
        return (
            len(self.seconds) < 3
            and min(self.seconds, default=NOON) >= NOON
            and max(self.seconds, default=0) - min(self.seconds, default=0) in (0, HOUR)
        )


class Suspicions:
    """What a file gives away, as far as its rows were judged.

    Attributes:
        rows: numbers of the rows of the piece that is judged.
        shaped_by: what of the forms can make another reading of the file come to other values.
        notes: counts of values that could not be taken from user-defined fields.
    """

    def __init__(self, forms: Forms) -> None:
        """Say by what the file is read."""
        self.forms = forms
        self.rows = pl.Series(dtype=pl.Int64)
        self._marks: dict[str, _Marks] = {}
        self._settled: set[str] = set()
        self._times: dict[str, _Times] = {}
        self._other_order: tuple[str, Example] | None = None
        self.shaped_by: set[str] = set()
        self.notes: dict[str, int] = {}

    def numbers(self, column: str, text: pl.Series) -> None:
        """Look at texts of a number column; those that are surely plain may be left out."""
        if not self.forms.is_local or column in self._settled:
            return
        if "decimal_mark" not in self.shaped_by and text.str.contains("[.,]").any():
            self.shaped_by.add("decimal_mark")
        if self.forms.decimal_mark:
            if "decimal_mark" in self.shaped_by:
                self._settled.add(column)
        elif text.str.contains(SURELY_BY_POINT).any():
            self._settled.add(column)
            self._marks.pop(column, None)
        else:
            self._marks.setdefault(column, _Marks()).take(text, self.rows)

    def dates(self, column: str, text: pl.Series, is_read: pl.Series) -> None:
        """Look at dates that are not ISO: are they of another order than the one that is set?"""
        if not self.forms.is_local or not text.str.contains(LOCAL_DATE).any():
            return
        self.shaped_by.add("date_order")
        if self._other_order:
            return
        for order in ORDERS[1:]:
            other = iso_dates(text, order).str.slice(0, 10).str.to_date(strict=False)
            found = (other.is_not_null() & ~is_read).arg_true()
            if len(found):
                self._other_order = column, Example(self.rows[found[0]], text[found[0]])
                return

    def timestamps(self, column: str, text: pl.Series, is_shifted: pl.Series | None) -> None:
        """Look at the times of day of a date column.

        Args:
            column: its name.
            text: ISO dates and timestamps, all else null.
            is_shifted: which of them a time zone has moved to their date already.
        """
        timed = text.str.len_bytes() > len("2026-11-20")
        if not timed.any():
            return
        self.shaped_by.add("zone")
        times = self._times.setdefault(column, _Times())
        if not times.may_be_shifted:
            return
        if is_shifted is not None:
            timed &= ~is_shifted
        found = timed.arg_true()
        if not len(found):
            return
        if times.example is None:
            times.example = Example(self.rows[found[0]], text[found[0]])
        times.count += len(found)
        clock = text.gather(found).str.slice(11, 8).unique()
        for reading in clock.to_list():
            seconds = reading[6:] if reading[5:6] == ":" else "0"  # a zone may follow the minutes
            times.seconds.add(int(reading[:2]) * HOUR + int(reading[3:5]) * 60 + int(seconds))
            if len(times.seconds) > 2:
                return

    def other_mark(self, small: set[str]) -> tuple[str, Example, str] | None:
        """The first column whose numbers were written with another mark than a point, and why.

        Args:
            small: columns that hold no thousands, so that three decimals are just these.
        """
        for column, marks in self._marks.items():
            if not marks.example or marks.by_point:
                continue
            if marks.by_comma:
                why = f"only a decimal comma explains {marks.by_comma:,} of its values"
            elif marks.grouped["."] >= LEAST_GROUPED and column not in small:
                why = f"all {marks.grouped['.']:,} values with points could be thousands"
            elif marks.grouped[","] >= LEAST_GROUPED:
                why = f"all {marks.grouped[',']:,} values with commas could be thousands"
            else:
                continue
            return column, marks.example, why
        return None

    def other_order(self) -> tuple[str, Example] | None:
        """The first date that only another order explains."""
        return self._other_order

    def shifted_dates(self) -> list[tuple[str, Example, int]]:
        """Date columns that a time zone has shifted, by their looks."""
        return [
            (column, times.example, times.count)
            for column, times in self._times.items()
            if times.example and times.count >= LEAST_SHIFTED and times.may_be_shifted
        ]
