"""How values look: what people read in a cell, on a card and in the sentences of a page.

The script of a page writes rows that arrive later by the same formats, which the page carries.
"""

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from orchestration.reports.pages.words import GAP_ADVICE, WORDS

NOTHING = "–"  # noqa: RUF001 - what people read in an empty cell


@dataclass(frozen=True)
class NumberFormat:
    """How numbers of a kind look.

    Attributes:
        decimals: digits after the point; the last one is rounded half away from zero.
        suffix: what follows the number.
        is_grouped: whether commas separate thousands.
    """

    decimals: int = 0
    suffix: str = ""
    is_grouped: bool = True


NUMBERS = {
    "int": NumberFormat(),
    "money": NumberFormat(2),
    "hours": NumberFormat(2),
    "pct": NumberFormat(2, " %"),
    "id": NumberFormat(is_grouped=False),
}
FLAGS = {"true": "yes", "false": "no"}


@dataclass(frozen=True)
class Cell:
    """A value as people read it, and as the mart has it."""

    text: str
    raw: str


def cell(value: Any, kind: str) -> Cell:
    """Write a value for people; nothing is computed, only rounded to what they read."""
    if value is None:
        return Cell(NOTHING, "")
    raw = str(value)
    if kind in NUMBERS:
        return Cell(_number(raw, NUMBERS[kind]), raw)
    if kind == "flag":
        raw = "true" if value else "false"
        return Cell(FLAGS[raw], raw)
    if kind == "code" and re.fullmatch("[a-z_]+", raw):
        return Cell(WORDS.get(raw, raw.replace("_", " ").capitalize()), raw)
    if kind == "advice":
        return Cell(GAP_ADVICE.get(raw, NOTHING), GAP_ADVICE.get(raw, ""))
    if kind == "time" and isinstance(value, datetime):
        return Cell(f"{value:%Y-%m-%d %H:%M}", raw)
    return Cell(raw, raw)


def formats() -> str:
    """Write the formats as JSON for the script of a page."""
    numbers = {kind: asdict(how) for kind, how in NUMBERS.items()}
    return json.dumps({"nothing": NOTHING, "flags": FLAGS, "numbers": numbers}, ensure_ascii=False)


def _number(raw: str, how: NumberFormat) -> str:
    rounded = Decimal(raw).quantize(Decimal(1).scaleb(-how.decimals), ROUND_HALF_UP)
    return f"{rounded:{',' if how.is_grouped else ''}f}{how.suffix}"
