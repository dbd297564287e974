"""Values of settings: how each kind is read from the text of its variable (PUB-9)."""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("autotask", "reference")
# By these a folder of extracts is known; what is read, the readers say.
EXTRACTS = frozenset({".csv", ".json", ".jsonl", ".ndjson", ".parquet"})
PARTIAL = (".part", ".tmp")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def in_the_repository(text: object) -> object:
    """Resolve a path; a relative one starts at the root of the repository."""
    return (ROOT / Path(text).expanduser()).resolve() if isinstance(text, str) else text


def a_plain_date(text: object) -> object:
    """Pass a calendar date; pydantic would take a timestamp or a number of seconds as well."""
    if isinstance(text, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError
    return text


def a_zone(text: str | None) -> str | None:
    """Pass the name of a time zone."""
    if text is None:
        return None
    try:
        ZoneInfo(text)
    except OSError as error:  # a folder, say; a zone that is not known is a KeyError
        raise ValueError from error
    except ZoneInfoNotFoundError as error:
        raise ValueError from error
    return text


def an_address(*schemes: str) -> AfterValidator:
    """Pass an address of one of these schemes."""

    def check(text: str | None) -> str | None:
        if text is None:
            return None
        parts = urlsplit(text)
        _ = parts.port  # raises ValueError for one that is no number
        if parts.scheme not in schemes or not parts.netloc or re.search(r"\s", text):
            raise ValueError
        return text

    return AfterValidator(check)


def sent_in_a_header(text: str | None) -> str | None:
    """Pass a text that a header of HTTP can carry."""
    if text is None:
        return None
    if re.search(r"[\x00-\x1f\x7f-\x9f]", text):
        raise ValueError
    text.encode("latin-1")  # raises ValueError for anything else
    return text


def no_pattern(folder: Path) -> Path:
    """Pass a path that no program takes for a pattern."""
    if re.search(r"[*?\[\]{}]", str(folder)):
        raise ValueError
    return folder


def switch(text: object) -> object:
    """Read 0 or 1."""
    return {"0": False, "1": True}.get(text, text) if isinstance(text, str) else text


def by_source(*accepted: str) -> BeforeValidator:
    """Read one value for all sources, or `source=value` for some, apart by semicolons."""

    def read(text: object) -> object:
        if not isinstance(text, str):
            return text
        parts = [part.strip() for part in text.split(";") if part.strip()]
        if parts and parts[0] in accepted:
            parts = [f"{source}={parts[0]}" for source in SOURCES] + parts[1:]
        pairs = [tuple(map(str.strip, part.split("=", 1))) for part in parts]
        found = dict(pair for pair in pairs if len(pair) == 2)
        if (
            not (pairs and len(found) == len(pairs))
            or not found.keys() <= set(SOURCES)
            or not set(found.values()) <= set(accepted)
        ):
            raise ValueError
        return found

    return BeforeValidator(read)


def listed_names(text: object) -> object:
    """Read names that are apart by semicolons."""
    if not isinstance(text, str):
        return text
    return tuple(name for part in text.split(";") if (name := part.strip()))


def only_local_in_the_clear(text: str) -> str:
    """Credentials travel by https, but for a server on this machine."""
    parts = urlsplit(text)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError
    return text


def only_a_place(text: str | None) -> str | None:
    """Pass an address that says where and nothing else: no login, question or part of a page."""
    if text is None:
        return None
    parts = urlsplit(text)
    if "@" in parts.netloc or parts.port or parts.query or parts.fragment or "//" in parts.path:
        raise ValueError
    return text.rstrip("/")


def why_no_landing(folder: Path) -> str | None:
    """Say why a folder cannot be the landing folder; None if it can."""
    try:
        if not folder.is_dir():
            return (
                f"there is no folder {folder}. "
                "Set it to the folder that holds autotask/ and reference/."
            )
        holds_sources = any((folder / source).is_dir() for source in SOURCES)
    except PermissionError:
        return f"{folder} cannot be read by this user. chmod."
    found = (*folder.glob("[!._]*"), *folder.glob("[!._]*/[!._]*"))
    if folder.name in SOURCES and not holds_sources and any(map(_is_extract, found)):
        return f"{folder} is the folder of one source. Set it to {folder.parent}, which holds it."
    return None


def _is_extract(path: Path) -> bool:
    return path.suffix not in PARTIAL and not EXTRACTS.isdisjoint(path.suffixes)


Folder = Annotated[Path, BeforeValidator(in_the_repository)]
Switch = Annotated[bool, BeforeValidator(switch), Field(strict=True)]
IsWebAddress = an_address("http", "https")
