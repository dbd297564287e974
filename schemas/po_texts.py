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


def clean_po(po: pl.Expr) -> pl.Expr:
    """Clean a PO text (RES-2, RES-3): white space collapsed, upper case, placeholders null."""
    text = _tidy(po)
    return pl.when(~text.is_in(["", *_placeholders()])).then(text)


def _tidy(po: pl.Expr) -> pl.Expr:
    return po.str.replace_all(_RUN_OF_WHITE_SPACE, " ").str.strip_chars(" ").str.to_uppercase()


@cache
def _placeholders() -> tuple[str, ...]:
    texts = pl.Series(first_column(PLACEHOLDERS), dtype=pl.String)
    return tuple(pl.select(_tidy(pl.lit(texts))).to_series())


def first_column(seed: Path) -> tuple[str, ...]:
    """The first column of a seed, without its header: the list that the seed is."""
    with seed.open(encoding="utf-8", newline="") as file:
        return tuple(row[0] for row in list(csv.reader(file))[1:] if row)
