"""Where the rows of a content come from: columns to judge, and whole rows as JSON."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import polars as pl

from orchestration.ingest.readers.delivery import Delivery
from orchestration.ingest.rejections import RefusedFile
from schemas import RawTable
from schemas.grammar import as_text
from schemas.headers import HeaderError, MissingColumnError

ABOVE_CHARACTERS = 200  # of what stands above a header

# Row numbers, and the columns of these rows under their canonical names.
Piece = tuple[pl.Series, pl.DataFrame]


class Rows(Protocol):
    """The rows of a content."""

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

    def __init__(
        self, table: type[RawTable], file: str, delivery: Delivery, is_as_read: Callable[[], bool]
    ) -> None:
        """Say what to read.

        Args:
            table: the table of the rows.
            file: what messages call the file.
            delivery: the opened file.
            is_as_read: whether the file still is the one whose hash was taken.
        """
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
        for numbers, frame in self._numbered(list(matched.values())):
            yield numbers, frame.select(pl.col(str(at)).alias(name) for name, at in matched.items())
        if not self.is_as_read():
            raise RefusedFile(self.file, "moving")

    def as_json(self, numbers: pl.Series) -> dict[int, str]:
        """Read the file again for whole rows."""
        names = distinct(self.headers)
        rows: dict[int, str] = {}
        for found, frame in self._numbered(range(len(names))):
            wanted = found.is_in(numbers.implode())
            texts = rows_as_json(frame.filter(wanted), names)
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


def rows_as_json(rows: pl.DataFrame, names: Sequence[str]) -> list[str]:
    """Each row as a JSON object of texts, its columns under these names."""
    # A header may be blank, which no data frame can have for the name of a column.
    texts = pl.DataFrame({name: as_text(rows[name]) for name in rows.columns})
    return [
        json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False)
        for row in texts.iter_rows()
    ]
