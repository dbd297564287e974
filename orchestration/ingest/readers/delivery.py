"""What every reader hands on: the headers of a file, then its columns in bounded memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from orchestration.ingest.rejections import RefusedFile

CHUNK_ROWS, CHUNK_BYTES = 131_072, 64 << 20
PIECE_ROWS = 16_384  # what readers are asked for at once, as rows of long texts are large
HEADER_CHARACTERS, HEADER_COLUMNS = 1 << 20, 5_000
LINES_ABOVE = 20  # that a file may have above its header: a title, a date, a filter


@dataclass(frozen=True)
class Delivery:
    """A file that has been opened far enough to know its headers.

    Attributes:
        headers: as delivered, in the order of the file.
        columns: reads the columns at the given positions: frames of all rows in file order, whose
            columns are named by the positions as text.
        most_rows: how many rows the file can have at most.
        above_header: the lines that stand above the header, those that say nothing apart.
        is_one_page: whether it says of itself that it is one page of several.
    """

    headers: list[str]
    columns: Callable[[Sequence[int]], Iterator[pl.DataFrame]]
    most_rows: int
    above_header: Sequence[str] = ()
    is_one_page: bool = False


def long_header(file: str) -> RefusedFile:
    """The refusal of a file whose header is longer than that of any export."""
    limits = {"limit": HEADER_CHARACTERS, "columns": HEADER_COLUMNS}
    return RefusedFile(file, "long_header", **limits)


def chunks(pieces: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Join pieces of a file until they are as many rows, or as many bytes, as a chunk may have."""
    gathered: list[pa.RecordBatch] = []
    for piece in pieces:
        gathered.append(piece)
        rows = sum(map(len, gathered))
        if rows >= CHUNK_ROWS or sum(part.nbytes for part in gathered) >= CHUNK_BYTES:
            yield pa.concat_batches(gathered)
            gathered = []
    if gathered:
        yield pa.concat_batches(gathered)
