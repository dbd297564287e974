"""How the text of an extract becomes a typed value: numbers, dates, timestamps and booleans.

Only the grammar of single values belongs here; which column has which type is said by the tables.
Money never passes through a float: a value is read from its text or refused.
"""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext

import polars as pl

NUMBER = r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
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


def parse(values: pl.Series, dtype: pl.DataType) -> tuple[pl.Series, pl.Series]:
    """Type the values of one column (RAW-4, RAW-5, RAW-6).

    Args:
        values: the column as delivered, of any type; a value already of `dtype` is taken as it is.
        dtype: Int64, Decimal, String, Date, Datetime (UTC, naive) or Boolean.

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
    text = as_text(values)
    if dtype == pl.String:
        is_cut = text.str.ends_with(CUT)
        if is_cut.any():
            return text.set(is_cut, None), text.set(~is_cut, None)
        return _without_blanks(text), pl.repeat(None, len(text), dtype=pl.String, eager=True)
    text = _without_blanks(text.str.strip_chars())
    typed = _PARSERS[dtype.base_type()](text, dtype)
    nothing = pl.repeat(None, len(text), dtype=pl.String, eager=True)
    if typed.null_count() == text.null_count():
        return typed, nothing
    return typed, text.zip_with(text.is_not_null() & typed.is_null(), nothing)


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
    if isinstance(values.dtype, pl.List | pl.Array | pl.Struct | pl.Object):
        return values.map_elements(str, return_dtype=pl.String)
    if values.dtype == pl.Binary:
        return values.map_elements(lambda raw: raw.decode("utf-8", "replace"), pl.String)
    return values.cast(pl.String)


def _parse_whole(text: pl.Series, dtype: pl.DataType) -> pl.Series:
    # This cast reads digits with or without a sign, and nothing else.
    fast = text.cast(pl.Int64, strict=False)
    if fast.null_count() > text.null_count():
        fast = text.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
    return _fill_exactly(fast, text, _exact_whole)


def _parse_decimal(text: pl.Series, dtype: pl.DataType) -> pl.Series:
    precision, scale = dtype.precision, dtype.scale  # type: ignore[attr-defined]
    # Only digits that fit as they are take the fast cast: libraries round the rest differently.
    fits = rf"^-?[0-9]{{1,{precision - scale}}}(\.[0-9]{{1,{scale}}})?$"
    fast = text.set(~text.str.contains(fits), None).cast(dtype)
    return _fill_exactly(fast, text, lambda value: _exact_decimal(value, precision, scale))


def _fill_exactly(
    fast: pl.Series, text: pl.Series, exact: Callable[[Decimal], int | Decimal | None]
) -> pl.Series:
    """Read the few values that the fast cast left out with exact decimal arithmetic."""
    if fast.null_count() == text.null_count():
        return fast
    rare = text.filter(fast.is_null() & text.str.contains(NUMBER)).unique()
    if rare.is_empty():
        return fast
    values = [_exact(value, exact) for value in rare]
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


def _parse_date(text: pl.Series, dtype: pl.DataType) -> pl.Series:
    iso = text.str.contains(DATE_OR_TIMESTAMP)
    return text.set(~iso, None).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)


def _parse_timestamp(text: pl.Series, dtype: pl.DataType) -> pl.Series:
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


def _parse_boolean(text: pl.Series, dtype: pl.DataType) -> pl.Series:
    lower = text.str.to_lowercase()
    return lower.replace_strict(BOOLEANS, default=None, return_dtype=pl.Boolean)


_PARSERS: dict[type, Callable[[pl.Series, pl.DataType], pl.Series]] = {
    pl.Int64: _parse_whole,
    pl.Decimal: _parse_decimal,
    pl.Date: _parse_date,
    pl.Datetime: _parse_timestamp,
    pl.Boolean: _parse_boolean,
}
