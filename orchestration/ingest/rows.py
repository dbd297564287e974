"""Where the rows of a content come from: columns to judge, and whole rows as JSON."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import Protocol

import polars as pl

from orchestration.ingest.readers.delivery import Delivery
from orchestration.ingest.rejections import RefusedFile
from schemas import RawTable, user_fields
from schemas.forms import PLAIN, Forms
from schemas.grammar import IS_LITERAL, as_text
from schemas.headers import HeaderError, MissingColumnError

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?")
ABOVE_CHARACTERS = 200  # of what stands above a header

# Row numbers, and the columns of these rows under their canonical names.
Piece = tuple[pl.Series, pl.DataFrame]


class Rows(Protocol):
    """The rows of a content."""

    @property
    def is_whole(self) -> bool:
        """Whether they are all rows of the file, as delivered."""
        ...

    @property
    def headers(self) -> list[str]:
        """As delivered."""
        ...

    @property
    def above_header(self) -> str:
        """The lines that stand above the header, as the mart shows them."""
        ...

    @property
    def most_rows(self) -> int:
        """How many rows there can be at most."""
        ...

    def pieces(self) -> Iterator[Piece]:
        """All rows, piece by piece, in the columns that the table knows."""
        ...

    def as_json(self, numbers: pl.Series) -> dict[int, str]:
        """The rows with the given numbers, with all their columns."""
        ...


class DeliveredRows:
    """The rows of a file that has been opened."""

    is_whole = True

    def __init__(
        self,
        table: type[RawTable],
        file: str,
        delivery: Delivery,
        is_as_read: Callable[[], bool],
        forms: Forms = PLAIN,
    ) -> None:
        """Say what to read.

        Args:
            table: the table of the rows.
            file: what messages call the file.
            delivery: the opened file.
            is_as_read: whether the file still is the one whose hash was taken.
            forms: which user-defined fields are asked for.
        """
        self.forms = forms
        self.table, self.file, self.delivery, self.is_as_read = table, file, delivery, is_as_read
        self.headers, self.most_rows = delivery.headers, delivery.most_rows
        self.above_header = " | ".join(delivery.above_header)[:ABOVE_CHARACTERS]

    def pieces(self) -> Iterator[Piece]:
        """All rows.

        Raises:
            RefusedFile: the file cannot be read, or another one has taken its place meanwhile.
        """
        if not self.headers:  # a JSON array without a record
            return
        matched = match_headers(self.table, self.headers, self.file)
        fields = user_fields.wanted(self.forms, self.headers)
        positions = dict.fromkeys(
            [*matched.values(), *(at for ats in fields.values() for at in ats)]
        )
        for numbers, frame in self._numbered(list(positions)):
            found = {name: frame[str(at)] for name, at in matched.items()}
            read = dict(zip(positions, frame.get_columns(), strict=True)).__getitem__
            beside = user_fields.columns(fields, self.headers, read)
            yield numbers, pl.DataFrame(found | beside)
        if not self.is_as_read():
            raise RefusedFile(self.file, "moving")

    def as_json(self, numbers: pl.Series) -> dict[int, str]:
        """Read the file again for whole rows."""
        names = distinct(self.headers)
        rows: dict[int, str] = {}
        for found, frame in self._numbered(range(len(names))):
            wanted = found.is_in(numbers.implode())
            texts = rows_as_json(frame.filter(wanted), names, is_local=self.forms.is_local)
            rows |= dict(zip(found.filter(wanted), texts, strict=True))
        return rows

    def _numbered(self, positions: Sequence[int]) -> Iterator[Piece]:
        first_row = 1
        for frame in self.delivery.columns(positions):
            yield pl.int_range(first_row, first_row + frame.height, eager=True), frame
            first_row += frame.height


def match_headers(table: type[RawTable], headers: Sequence[str], file: str) -> dict[str, int]:
    """Find the position of every column of a table.

    Raises:
        RefusedFile: a required column is missing, or two headers are one column.
    """
    try:
        return table.headers().match(headers)
    except HeaderError as error:
        kind = "missing_column" if isinstance(error, MissingColumnError) else "alike_headers"
        raise RefusedFile(file, kind, column=error.column, problem=error.problem) from None


def distinct(headers: Sequence[str]) -> list[str]:
    """Headers under which the values of a row can be told apart."""
    names: dict[str, None] = {}
    for header in headers:
        name, times = header, 1
        while name in names:
            times += 1
            name = f"{header} ({times})"
        names[name] = None
    return list(names)


def rows_as_json(rows: pl.DataFrame, names: Sequence[str], *, is_local: bool = False) -> list[str]:
    """Each row as a JSON object, its columns under these names; values without a type are texts.

    Args:
        rows: as delivered.
        names: of their columns.
        is_local: whether texts may have local forms, so that numbers must not become texts.
    """
    # A header may be blank, which no data frame can have for the name of a column.
    values = [_as_json(rows[name], is_local) for name in rows.columns]
    keys = [json.dumps(name, ensure_ascii=False) for name in names]
    return [
        "{" + ", ".join(f"{key}: {value}" for key, value in zip(keys, row, strict=True)) + "}"
        for row in zip(*values, strict=True)
    ]


def _as_json(column: pl.Series, is_local: bool) -> list[str]:
    texts = list(as_text(column))
    are_literals: Iterable[bool] = repeat(False)
    if isinstance(column.dtype, pl.Struct):
        are_literals = column.struct.field(IS_LITERAL)
    elif is_local and (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        are_literals = repeat(True)
    # A bool, an object or a list is one again, should the row be judged once more.
    kept = ("t", "f", "{", "[")
    return [
        text
        if text and is_literal and (text[:1] in kept or (is_local and _NUMBER.fullmatch(text)))
        else json.dumps(text, ensure_ascii=False)
        for text, is_literal in zip(texts, are_literals, strict=False)
    ]
