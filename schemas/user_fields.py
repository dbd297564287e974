"""User-defined fields that hold a PO, or say whether a company requires one (RAW-23)."""

import json
from collections.abc import Callable, Mapping, Sequence

import polars as pl

from schemas.forms import Forms
from schemas.grammar import BOOLEANS, as_text
from schemas.headers import plain_header
from schemas.po_texts import PO_COLUMN, clean_po
from schemas.suspicions import Suspicions

PO_REQUIRED = "po_required"
OF_RECORDS_PLAIN = plain_header("userDefinedFields")
LONGEST_PO = 50


def wanted(forms: Forms, headers: Sequence[str]) -> dict[str, list[int]]:
    """The columns of a file that may hold the fields that are asked for.

    Returns:
        Positions by field: of headers of its name, and of the fields of REST records.
    """
    names = [*forms.po_fields, *filter(None, [forms.po_required_field])]
    plain = [plain_header(header) for header in headers]
    return {
        name: [
            at
            for at, header in enumerate(plain)
            if header in (plain_header(name), OF_RECORDS_PLAIN)
        ]
        for name in names
    }


def any_of(names: Sequence[str], headers: Sequence[str]) -> bool:
    """Whether a file has one of these fields, or user-defined ones of REST records."""
    plain = {plain_header(header) for header in headers}
    return bool(plain & {OF_RECORDS_PLAIN, *(plain_header(name) for name in names if name)})


def columns(
    fields: Mapping[str, Sequence[int]], headers: Sequence[str], column: Callable[[int], pl.Series]
) -> dict[str, pl.Series]:
    """The fields that are asked for, as columns beside those of the table.

    Args:
        fields: as `wanted` has found them.
        headers: of the file.
        column: reads the column at a position.
    """
    found = {
        name: values_of(name, [(headers[at], column(at)) for at in positions])
        for name, positions in fields.items()
    }
    return {column_of(name): values for name, values in found.items() if values is not None}


def column_of(name: str) -> str:
    """What the column of a field is called beside those of its table."""
    return f"user-defined {name}"


def values_of(name: str, columns: Sequence[tuple[str, pl.Series]]) -> pl.Series | None:
    """The values of a field, blanks null.

    Args:
        name: of the field.
        columns: columns of the file that may hold it, with their headers.
    """
    found: pl.Series | None = None
    for header, column in columns:
        text = as_text(column)
        if plain_header(header) == OF_RECORDS_PLAIN:
            text = pl.Series([_of_record(record, name) for record in text], dtype=pl.String)
        text = text.set(text.str.strip_chars() == "", None)
        found = text if found is None else found.fill_null(text)
    return found


def _of_record(record: str | None, name: str) -> str | None:
    """The value of a user-defined field of a REST record."""
    try:
        fields = json.loads(record or "[]")
    except ValueError:
        return None
    for field in fields if isinstance(fields, list) else []:
        if isinstance(field, dict) and plain_header(str(field.get("name", ""))) == plain_header(
            name
        ):
            value = field.get("value")
            return value if value is None or isinstance(value, str) else json.dumps(value)
    return None


def fill(
    rows: pl.DataFrame, delivered: pl.DataFrame, forms: Forms, seen: Suspicions | None
) -> pl.DataFrame:
    """Take the PO, and whether one is required, from user-defined fields where rows have none.

    Args:
        rows: typed.
        delivered: the same rows with the columns of `column_of`.
        forms: which fields are asked for.
        seen: counts the values that could not be taken, by what is wrong.
    """
    notes = seen.notes if seen else {}
    found: pl.Series | None = None
    for name in forms.po_fields if PO_COLUMN in rows.columns else ():
        if column_of(name) in delivered.columns:
            text = delivered[column_of(name)]
            is_long = (text.str.len_chars() > LONGEST_PO).fill_null(value=False)
            _note(notes, f"{name}: over {LONGEST_PO} characters, so no PO", is_long)
            text = text.set(is_long, None)
            found = text if found is None else found.fill_null(text)
    if found is not None:
        has_none = rows.select(clean_po(pl.col(PO_COLUMN)).is_null()).to_series()
        po = found.zip_with(has_none & found.is_not_null(), rows[PO_COLUMN])
        rows = rows.with_columns(po.alias(PO_COLUMN))
    name = forms.po_required_field or ""
    if column_of(name) in delivered.columns and PO_REQUIRED in rows.columns:
        text = delivered[column_of(name)].str.strip_chars()
        words = text.str.to_lowercase()
        known = words.replace_strict(BOOLEANS, default=None, return_dtype=pl.Boolean)
        _note(notes, f"{name}: no word for yes or no", text.is_not_null() & known.is_null())
        rows = rows.with_columns(rows[PO_REQUIRED].fill_null(known))
    return rows


def _note(notes: dict[str, int], what: str, is_so: pl.Series) -> None:
    if count := int(is_so.sum()):
        notes[what] = notes.get(what, 0) + count
