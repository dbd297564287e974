"""What values are beside plain texts (RAW-6, RAW-20, RAW-21, RAW-22), one by one."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_GROUP_MARKS = " \u00a0\u2009\u202f'\u2019"


@dataclass(frozen=True)
class Forms:
    """The settings by which a file is read."""

    is_local: bool = False
    decimal_mark: str | None = None
    date_order: str = "ymd"
    zone: str | None = None
    po_fields: tuple[str, ...] = ()
    po_required_field: str | None = None


PLAIN = Forms()


class Typed(str):
    """A value of a format with types that is no text, as it stands there."""

    __slots__ = ()


class Cut(Typed):
    """LND-23: a whole number of which a workbook has kept 15 digits."""

    __slots__ = ()


def text_of(text: str, column: str) -> str | None:
    """RAW-6: a text as delivered; of the other types only numbers are one, unless cut."""
    if not isinstance(text, Typed):
        return text
    if text == "false":
        return None
    if isinstance(text, Cut) or not re.fullmatch(r"[+-]?[0-9.]+([eE][+-]?[0-9]+)?", text):
        raise ValueError(f"no text: {text}")
    whole = re.fullmatch(r"([+-]?[0-9]+)\.0+", text)
    return whole.group(1) if whole and column.endswith("_number") else str(text)


def user_field(raw: dict[str, str | None], name: str) -> str | None:
    """RAW-23: what a header of this name, or a user-defined field of a REST record, holds."""

    def plain(text: str) -> str:
        return re.sub(r"[^a-z0-9]", "", text.lower())

    for header, text in raw.items():
        if plain(header) == plain(name) and text and text.strip():
            return text
        if header == "userDefinedFields" and isinstance(text, Typed):
            for one in json.loads(text):
                if plain(one["name"]) == plain(name) and str(one["value"] or "").strip():
                    return str(one["value"])
    return None


def _is_code(part: str) -> bool:
    if len(part) == 1:
        return unicodedata.category(part) == "Sc"
    return len(part) == 3 and part.isascii() and part.isalpha() and part.isupper()


def _without_code(text: str) -> str | None:
    """The text without a sign of currency or a code before or after it, None without one."""
    for length in (1, 3):
        if _is_code(text[:length]):
            return text[length:].strip()
        if _is_code(text[-length:]):
            return text[:-length].strip()
    return None


def local_number(text: str, mark: str) -> str | None:
    """RAW-20: the number in plain digits with a point, None where it is none."""
    text = text.strip()
    sign = code = False
    minus = ""
    for _ in range(4):
        if not sign and len(text) > 1 and text[0] == "(" and text[-1] == ")":
            sign, minus, text = True, "-", text[1:-1].strip()
        elif not sign and text[:1] in ("-", "+"):
            sign, minus, text = True, text[0].replace("+", ""), text[1:].strip()
        elif not sign and text.endswith("-"):
            sign, minus, text = True, "-", text[:-1].strip()
        elif not code and (rest := _without_code(text)) is not None:
            code, text = True, rest
    mantissa, exponent_mark, exponent = re.fullmatch(
        r"([^eE]*)([eE]?)(.*)", text, re.DOTALL
    ).groups()  # type: ignore[union-attr]
    if exponent_mark and not re.fullmatch(r"[+-]?[0-9]+", exponent):
        return None
    whole, has_mark, fraction = mantissa.partition(mark)
    if has_mark and not re.fullmatch("[0-9]+", fraction):
        return None
    if not re.fullmatch("[0-9]+", whole):
        used = {letter for letter in whole if not (letter.isascii() and letter.isdigit())}
        if len(used) != 1 or not used <= {*_GROUP_MARKS, "," if mark == "." else "."}:
            return None
        first, *groups = whole.split(used.pop())
        if not re.fullmatch("[1-9][0-9]{0,2}", first):
            return None
        if not all(re.fullmatch("[0-9]{3}", group) for group in groups):
            return None
        whole = first + "".join(groups)
    return f"{minus}{whole}{'.' if has_mark else ''}{fraction}{exponent_mark}{exponent}"


def looks_like_another_mark(texts: Iterable[str], *, has_thousands: bool) -> bool:
    """RAW-20: whether a column was not written with a decimal point, judging by all of it."""
    readings = [
        (text, local_number(text, ".") is not None, local_number(text, ",") is not None)
        for text in texts
        if "." in text or "," in text
    ]
    only_point = [text for text, point, comma in readings if point and not comma]
    only_comma = [text for text, point, comma in readings if comma and not point]
    if only_point:
        return False
    with_points = [text for text, _, comma in readings if "." in text and comma]
    with_commas = [text for text, point, _ in readings if "," in text and point]
    return bool(only_comma) or (has_thousands and len(with_points) >= 3) or len(with_commas) >= 3


def local_date(text: str, order: str) -> str | None:
    """RAW-21: a date or timestamp in this order as ISO text, None where it is none."""
    found = re.fullmatch(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})(?:,? +(.+))?", text.strip())
    if found is None or order == "ymd":
        return None
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    month, day = (first, second) if order == "mdy" else (second, first)
    try:
        iso = date(year, month, day).isoformat()
    except ValueError:
        return None
    if found[5] is None:
        return iso
    time = re.fullmatch(
        r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?(?: ?([AaPp])\.?[Mm]\.?)?", found[5]
    )
    if time is None:
        return None
    hour, minute, seconds = int(time[1]), int(time[2]), int(time[3] or 0)
    if time[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if time[4] in "pP" else 0)
    if hour > 23 or minute > 59 or seconds > 59:
        return None
    return f"{iso}T{hour:02}:{minute:02}:{seconds:02}"


def is_of_another_order(text: str, order: str) -> bool:
    """RAW-21: whether the day is one in another order than this one."""
    day = re.match(r"[0-9]{1,2}([/.-])[0-9]{1,2}\1[0-9]{4}", text.strip())
    if day is None or not re.fullmatch(_DATE_SHAPE, text.strip()):
        return False
    return local_date(day[0], order) is None and any(
        local_date(day[0], other) is not None for other in ("mdy", "dmy")
    )


_DATE_SHAPE = (
    r"[0-9]{1,2}([/.-])[0-9]{1,2}\1[0-9]{4}"
    r"(,? +[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?( ?[AaPp]\.?[Mm]\.?)?)?"
)


def day_there(day: date, moment: datetime, text: str, zone: str | None) -> date:
    """RAW-22: the date of a timestamp in the zone of the tenant.

    Args:
        day: as the text shows it.
        moment: naive, in UTC.
        text: the timestamp.
        zone: of the tenant.
    """
    has_zone = re.fullmatch(r".{10}[Tt ].*[0-9] ?(Z|z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)", text)
    clock = re.match(r"00:00(:00(\.0+)?)?(?![0-9:.])", text[11:])
    if zone is None or not has_zone or clock:
        return day
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def is_shifted(times: list[timedelta]) -> bool:
    """RAW-22: whether the times of day of a date column are those of a shift by a zone."""
    seen = sorted(set(times))
    return (
        len(times) >= 20
        and len(seen) <= 2
        and seen[0] >= timedelta(hours=12)
        and seen[-1] - seen[0] in (timedelta(0), timedelta(hours=1))
    )
