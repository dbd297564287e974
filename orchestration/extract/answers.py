"""What an answer of the REST API means (EXT-6), and its JSON with every number as it is written."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Any

DEFAULT_WAIT = 60.0
SHOWN_CHARACTERS = 300
_SURROGATE = re.compile("[\ud800-\udfff]")
_LIMIT = re.compile(r"itgenatr005|thread threshold", re.IGNORECASE)
_NO_PERMISSION = re.compile(r"adequate permission", re.IGNORECASE)
_OUR_MISTAKE = re.compile(
    r"valid|queryable|\bfields?\b|MaxRecords|IncludeFields|operator|out of range|must be|should be"
    r"|not exist|not supported|unknown|cannot be|may not",
    re.IGNORECASE,
)
_PASSING = re.compile(
    r"time[d -]*out|deadlock|try again|retry|later|temporar|unavailable|internal (?:server )?error"
    r"|unexpected",
    re.IGNORECASE,
)


class Meaning(Enum):
    """How to react to an answer."""

    GOOD = auto()
    LIMIT = auto()
    NO_PERMISSION = auto()
    OUR_MISTAKE = auto()
    PASSING = auto()
    BAD_LOGIN = auto()


class Malformed(ValueError):
    """A body is not the JSON that was asked for."""


class Literal(str):
    """A number as it is written."""

    __slots__ = ()


_literal: dict[str, Any] = dict.fromkeys(("parse_int", "parse_float", "parse_constant"), Literal)
_decode = json.JSONDecoder(strict=False, **_literal).raw_decode
_WHOLE = re.compile(r"[+-]?[0-9]+(?:\.0+)?")
_BLANK = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        status: of HTTP; 0 where no whole answer came.
        headers: with names in lower case.
        text: the body, or what went wrong on the way.
    """

    status: int
    headers: Mapping[str, str]
    text: str

    def date(self) -> datetime | None:
        """The server's clock."""
        return _http_date(self.headers.get("date", ""))

    def asked_wait(self) -> float | None:
        """Seconds that the server wants us to wait, in either form of Retry-After."""
        said = self.headers.get("retry-after", "").strip()
        if re.fullmatch(r"\d+(?:\.\d+)?", said):
            return float(said)
        until = _http_date(said)
        if until is None:
            return None
        # A date has no fractions, so it may mean up to a second later than the difference says.
        return max(0.0, (until - (self.date() or datetime.now(UTC))).total_seconds()) + 1.0

    def errors(self) -> str:
        """The error texts of the body, else all of it; scrub it before it is shown."""
        try:
            said = json.loads(self.text)
        except ValueError:
            said = None
        errors = said.get("errors") if isinstance(said, dict) else None
        words = [one if isinstance(one, str) else json.dumps(one) for one in errors or []]
        return "; ".join(words or [self.text.strip() or "nothing"])

    def has_errors(self) -> bool:
        """Whether the body is an object with a list of errors."""
        try:
            said = json.loads(self.text)
        except ValueError:
            return False
        return isinstance(said, dict) and bool(said.get("errors"))

    def meaning(self) -> Meaning:
        """How to react; of a good status the caller has yet to read the body."""
        if self.status == 200:
            return Meaning.GOOD
        if self.status == 429 or self.has_limit_words():
            return Meaning.LIMIT
        if self.status == 401:
            return Meaning.BAD_LOGIN
        if self.status == 403 or (self.status >= 500 and _NO_PERMISSION.search(self.text)):
            return Meaning.NO_PERMISSION
        if self.status >= 500:
            said = self.errors() if self.has_errors() else ""
            is_ours = bool(_OUR_MISTAKE.search(said)) and not _PASSING.search(said)
            return Meaning.OUR_MISTAKE if is_ours and self.status == 500 else Meaning.PASSING
        is_ours = 400 <= self.status < 500 and self.status != 408
        return Meaning.OUR_MISTAKE if is_ours else Meaning.PASSING

    def meaning_unread(self) -> Meaning:
        """How to react to a good status whose body is not what was asked for."""
        is_limit = self.has_errors() and self.has_limit_words()
        return Meaning.LIMIT if is_limit else Meaning.PASSING

    def has_limit_words(self) -> bool:
        """Whether the body speaks of a limit; a row may do so, too."""
        return bool(_LIMIT.search(self.text))


@dataclass(frozen=True)
class Item:
    """A record.

    Attributes:
        text: its JSON as it came.
        value: the same, numbers as `Literal`.
    """

    text: str
    value: dict[str, Any]


@dataclass(frozen=True)
class Page:
    """One page of a query.

    Attributes:
        items: its records, in the order of the server.
        has_next: whether the server names a next page.
    """

    items: list[Item]
    has_next: bool


def read_page(text: str) -> Page:
    """Read the answer to a query.

    Raises:
        Malformed: it is cut, empty or something else.
    """
    items: list[Item] | None = None
    details: Any = None
    at = _skip(text, 0, "{")
    while not _is_next(text, at, "}"):
        name, at = _value(text, at)
        at = _skip(text, at, ":")
        if name == "items" and _is_next(text, at, "["):
            items, at = _items(text, at)
        else:
            value, at = _value(text, at)
            details = value if name == "pageDetails" else details
        if not _is_next(text, at, "}"):
            at = _skip(text, at, ",")
    if text[_skip(text, at, "}") :].strip():
        raise Malformed("something follows its end")
    if items is None or not isinstance(details, dict) or "nextPageUrl" not in details:
        raise Malformed("items or pageDetails.nextPageUrl is missing")
    return Page(items, bool(details["nextPageUrl"]))


def read_object(text: str) -> dict[str, Any]:
    """Read any other answer.

    Raises:
        Malformed: it is no object.
    """
    try:
        value = json.loads(text, strict=False)
    except ValueError as error:
        raise Malformed(str(error)) from None
    if not isinstance(value, dict):
        raise Malformed("it is no object")
    return value


def whole_number(value: object) -> int | None:
    """A whole number, also as a text or with a fraction of zeros (RAW-4); else None."""
    text = "" if isinstance(value, bool) else str(value).strip()
    return int(text.partition(".")[0]) if _WHOLE.fullmatch(text) else None


def dumps(value: Any) -> str:
    """Write a value, numbers as they came; half a character becomes U+FFFD."""
    if isinstance(value, Literal):
        return value
    if isinstance(value, str):
        return json.dumps(_SURROGATE.sub("\ufffd", value))
    if isinstance(value, dict):
        pairs = (f"{dumps(str(name))}:{dumps(one)}" for name, one in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return f"[{','.join(map(dumps, value))}]"
    return json.dumps(value)


def _items(text: str, at: int) -> tuple[list[Item], int]:
    items: list[Item] = []
    at = _skip(text, at, "[")
    while not _is_next(text, at, "]"):
        start = _blank(text, at)
        value, at = _value(text, start)
        if not isinstance(value, dict):
            raise Malformed("an item is no object")
        items.append(Item(text[start:at], value))
        if not _is_next(text, at, "]"):
            at = _skip(text, at, ",")
    return items, _skip(text, at, "]")


def _value(text: str, at: int) -> tuple[Any, int]:
    try:
        return _decode(text, _blank(text, at))
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error)) from None


def _blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _is_next(text: str, at: int, character: str) -> bool:
    return text.startswith(character, _blank(text, at))


def _skip(text: str, at: int, character: str) -> int:
    at = _blank(text, at)
    if not text.startswith(character, at):
        raise Malformed(f"{character!r} is missing")
    return at + 1


def _http_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
