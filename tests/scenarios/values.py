"""Single values: as people type them, and at the edges of the rules."""

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

# No seed that is worth having lacks the words, and the others need none (RES-3).
PLACEHOLDERS = ("N/A", "TBD", "NULL", "#N/A", "\\N", "NOT INVOICED", "-", "…", "0000", "0.0")
# Those after the fifth look wrong, or like one before (MRT-23).
PO_NUMBERS = (
    *("PO-1001", "4500012", "ACME 77 B", "BÜRO 5", "X"),
    *("PO 1001", "PO1001", "0004500012", "4.50001E+09", "45E+11", "SEE EMAIL", "SEE-EMAIL"),
)
_DIRTY_SPACES = (" ", "  ", "\t", "\u00a0", " \u00a0 ", "\u200b", "\ufeff", "\u2009", "\u3000")


def chance(rng: random.Random, probability: float) -> bool:
    return rng.random() < probability


def day_between(rng: random.Random, first: date, last: date) -> date:
    return first + timedelta(days=rng.randint(0, (last - first).days))


def maybe(rng: random.Random, probability: float, value: Any) -> Any:
    return value if chance(rng, probability) else None


def dirty(rng: random.Random, text: str) -> str:
    """The same PO as people type and paste it, and as spreadsheets give it back."""
    if text.isdecimal() and chance(rng, 0.3):
        text += rng.choice([".0", ".0000"])
    text = _typed(rng, text)
    if chance(rng, 0.2):
        text = rng.choice(['="{}"', "'{}", ' ="{}"', "\u00a0'{}"]).format(text)
    return text


def _typed(rng: random.Random, text: str) -> str:
    parts = text.split(" ")
    if chance(rng, 0.5):
        parts = [part.lower() for part in parts]
    typed = parts[0]
    for part in parts[1:]:
        typed += rng.choice(_DIRTY_SPACES) + part
    if chance(rng, 0.5):
        typed = rng.choice(_DIRTY_SPACES) + typed
    if chance(rng, 0.5):
        typed += rng.choice(_DIRTY_SPACES)
    return typed


def po_text(rng: random.Random, chance_of_po: float) -> str | None:
    """A PO, clean or badly typed, a placeholder, white space or nothing."""
    if chance(rng, chance_of_po):
        number = rng.choice(PO_NUMBERS)
        return dirty(rng, number) if chance(rng, 0.4) else number
    kind = rng.random()
    if kind < 0.45:
        return None
    if kind < 0.85:
        placeholder = rng.choice(PLACEHOLDERS)
        return dirty(rng, placeholder) if chance(rng, 0.4) else placeholder
    return rng.choice([" ", "\t", "\u00a0", "\u200b", " \u00a0\u200b "])


def any_amount(rng: random.Random) -> Decimal:
    """Mostly a small amount, also a credit, zero, or more decimals than money keeps."""
    kind = rng.random()
    if kind < 0.12:
        return Decimal(0)
    if kind < 0.25:
        return -Decimal(rng.randint(1, 99999)) / 100
    if kind < 0.35:
        return rng.choice([Decimal("10.12345"), Decimal("-10.12345"), Decimal("0.00005")])
    if kind < 0.4:
        return Decimal("1234567890.1234")
    return Decimal(rng.randint(1, 999999)) / rng.choice([1, 100, 10000])


def optional_amount(rng: random.Random) -> Decimal | None:
    return None if chance(rng, 0.3) else any_amount(rng)


def any_invoice_number(rng: random.Random, invoiced: bool) -> str | None:
    """A real number, or something that means "not invoiced yet"."""
    if invoiced and chance(rng, 0.35):
        return rng.choice(["INV-1", "2026-0042", '="0042"', "INV"])
    nothing = rng.choice([None, None, None, "0", " ", "  ", rng.choice(PLACEHOLDERS)])
    return dirty(rng, nothing) if nothing in PLACEHOLDERS and chance(rng, 0.4) else nothing
