"""How people write numbers and dates, which of it a file is read by, and the settings for that.

What a value is in the end belongs to `grammar`; what a whole file gives away, to `suspicions`.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

NUMBER = r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
MARKS = (".", ",")
ORDERS = ("ymd", "mdy", "dmy")
# Unicode's category Sc, as ranges.
_CURRENCY = "[$¢-¥֏؋৲৳৻૱௹฿៛₠-⃀﷼﹩\uff04￠￡￥￦]|[A-Z]{3}"
_BLANKS_AND_APOSTROPHES = " \u00a0\u2009\u202f'\u2019"
_BODIES = {
    mark: re.compile(
        rf"(?:[0-9]+|[1-9][0-9]{{0,2}}(?:(?P<group>[{other}{_BLANKS_AND_APOSTROPHES}])[0-9]{{3}})"
        rf"(?:(?P=group)[0-9]{{3}})*)(?:[{mark}][0-9]+)?(?:[eE][+-]?[0-9]+)?"
    )
    for mark, other in (MARKS, MARKS[::-1])
}
_CODE_FIRST = re.compile(rf"(?:{_CURRENCY})\s*(.*)", re.DOTALL)
_CODE_LAST = re.compile(rf"(.*?)\s*(?:{_CURRENCY})", re.DOTALL)
# Three numbers apart from each other by the same character, and perhaps a time of day.
LOCAL_DATE = (
    r"^(?P<first>[0-9]{1,2})(?:"
    r"/(?P<slash>[0-9]{1,2})/|-(?P<dash>[0-9]{1,2})-|\.(?P<point>[0-9]{1,2})\.)(?P<year>[0-9]{4})"
    r"(?:,? +(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?)?$"
)


@dataclass(frozen=True)
class Forms:
    """By what the values of a content are read (RAW-20, RAW-21, RAW-22, RAW-23).

    Attributes:
        is_local: whether texts may be written the local way; those of JSON and parquet never are.
        decimal_mark: of local numbers; None is a point, if nothing in the file says otherwise.
        date_order: of local dates.
        zone: IANA zone in which timestamps become dates; None keeps the date part.
        po_fields: headers and user-defined fields that hold a PO, best first.
        po_required_field: the one that says whether a company requires POs.
    """

    is_local: bool = False
    decimal_mark: str | None = None
    date_order: str = "ymd"
    zone: str | None = None
    po_fields: tuple[str, ...] = ()
    po_required_field: str | None = None

    @property
    def mark(self) -> str:
        """The decimal mark that is used."""
        return self.decimal_mark or "."

    def identity(self) -> dict[str, Any]:
        """What can make values differ; that a mark was only assumed cannot."""
        return asdict(self) | {"decimal_mark": self.mark}

    def limited_to(self, columns: Mapping[str, pl.DataType], *, is_local: bool) -> "Forms":
        """Leave out what says nothing of a file with these columns."""
        return Forms(
            is_local=is_local,
            decimal_mark=self.decimal_mark if is_local else None,
            date_order=self.date_order if is_local else "ymd",
            zone=self.zone if pl.Date() in columns.values() else None,
            po_fields=self.po_fields if "purchase_order_number" in columns else (),
            po_required_field=self.po_required_field if "po_required" in columns else None,
        )

    @classmethod
    def of_json(cls, facts: dict[str, Any]) -> "Forms":
        """Read what `asdict` has written by way of JSON."""
        return cls(**facts | {"po_fields": tuple(facts.get("po_fields", ()))})


PLAIN = Forms()


def plain_number(text: str, mark: str) -> str | None:
    """A number as it is written with this decimal mark, in the spelling of RAW-4 (RAW-20).

    Returns:
        None when the text is no such number.
    """
    has_sign = has_code = is_negative = False
    text = text.strip()
    while True:
        if not has_sign and text[:1] == "(" and text[-1:] == ")":
            has_sign = is_negative = True
            text = text[1:-1].strip()
        elif not has_sign and text[:1] in ("+", "-"):
            has_sign, is_negative = True, text[0] == "-"
            text = text[1:].strip()
        elif not has_sign and text[-1:] == "-":
            has_sign = is_negative = True
            text = text[:-1].strip()
        elif not has_code and (found := _CODE_FIRST.fullmatch(text) or _CODE_LAST.fullmatch(text)):
            has_code, text = True, found[1].strip()
        else:
            break
    found = _BODIES[mark].fullmatch(text)
    if not found:
        return None
    if found["group"]:
        text = text.replace(found["group"], "")
    return f"{'-' if is_negative else ''}{text.replace(mark, '.')}"


def iso_dates(text: pl.Series, order: str) -> pl.Series:
    """Local dates and timestamps of this order as ISO texts, all else null (RAW-21)."""
    part = text.str.extract_groups(LOCAL_DATE).struct.unnest()
    second = part["slash"].fill_null(part["dash"]).fill_null(part["point"])
    month, day = (part["first"], second) if order == "mdy" else (second, part["first"])
    hour = part["hour"].cast(pl.Int64)
    half = part["half"].str.to_lowercase()
    by_half = (hour % 12 + 12 * (half == "p").cast(pl.Int64)).set((hour < 1) | (hour > 12), None)
    hour = by_half.zip_with(half.is_not_null(), hour)
    time = (
        "T"
        + hour.cast(pl.String).str.zfill(2)
        + ":"
        + part["minute"]
        + ":"
        + part["second"].fill_null("00")
    )
    # A time that is none leaves a text that is no timestamp.
    time = time.fill_null("T?").zip_with(part["minute"].is_not_null(), _repeat("", len(text)))
    return part["year"] + "-" + month.str.zfill(2) + "-" + day.str.zfill(2) + time


def _repeat(text: str, times: int) -> pl.Series:
    return pl.repeat(text, times, dtype=pl.String, eager=True)
