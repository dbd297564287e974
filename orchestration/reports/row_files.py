"""Rows beside the pages: scripts of bounded size, because browsers read no other file on a disk.

Rows are sorted by a key - the company, or what tells a record - and cut into files. The page knows
the first key of each file, so it reads the few that hold what somebody asks for. Their folder is
named after the generation: a page that is still open when the next one is published never reads
rows of that one.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.reports.declaration import Facts, PageError
from orchestration.reports.marts import row_count, rows_in_order

ROWS_KEPT = 500_000  # of each table; all are in the mart
ROWS_IN_A_FILE = 4_000
LETTERS_IN_A_FILE = 1_000_000  # at four bytes each still below 5 MB


@dataclass(frozen=True)
class RowFiles:
    """The rows of a table beside the pages.

    Attributes:
        name: of the files, below the folder of rows and without their numbers.
        first_keys: for each file the key of its first row, in hexadecimal.
        total: all rows of the mart that belong in the table.
        kept: how many of them are in the files: the first ones in the order of the table.
    """

    name: str
    first_keys: list[str]
    total: int
    kept: int


class RowFolder:
    """Writes the files; a table that several pages show by the same key is written once."""

    def __init__(self, marts: duckdb.DuckDBPyConnection, site: Path, generation: str) -> None:
        """Write into a folder of the site, for the pages of a generation."""
        self._marts = marts
        self._generation = generation
        self._folder = site / "rows"
        (self._folder / generation).mkdir(parents=True)
        self._written: dict[str, RowFiles] = {}
        self._columns: dict[str, tuple[str, ...]] = {}

    def write(self, table: Facts, key: tuple[str, ...]) -> RowFiles:
        """Write the rows of a table by a key; without one in their order.

        Raises:
            PageError: the table was written by this key with other columns.
        """
        name = f"{self._generation}/{'-'.join((table.name, *key))}"
        columns = tuple(column.name for column in table.columns)
        if self._columns.setdefault(name, columns) != columns:
            raise PageError(f"{table.name} has other columns on another page by {', '.join(key)}.")
        if name not in self._written:
            total = row_count(self._marts, table)
            rows = rows_in_order(self._marts, table, ROWS_KEPT, key=key)
            first_keys = []
            for start in range(0, rows.num_rows, ROWS_IN_A_FILE):
                for part in _parts(rows.slice(start, ROWS_IN_A_FILE)):
                    first_keys.append(part["key"][0].as_py())
                    file = f"{name}-{len(first_keys) - 1}"
                    text = f"reportRows({json.dumps(file)},{_packed(part)});\n"
                    (self._folder / f"{file}.js").write_text(text, encoding="utf-8")
            self._written[name] = RowFiles(name, first_keys, total, rows.num_rows)
        return self._written[name]


def _parts(rows: pa.Table) -> list[pa.Table]:
    """Cut rows of long texts into smaller files."""
    half = rows.num_rows // 2
    letters = sum(pc.sum(pc.utf8_length(column)).as_py() or 0 for column in rows.columns)
    if not half or letters <= LETTERS_IN_A_FILE:
        return [rows]
    return [*_parts(rows.slice(0, half)), *_parts(rows.slice(half))]


def _packed(rows: pa.Table) -> str:
    """Write rows by column: its distinct values, followed by the place of each row's value in them.

    The places are left out when all values differ.
    """
    packed = []
    for column in rows.drop_columns("key").columns:
        encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
        texts = json.dumps(encoded.dictionary.fill_null("").to_pylist(), ensure_ascii=False)
        if len(encoded.dictionary) == rows.num_rows:
            packed.append(f"[{texts}]")
        else:
            places = pa.ListArray.from_arrays([0, rows.num_rows], encoded.indices.cast(pa.string()))
            packed.append(f"[{texts},[{pc.binary_join(places, ',')[0].as_py()}]]")
    # As one string: browsers read it far faster than lists written as script.
    return json.dumps(f"[{','.join(packed)}]", ensure_ascii=False)
