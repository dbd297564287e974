"""Which text in a PO field is a PO, and when two are the same one (RES-2, RES-3).

The marts clean with SQL (macro `tidy_po`). Characters and placeholders come from one list each, and
a test holds the two spellings of the rule against each other.
"""

import csv
from functools import cache
from pathlib import Path

import polars as pl

SEEDS = Path(__file__).parents[1] / "dbt_project" / "seeds"
PLACEHOLDERS = SEEDS / "po_placeholders.csv"
PO_COLUMN = "purchase_order_number"

# Code points of every character that shows as nothing: tabs and line breaks, the separators of
# Unicode (Zs, Zl, Zp, the no-break space among them), and the zero-width ones that spreadsheets
# leave behind.
WHITE_SPACE = (
    *range(0x09, 0x0E),
    *range(0x1C, 0x21),
    *(0x85, 0xA0, 0x1680, 0x180E),
    *range(0x2000, 0x200E),
    *(0x2028, 0x2029, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF),
)
_RUN_OF_WHITE_SPACE = "[" + "".join(rf"\x{{{point:X}}}" for point in WHITE_SPACE) + "]+"

# The digit zero of every script in the basic plane of Unicode.
ZEROS = (
    *(0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66),
    *(0xDE6, 0xE50, 0xED0, 0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90),
    *(0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0),
    0xFF10,
)
_ZERO = "[" + "".join(rf"\x{{{point:X}}}" for point in ZEROS) + "]"
_LETTER_OR_DIGIT = r"[\p{L}\p{N}]"


def clean_po(po: pl.Expr) -> pl.Expr:
    """Clean a PO text (RES-2, RES-3): tidied, and null where it stands for no PO."""
    text = _tidy(po)
    says_something = text.str.replace_all(_ZERO, "").str.contains(_LETTER_OR_DIGIT)
    return pl.when(says_something & ~text.is_in(_placeholders())).then(text)


def _tidy(po: pl.Expr) -> pl.Expr:
    text = _trim(po).str.replace("""^(?:="(.*)"|'(.*))$""", "${1}${2}")
    return _trim(text).str.to_uppercase().str.replace("^([0-9]+)[.]0+$", "${1}")


def _trim(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(_RUN_OF_WHITE_SPACE, " ").str.strip_chars(" ")


@cache
def _placeholders() -> tuple[str, ...]:
    texts = pl.Series(first_column(PLACEHOLDERS), dtype=pl.String)
    return tuple(pl.select(_tidy(pl.lit(texts))).to_series())


def first_column(seed: Path) -> tuple[str, ...]:
    """The first column of a seed, without its header: the list that the seed is."""
    with seed.open(encoding="utf-8", newline="") as file:
        return tuple(row[0] for row in list(csv.reader(file))[1:] if row)
