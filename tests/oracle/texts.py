"""Texts that people type: POs (RES-2, RES-3), statuses, blanks."""

from __future__ import annotations

import csv
import re
from pathlib import Path

SEEDS = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds"
PLACEHOLDER_SEED = SEEDS / "po_placeholders.csv"

# `\s` covers the Unicode spaces, tabs and the no-break spaces, but none of the zero-width ones.
_WHITE_SPACE = re.compile(r"[\s\u180e\u200b\u200c\u200d\u2060\ufeff]+")


def tidy(text: str | None) -> str:
    """RES-2: trim, collapse white space to one space, upper-case."""
    return _WHITE_SPACE.sub(" ", text or "").strip(" ").upper()


def is_blank(text: str | None) -> bool:
    """Whether nothing but white space is there."""
    return tidy(text) == ""


def is_placeholder(text: str | None, placeholders: frozenset[str]) -> bool:
    """RES-3: the text stands for "no PO"."""
    return tidy(text) != "" and tidy(text) in placeholders


def clean_po(text: str | None, placeholders: frozenset[str]) -> str | None:
    """RES-2: the PO that all marts show, or None."""
    tidied = tidy(text)
    if tidied == "" or tidied in placeholders:
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
