"""Workbooks of Excel (.xlsx): the first sheet with a header of the table, cell by cell.

Read by the standard library as a stream: libraries for workbooks hold a whole sheet in memory and
do not tell a formula without a value from an empty cell.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

import polars as pl

from orchestration.ingest.readers.delivery import (
    CHUNK_ROWS,
    HEADER_COLUMNS,
    LINES_ABOVE,
    Delivery,
    long_header,
)
from orchestration.ingest.readers.stream import UNPACKED_BYTES, UNPACKED_RATIO
from orchestration.ingest.readers.xlsx_parts import (
    Cell,
    NoValue,
    Styles,
    read_sheet,
    read_strings,
    read_styles,
    sheets_of,
)
from orchestration.ingest.rejections import RefusedFile
from schemas import RawTable
from schemas.grammar import CUT, with_literals

MOST_ROWS = 1_048_576
WHOLE_DIGITS = 10**15  # Excel keeps 15 digits of a number
_MERGED = re.compile(rb'mergeCell\s[^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_OLE = b"\xd0\xcf\x11\xe0"
# What zipfile, zlib and expat raise over damaged or hostile files; an unknown compression is a
# RuntimeError of its own kind.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, LookupError, RuntimeError),
    *(ValueError, OverflowError, expat.ExpatError),
)


class _Header(NamedTuple):
    """A row of a sheet as its header: the sheet, the row's number in it, its texts."""

    sheet: str
    row: int
    fields: list[str]
    above: list[str]


def open_xlsx(path: Path, file: str, table: type[RawTable], most_lines: int) -> Delivery:
    """Read a workbook as far as its header."""
    with _opened(path, file) as (book, strings, styles):
        header = _find_header(book, strings, styles, table)
        if header is None:
            raise RefusedFile(file, "no_header")
        if len(header.fields) > HEADER_COLUMNS:
            raise long_header(file)
        _refuse_merged(book, header, file)
    known: dict[int, pl.DataType] = {}
    if table.headers().has_required(header.fields):
        with _no_error_of_headers():
            matched = table.headers().match(header.fields)
            known = {at: table.columns()[name] for name, at in matched.items()}

    def columns(positions: Sequence[int]) -> Iterator[pl.DataFrame]:
        with _opened(path, file) as (book, strings, styles):
            gathered: list[dict[int, Cell]] = []
            first = 1
            for number, row in read_sheet(book, header.sheet, strings, styles):
                if number <= header.row or not any(at < len(header.fields) for at in row):
                    continue
                gathered.append(row)
                if len(gathered) == CHUNK_ROWS // 8:
                    yield _frame(gathered, positions, known, header, file, first)
                    first, gathered = first + len(gathered), []
            if gathered:
                yield _frame(gathered, positions, known, header, file, first)

    return Delivery(header.fields, columns, MOST_ROWS, header.above)


@contextmanager
def _opened(path: Path, file: str) -> Iterator[tuple[zipfile.ZipFile, list[str], Styles]]:
    """Open a workbook that is one, with its texts and what tells dates from numbers."""
    with path.open("rb") as stream:
        if stream.read(4) == _OLE:
            raise RefusedFile(file, "odd_workbook", reason="it has a password, or is an old .xls")
    try:
        with zipfile.ZipFile(path) as book:
            names = book.namelist()
            unpacked = sum(member.file_size for member in book.infolist())
            if unpacked > max(UNPACKED_BYTES, UNPACKED_RATIO * path.stat().st_size):
                raise RefusedFile(file, "bomb", ratio=UNPACKED_RATIO)
            if any(name.endswith("vbaProject.bin") for name in names):
                raise RefusedFile(file, "odd_workbook", reason="it holds macros")
            if any(name.startswith("xl/externalLinks/") for name in names):
                reason = "its cells refer to other workbooks"
                raise RefusedFile(file, "odd_workbook", reason=reason)
            yield book, read_strings(book, UNPACKED_BYTES), read_styles(book)
    except RefusedFile:
        raise
    except _BROKEN as error:
        reason = " ".join(str(error).split())[:200].rstrip(".")
        raise RefusedFile(file, "broken_xlsx", reason=reason) from None


@contextmanager
def _no_error_of_headers() -> Iterator[None]:
    """Two headers that are alike are refused where all formats are."""
    try:
        yield
    except ValueError:
        return


def _find_header(
    book: zipfile.ZipFile, strings: list[str], styles: Styles, table: type[RawTable]
) -> _Header | None:
    """Find the first row with all required columns in the first visible sheet that has one.

    Returns:
        Without such a row the one that has most of the table's columns.
    """
    headers, best = table.headers(), None
    for sheet in sheets_of(book):
        above: list[str] = []
        for number, row in read_sheet(book, sheet, strings, styles):
            width = max(row) + 1
            fields = ["" if row.get(at) is None else _text(row[at]) for at in range(width)]
            rank = headers.has_required(fields), headers.count_known(fields)
            if best is None or rank > best[0]:
                best = rank, _Header(sheet, number, fields, list(above))
            above.append(", ".join(filter(None, fields)))
            if rank[0] or len(above) > LINES_ABOVE:
                break
        if best and best[0][0]:
            break
    return best[1] if best else None


def _refuse_merged(book: zipfile.ZipFile, header: _Header, file: str) -> None:
    """Refuse a header of which cells are merged: only the first of them has a text."""
    rest = b""
    with book.open(header.sheet) as stream:
        while block := stream.read(1 << 20):
            for found in _MERGED.finditer(rest + block):
                first, top, last, bottom = found.groups()
                if int(top) <= header.row <= int(bottom):
                    cells = b"%b%b:%b%b" % (first, top, last, bottom)
                    raise RefusedFile(file, "merged_header", cells=cells.decode())
            rest = block[-200:]


def _frame(
    rows: list[dict[int, Cell]],
    positions: Sequence[int],
    known: dict[int, pl.DataType],
    header: _Header,
    file: str,
    first: int,
) -> pl.DataFrame:
    columns = {}
    for position in positions:
        cells = [row.get(position) for row in rows]
        if position in known and NoValue.FORMULA in cells:
            facts = {"row": first + cells.index(NoValue.FORMULA)}
            raise RefusedFile(file, "no_value", column=header.fields[position], **facts)
        columns[str(position)] = _series(cells, known.get(position))
    return pl.DataFrame(columns)


def _series(cells: list[Cell], dtype: pl.DataType | None) -> pl.Series:
    """Hand a column on in the type of its cells where they have one, else as text."""
    types = {type(cell) for cell in cells if cell is not None}
    if types <= {str}:
        return pl.Series(cells, dtype=pl.String)
    kinds = {float: pl.Float64(), bool: pl.Boolean(), date: pl.Date(), datetime: pl.Datetime("us")}
    is_text = dtype in (None, pl.String)
    if len(types) == 1 and (only := types.pop()) in kinds and not (is_text and only is float):
        return pl.Series(cells, dtype=kinds[only])
    # Numbers and bools are told from texts, which may have local forms.
    texts = [None if cell is None else _text(cell, is_text) for cell in cells]
    return with_literals(texts, [isinstance(cell, float | bool) for cell in cells])


def _text(cell: Cell, is_kept: bool = False) -> str:
    """The text of a cell.

    Args:
        cell: which is not empty.
        is_kept: whether its digits matter, which a workbook cuts after the fifteenth.
    """
    if cell is None or isinstance(cell, NoValue):
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    if isinstance(cell, str):
        return cell
    number = Decimal(repr(cell))
    if cell.is_integer():
        return f"{number:.0f}{CUT if is_kept and abs(cell) >= WHOLE_DIGITS else ''}"
    return f"{number:f}"
