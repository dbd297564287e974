"""How each file format is read: one extension, one reader.

What a column must hold is not known here. A value is handed on as the text that the file has, or,
from parquet, in the file's own type; no number passes through a float.
"""

from collections.abc import Callable
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from orchestration.ingest.readers.csv_files import open_csv
from orchestration.ingest.readers.delivery import Delivery
from orchestration.ingest.readers.json_files import open_json
from orchestration.ingest.readers.parquet_files import open_parquet
from orchestration.ingest.readers.stream import (
    RECORD_BYTES,
    Reading,
    Text,
    is_packed,
    take_hash_and_check,
)
from orchestration.ingest.readers.xlsx_files import open_xlsx
from schemas import RawTable

# Path, what messages call the file, its table, and how many lines it can have at most.
Opener = Callable[[Path, str, type[RawTable], int], Delivery]


class Format(NamedTuple):
    """How the files of one extension are read.

    Attributes:
        open: reads a file as far as its headers.
        is_text: whether it is checked as a text first.
        longest_line: how many bytes a line of the text may have.
        is_local: whether its texts may write numbers and dates the local way (RAW-20, RAW-21).
    """

    open: Opener
    is_text: bool = True
    longest_line: int | None = None
    is_local: bool = False


_CSV = Format(open_csv, longest_line=RECORD_BYTES, is_local=True)
_JSON, _JSON_LINES = (Format(partial(open_json, is_array=is_array)) for is_array in (True, False))
_PARQUET = Format(open_parquet, is_text=False)
_XLSX = Format(open_xlsx, is_text=False, is_local=True)

# The place for a new format; messages name the extensions in this order.
FORMATS: dict[str, Format] = {
    ".csv": _CSV,
    ".csv.gz": _CSV,
    ".json": _JSON,
    ".jsonl": _JSON_LINES,
    ".ndjson": _JSON_LINES,
    ".jsonl.gz": _JSON_LINES,
    ".ndjson.gz": _JSON_LINES,
    ".parquet": _PARQUET,
    ".xlsx": _XLSX,
}


def extension_of(path: Path) -> str | None:
    """The extension of a file that can be read, in lower case, `.gz` included; else None."""
    name = path.name.lower()
    return max((end for end in FORMATS if name.endswith(end)), key=len, default=None)


def read_once(stream: BufferedReader, path: Path, file: str) -> Reading:
    """Read all of a file for its hash and for what its format is to be checked for.

    Args:
        stream: the file as delivered, at its start.
        path: its name, which tells the format.
        file: what messages call it.
    """
    form = FORMATS[extension_of(path) or ""]
    text = Text(is_packed(path), form.longest_line) if form.is_text else None
    return take_hash_and_check(stream, file, text)


def open_delivery(path: Path, file: str, table: type[RawTable], reading: Reading) -> Delivery:
    """Open a file for reading.

    Args:
        path: the file; `extension_of` tells its format.
        file: what messages call it.
        table: the table whose columns tell one delimiter of a CSV from another.
        reading: what `read_once` has found.

    Raises:
        RefusedFile: the file cannot be read; reading its columns can raise it, too.
    """
    if reading.refusal:
        raise reading.refusal
    return FORMATS[extension_of(path) or ""].open(path, file, table, reading.most_lines)
