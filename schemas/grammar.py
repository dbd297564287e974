"""How the text of an extract becomes a typed value: numbers, dates, timestamps and booleans.

Only the grammar of single values belongs here; which column has which type is said by the tables.
Money never passes through a float: a value is read from its text or refused.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from functools import partial
from typing import NamedTuple

import polars as pl

from schemas.forms import NUMBER, PLAIN, Forms, iso_dates, plain_number
from schemas.suspicions import Suspicions

DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?"
ZONE = r" ?(Z|z|UTC|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
# What nearly all exports write: to the second or beyond, in UTC.
UTC_TIMESTAMP = (
    rf"^{DATE}[Tt ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?"
    r"( ?(Z|z|UTC|[+-]00(:?00)?))?$"
)
DATE_OR_TIMESTAMP = f"^{DATE}([Tt ]{TIME}({ZONE})?)?$"
TIMESTAMP_PARTS = (
    f"^(?P<date>{DATE})"
    r"([Tt ](?P<minutes>[0-9]{2}:[0-9]{2})(:(?P<seconds>[0-9]{2})(\.(?P<fraction>[0-9]+))?)?"
    r" ?(?P<zone>Z|z|UTC|(?P<sign>[+-])(?P<zone_hours>[0-9]{2}):?(?P<zone_minutes>[0-9]{2})?)?)?$"
)
BOOLEANS = {
    "true": True,
    "yes": True,
    "y": True,
    "1": True,
    "false": False,
    "no": False,
    "n": False,
    "0": False,
}
# What a reader appends to a number of which the file has lost digits: it is no text of a record.
CUT = " (a number of more than 15 digits, cut by the workbook)"
INT64_LIMIT = 2**63
# A column of a format that has types beyond text: each value as it is written, and whether it is
# one of another type, such as a number, a bool, an object or a list.
TEXT, IS_LITERAL = "text", "is_literal"
# JSON has words for them, parquet has the values.
INVALID_LITERAL = r"^(true|-?Infinity|-?inf|[{\[].*)$"
ALL_ZERO_FRACTION = r"^([+-]?[0-9]+)\.0+$"
MIDNIGHT = r"^.{10}[Tt ]00:00(:00(\.0+)?)?([^0-9:.]|$)"


class Column(NamedTuple):
    """What is known of a column beyond its type.

    Attributes:
        name: in messages.
        forms: by what its values are read.
        seen: gathers what they give away; None for those of an archived content.
    """

    name: str = ""
    forms: Forms = PLAIN
    seen: Suspicions | None = None


ANY_COLUMN = Column()


def with_literals(texts: Sequence[str | None], are_literals: Sequence[bool]) -> pl.Series:
    """A column of texts, some of which stand for a value of another type."""
    if not any(are_literals):
        return pl.Series(texts, dtype=pl.String)
    fields = {TEXT: pl.Series(texts, dtype=pl.String), IS_LITERAL: pl.Series(are_literals)}
    return pl.DataFrame(fields).to_struct()


def parse(
    values: pl.Series, dtype: pl.DataType, column: Column = ANY_COLUMN
) -> tuple[pl.Series, pl.Series]:
    """Type the values of one column (RAW-4, RAW-5, RAW-6).

    Args:
        values: the column as delivered, of any type; a value already of `dtype` is taken as it is.
        dtype: Int64, Decimal, String, Date, Datetime (UTC, naive) or Boolean.
        column: what else is known of it.

    Returns:
        The typed column, and the text of every value that is not one of its type (else null),
        so that validation can refuse what typing alone would turn into a silent null.
    """
    if values.dtype == dtype and dtype != pl.String:
        return values, pl.repeat(None, len(values), dtype=pl.String, eager=True)
    if dtype == pl.Datetime and isinstance(values.dtype, pl.Datetime):
        moment = values if values.dtype.time_zone is None else values.dt.convert_time_zone("UTC")
        moment = moment.dt.replace_time_zone(None).dt.cast_time_unit("us")
        return moment, pl.repeat(None, len(values), dtype=pl.String, eager=True)
    if dtype == pl.String:
        return _parse_text(values, column)
    text = as_text(values)
    if isinstance(values.dtype, pl.Struct):
        is_literal = values.struct.field(IS_LITERAL)
        text = text.set(is_literal & (text == "NaN"), None)
        # The number of a cell is a number wherever the file comes from.
        text = _without_blanks(text.str.strip_chars())
        if column.forms.is_local and is_literal.any():
            return _by_kind(text, is_literal, dtype, column)
    else:
        text = _without_blanks(text.str.strip_chars())
    if column.forms.is_local and values.dtype != pl.String:
        column = column._replace(forms=_not_local(column.forms))
    return _typed(text, dtype, column)


def _typed(text: pl.Series, dtype: pl.DataType, column: Column) -> tuple[pl.Series, pl.Series]:
    typed = _PARSERS[dtype.base_type()](text, dtype, column)
    nothing = pl.repeat(None, len(text), dtype=pl.String, eager=True)
    if typed.null_count() == text.null_count():
        return typed, nothing
    return typed, text.zip_with(text.is_not_null() & typed.is_null(), nothing)


def _by_kind(
    text: pl.Series, is_literal: pl.Series, dtype: pl.DataType, column: Column
) -> tuple[pl.Series, pl.Series]:
    """Read the texts of a sheet the local way, its other cells not."""
    texts, unread = _typed(text.set(is_literal, None), dtype, column)
    plain = column._replace(forms=_not_local(column.forms))
    literals, unread_literals = _typed(text.set(~is_literal, None), dtype, plain)
    return literals.zip_with(is_literal, texts), unread_literals.zip_with(is_literal, unread)


def _not_local(forms: Forms) -> Forms:
    return replace(forms, is_local=False)


def _parse_text(values: pl.Series, column: Column) -> tuple[pl.Series, pl.Series]:
    """Texts stay as delivered; of other types numbers alone can be one (RAW-6, LND-23)."""
    text = _without_blanks(as_text(values))
    nothing = pl.repeat(None, len(text), dtype=pl.String, eager=True)
    is_invalid = text.str.ends_with(CUT).fill_null(value=False)
    is_literal = None
    if isinstance(values.dtype, pl.Struct):
        is_literal = values.struct.field(IS_LITERAL)
    elif values.dtype.is_numeric() or values.dtype in (pl.Boolean, pl.List, pl.Array, pl.Object):
        is_literal = pl.repeat(True, len(text), dtype=pl.Boolean, eager=True)
    if is_literal is not None:
        text = text.set(is_literal & text.is_in(["NaN", "false"]), None)
        if column.name.endswith("_number"):
            text = text.str.replace(ALL_ZERO_FRACTION, "${1}").zip_with(is_literal, text)
        is_odd = is_literal & text.str.contains(f"(?s){INVALID_LITERAL}")
        is_invalid |= is_odd.fill_null(value=False)
    if not is_invalid.any():
        return text, nothing
    return text.set(is_invalid, None), text.zip_with(is_invalid, nothing)


def _without_blanks(text: pl.Series) -> pl.Series:
    return text.set(text == "", None) if (text == "").any() else text


def as_text(values: pl.Series) -> pl.Series:
    """Give a column of any type the text that is read; a zoned timestamp keeps its zone."""
    if isinstance(values.dtype, pl.Datetime):
        zone = "%:z" if values.dtype.time_zone else ""
        return values.dt.to_string(f"%Y-%m-%dT%H:%M:%S%.f{zone}")
    if values.dtype.is_float():
        # Data frames write missing values as NaN, and whole numbers beside them with a fraction.
        present = values.fill_nan(None)
        whole = present.cast(pl.Int64, strict=False)
        is_whole = (whole.cast(values.dtype) == present).fill_null(value=False)
        return whole.cast(pl.String).zip_with(is_whole, present.cast(pl.String))
    if isinstance(values.dtype, pl.Struct):
        return values.struct.field(TEXT)
    if isinstance(values.dtype, pl.List | pl.Array | pl.Object):
        return values.map_elements(str, return_dtype=pl.String)
    if values.dtype == pl.Binary:
        return values.map_elements(lambda raw: raw.decode("utf-8", "replace"), pl.String)
    return values.cast(pl.String)


def _parse_whole(text: pl.Series, dtype: pl.DataType, column: Column) -> pl.Series:
    # This cast reads digits with or without a sign, and nothing else.
    fast = text.cast(pl.Int64, strict=False)
    if fast.null_count() > text.null_count():
        if column.seen and column.forms.is_local:
            column.seen.numbers(column.name, text)
        fast = text.str.replace(rf"\{column.forms.mark}0+$", "").cast(pl.Int64, strict=False)
    return _fill_exactly(fast, text, _exact_whole, column.forms)


def _parse_decimal(text: pl.Series, dtype: pl.DataType, column: Column) -> pl.Series:
    precision, scale = dtype.precision, dtype.scale  # type: ignore[attr-defined]
    if column.seen and column.forms.is_local:
        column.seen.numbers(column.name, text)
    plain = text
    if column.forms.mark == "," and column.forms.is_local:
        with_comma = text.str.contains(r"^-?[0-9]+(,[0-9]+)?$")
        plain = text.set(~with_comma, None).str.replace(",", ".", literal=True)
    # Only digits that fit as they are take the fast cast: libraries round the rest differently.
    fits = rf"^-?[0-9]{{1,{precision - scale}}}(\.[0-9]{{1,{scale}}})?$"
    fast = plain.set(~plain.str.contains(fits), None).cast(dtype)
    exact = partial(_exact_decimal, precision=precision, scale=scale)
    return _fill_exactly(fast, text, exact, column.forms)


def _fill_exactly(
    fast: pl.Series,
    text: pl.Series,
    exact: Callable[[Decimal], int | Decimal | None],
    forms: Forms,
) -> pl.Series:
    """Read the few values that the fast cast left out with exact decimal arithmetic."""
    if fast.null_count() == text.null_count():
        return fast
    is_left = fast.is_null() & text.is_not_null()
    rare = text.filter(is_left if forms.is_local else is_left & text.str.contains(NUMBER)).unique()
    if rare.is_empty():
        return fast
    plain = [plain_number(value, forms.mark) if forms.is_local else value for value in rare]
    values = [_exact(value, exact) if value else None for value in plain]
    lookup = pl.DataFrame({"text": rare, "value": pl.Series(values, dtype=fast.dtype)})
    found = pl.DataFrame({"text": text}).join(lookup, on="text", how="left", maintain_order="left")
    return found["value"].zip_with(fast.is_null(), fast).alias(fast.name)


def _exact(text: str, read: Callable[[Decimal], int | Decimal | None]) -> int | Decimal | None:
    try:
        return read(Decimal(text))
    except InvalidOperation:  # an exponent beyond what Decimal can hold, or more digits than fit
        return None


def _exact_whole(value: Decimal) -> int | None:
    if value and abs(value.adjusted()) > 18:
        return None
    if value != value.to_integral_value() or not -INT64_LIMIT <= int(value) < INT64_LIMIT:
        return None
    return int(value)


def _exact_decimal(value: Decimal, precision: int, scale: int) -> Decimal | None:
    with localcontext(prec=precision + 1):
        rounded = value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    return rounded if abs(rounded) < Decimal(10) ** (precision - scale) else None


def _parse_date(text: pl.Series, dtype: pl.DataType, column: Column) -> pl.Series:
    text = _iso(text, column)
    iso = text.set(~text.str.contains(DATE_OR_TIMESTAMP), None)
    day = iso.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    is_shifted = None
    if column.forms.zone and iso.str.contains(f"{ZONE}$").any():
        # A date without a time is midnight wherever it comes from.
        is_shifted = iso.str.contains(f"[0-9]{ZONE}$") & ~iso.str.contains(MIDNIGHT)
        is_shifted = (is_shifted & iso.str.contains(r"^.{10}[Tt ]")).fill_null(value=False)
        moment = _parse_any_timestamp(iso.set(~is_shifted, None)).dt.replace_time_zone("UTC")
        there = moment.dt.convert_time_zone(column.forms.zone).dt.date()
        day = there.zip_with(is_shifted, day)
    if column.seen:
        column.seen.timestamps(column.name, iso, is_shifted)
    return day


def _iso(text: pl.Series, column: Column) -> pl.Series:
    """Local dates in the order that is set become ISO texts; all else stays as it is."""
    if not column.forms.is_local:
        return text
    is_odd = ~text.str.contains(f"^{DATE}")
    if not is_odd.any():
        return text
    local = text.set(~is_odd, None)
    iso = iso_dates(local, column.forms.date_order) if column.forms.date_order != "ymd" else None
    if column.seen:
        day = local if iso is None else iso
        is_read = day.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).is_not_null()
        column.seen.dates(column.name, local, is_read)
    return text if iso is None else iso.fill_null(local).fill_null(text)


def _parse_timestamp(text: pl.Series, dtype: pl.DataType, column: Column) -> pl.Series:
    text = _iso(text, column)
    utc = text.set(~text.str.contains(UTC_TIMESTAMP), None)
    moment = (
        utc.str.slice(0, 19)
        .str.replace("[Tt]", " ")
        .str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    )
    if utc.str.contains(".", literal=True).any():
        digits = utc.str.extract(r"\.([0-9]{1,6})").str.pad_end(6, "0")
        micros = pl.DataFrame({"micros": digits.cast(pl.Int64).fill_null(0)})
        moment += micros.select(pl.duration(microseconds="micros")).to_series()
    if moment.null_count() == text.null_count():
        return moment
    return moment.zip_with(moment.is_not_null(), _parse_any_timestamp(text))


def _parse_any_timestamp(text: pl.Series) -> pl.Series:
    iso = text.str.contains(DATE_OR_TIMESTAMP)
    part = text.set(~iso, None).str.extract_groups(TIMESTAMP_PARTS).struct.unnest()
    moment = (
        part["date"]
        + " "
        + part["minutes"].fill_null("00:00")
        + ":"
        + part["seconds"].fill_null("00")
        + "."
        + part["fraction"].fill_null("0").str.slice(0, 6).str.pad_end(6, "0")
    ).str.to_datetime("%Y-%m-%d %H:%M:%S%.6f", time_unit="us", strict=False)
    hours = part["zone_hours"].cast(pl.Int64).fill_null(0)
    minutes = hours * 60 + part["zone_minutes"].cast(pl.Int64).fill_null(0)
    minutes = minutes.zip_with(part["sign"].fill_null("+") == "+", -minutes)
    offset = pl.DataFrame({"minutes": minutes}).select(pl.duration(minutes="minutes"))
    return moment - offset.to_series()


def _parse_boolean(text: pl.Series, dtype: pl.DataType, column: Column) -> pl.Series:
    lower = text.str.to_lowercase()
    return lower.replace_strict(BOOLEANS, default=None, return_dtype=pl.Boolean)


_PARSERS: dict[type, Callable[[pl.Series, pl.DataType, Column], pl.Series]] = {
    pl.Int64: _parse_whole,
    pl.Decimal: _parse_decimal,
    pl.Date: _parse_date,
    pl.Datetime: _parse_timestamp,
    pl.Boolean: _parse_boolean,
}
