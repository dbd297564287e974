"""How values look: what people read in a cell, on a card and in the sentences of a page.

The script of a page writes the rows of its tables by the same formats, which the page carries.
"""

import json
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Decimal

from orchestration.reports.words import ADVICE, WORDS, words_of

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


def cell(raw: str | None, kind: str) -> Cell:
    """Write a value for people; nothing is computed, only rounded to what they read.

    Args:
        raw: the value as text, as the database writes it.
        kind: how it looks.
    """
    if raw is None or raw == "":
        return Cell(NOTHING, "")
    if kind in NUMBERS:
        return Cell(_number(raw, NUMBERS[kind]), raw)
    if kind == "flag":
        return Cell(FLAGS[raw], raw)
    if kind == "code":
        return Cell(words_of(raw), raw)
    if kind == "advice":
        return Cell(ADVICE.get(raw, NOTHING), raw)
    return Cell(raw[:16] if kind == "time" else raw, raw)


def formats() -> str:
    """Write formats and words as JSON for the script of a page."""
    told = {
        "nothing": NOTHING,
        "flags": FLAGS,
        "numbers": {kind: asdict(how) for kind, how in NUMBERS.items()},
        "words": WORDS,
        "advice": ADVICE,
    }
    return json.dumps(told, ensure_ascii=False)


def _number(raw: str, how: NumberFormat) -> str:
    rounded = Decimal(raw).quantize(Decimal(1).scaleb(-how.decimals), ROUND_HALF_UP)
    return f"{rounded:{',' if how.is_grouped else ''}f}{how.suffix}"
