"""Rows beside the pages: scripts of bounded size, because browsers read no other file on a disk.

Rows are sorted by a key - the company, or what tells a record - and cut into files. The page knows
the first key of each file, so it reads the few that hold what somebody asks for. Their folder is
named after the generation: a page that is still open when the next one is published never reads
other rows. Files of rows that are still the same are taken over from it, folder and all.
"""

import json
from collections.abc import Set
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.reports.declaration import Facts, PageError
from orchestration.reports.marts import row_count, rows_in_order

FOLDER = "rows"  # of a site
INDEX = "index.json"  # in it: what is in the files
ROWS_KEPT = 500_000  # of each table; all are in the mart
ROWS_IN_A_FILE = 4_000
LETTERS_IN_A_FILE = 1_000_000  # at four bytes each still below 5 MB


@dataclass(frozen=True)
class RowFiles:
    """The rows of a table beside the pages.

    Attributes:
        name: of the files, below the folder of rows and without their numbers.
        first_keys: for each file the key of its first row, in hexadecimal.
        sizes: bytes of each file.
        total: all rows of the mart that belong in the table.
        kept: how many of them are in the files: the first ones in the order of the table.
    """

    name: str
    first_keys: list[str]
    sizes: list[int]
    total: int
    kept: int


class RowFolder:
    """Writes the files; a table that several pages show by the same key is written once."""

    def __init__(
        self,
        marts: duckdb.DuckDBPyConnection,
        site: Path,
        generation: str,
        published: Path | None = None,
        unchanged: Set[str] = frozenset(),
    ) -> None:
        """Write into a folder of the site, for the pages of a generation.

        Args:
            marts: where the rows are.
            site: the folder of the pages.
            generation: its name.
            published: the folder of the pages of an earlier generation.
            unchanged: the marts that have the very rows of that generation.
        """
        self._marts = marts
        self._generation = generation
        self._folder = site / FOLDER
        (self._folder / generation).mkdir(parents=True)
        self._published = published / FOLDER if published else None
        # Rows are shown with the name of their company.
        self._unchanged = unchanged if "dim_companies" in unchanged else frozenset()
        self._known = _read_index(self._published) if self._published and self._unchanged else {}
        self._written: dict[str, RowFiles] = {}
        self._columns: dict[str, tuple[str, ...]] = {}

    def write(self, table: Facts, key: tuple[str, ...]) -> RowFiles:
        """Write the rows of a table by a key; without one in their order.

        Raises:
            PageError: the table was written by this key with other columns.
        """
        name = "-".join((table.name, *key))
        columns = tuple(column.name for column in table.columns)
        if self._columns.setdefault(name, columns) != columns:
            raise PageError(f"{table.name} has other columns on another page by {', '.join(key)}.")
        if name not in self._written:
            self._written[name] = self._taken_over(table, name) or self._new(table, name, key)
        return self._written[name]

    def write_index(self) -> None:
        """Tell the next generation what is in the files."""
        text = json.dumps({name: asdict(files) for name, files in self._written.items()})
        (self._folder / INDEX).write_text(text, encoding="utf-8")

    def _new(self, table: Facts, name: str, key: tuple[str, ...]) -> RowFiles:
        path = f"{self._generation}/{name}"
        rows = rows_in_order(self._marts, table, ROWS_KEPT, key=key)
        first_keys, sizes = [], []
        for start in range(0, rows.num_rows, ROWS_IN_A_FILE):
            for part in _parts(rows.slice(start, ROWS_IN_A_FILE)):
                first_keys.append(part["key"][0].as_py())
                file = f"{path}-{len(first_keys) - 1}"
                text = f"reportRows({json.dumps(file)},{_packed(part)});\n"
                sizes.append((self._folder / f"{file}.js").write_bytes(text.encode()))
        total = row_count(self._marts, table)
        return RowFiles(path, first_keys, sizes, total, rows.num_rows)

    def _taken_over(self, table: Facts, name: str) -> RowFiles | None:
        """Give the files of the earlier generation a second name; no generation is written to."""
        files = self._known.get(name)
        if self._published is None or files is None or table.mart not in self._unchanged:
            return None
        try:
            for number, size in enumerate(files.sizes):
                file = self._folder / f"{files.name}-{number}.js"
                source = self._published / file.relative_to(self._folder)
                if source.stat().st_size != size:
                    return None
                file.parent.mkdir(exist_ok=True)
                file.hardlink_to(source)
        except OSError:  # one is gone, or the file system has no hard links
            return None
        return files


def _read_index(folder: Path) -> dict[str, RowFiles]:
    """What is in the files of an earlier generation; nothing if its index cannot be read."""
    try:
        known = json.loads((folder / INDEX).read_bytes())
        return {name: RowFiles(**files) for name, files in known.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


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
