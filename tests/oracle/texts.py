"""Texts that people type: POs (RES-2, RES-3), statuses, blanks."""

from __future__ import annotations

import csv
import re
import unicodedata
from pathlib import Path

SEEDS = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds"
PLACEHOLDER_SEED = SEEDS / "po_placeholders.csv"

# `\s` covers the Unicode spaces, tabs and the no-break spaces, but none of the zero-width ones.
_WHITE_SPACE = re.compile(r"[\s\u180e\u200b\u200c\u200d\u2060\ufeff]+")


def tidy(text: str | None) -> str:
    """Trim, collapse white space to one space, upper-case."""
    return _WHITE_SPACE.sub(" ", text or "").strip(" ").upper()


def tidy_po(text: str | None) -> str:
    """RES-2: a text as a PO is written, before it is asked whether it is one."""
    tidied = tidy(text)
    if len(tidied) > 2 and tidied.startswith('="') and tidied.endswith('"'):
        tidied = tidied[2:-1].strip(" ")
    elif tidied.startswith("'"):
        tidied = tidied[1:].strip(" ")
    digits, point, fraction = tidied.partition(".")
    is_whole = digits != "" and fraction != "" and set(digits) <= set("0123456789")
    return digits if point and is_whole and set(fraction) == {"0"} else tidied


def letters_and_digits(text: str) -> str:
    """A text without everything else, in any script."""
    return "".join(letter for letter in text if unicodedata.category(letter)[0] in "LN")


def is_numeral(letter: str) -> bool:
    """Whether it is a digit, or stands for a number otherwise, in any script."""
    return unicodedata.category(letter)[0] == "N"


def is_zero(letter: str) -> bool:
    """Whether it is the digit zero of any script."""
    return unicodedata.decimal(letter, None) == 0


def is_blank(text: str | None) -> bool:
    """Whether nothing but white space is there."""
    return tidy(text) == ""


def is_placeholder(text: str | None, placeholders: frozenset[str]) -> bool:
    """RES-3: something is there, and it stands for "no PO"."""
    return not is_blank(text) and clean_po(text, placeholders) is None


def clean_po(text: str | None, placeholders: frozenset[str]) -> str | None:
    """RES-2, RES-3: the PO that all marts show, or None."""
    tidied = tidy_po(text)
    if all(is_zero(letter) for letter in letters_and_digits(tidied)) or tidied in placeholders:
        return None
    return tidied


def read_placeholders(path: Path = PLACEHOLDER_SEED) -> list[str]:
    """The first column of the seed `po_placeholders`."""
    with path.open(newline="", encoding="utf-8") as file:
        return [line[0] for line in list(csv.reader(file))[1:] if line]


def status_key(text: str | None) -> str:
    """RES-15: statuses are compared trimmed and in any case; "" for none."""
    return (text or "").strip().upper()


def read_seed(name: str) -> list[dict[str, str]]:
    """The rows of a seed."""
    with (SEEDS / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
