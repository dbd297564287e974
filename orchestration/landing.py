"""Find, order and read the files of a landing folder (SPEC 1).

What a row must look like is not known here, and neither is the orchestrator.
"""

import codecs
import csv
import glob
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet

from schemas import RAW_TABLES, RawTable
from schemas.base import HeaderError

EXTENSIONS = (".csv", ".parquet")
CHUNK_ROWS = 250_000
TIMESTAMP = re.compile(r"(?<!\d)(\d{4})(-?)(\d{2})\2(\d{2})(?:T(\d{2})(\d{2})(\d{2})Z)?(?!\d)")


class RefusedFile(ValueError):
    """A file cannot be loaded as a whole; the message says where, why and what to do."""


@dataclass(frozen=True)
class Batch:
    """One delivered file.

    Attributes:
        source: `autotask` or `reference`.
        table: name of the raw table.
        path: the file.
        batch: its id, the path below the source's folder.
        kind: `full` for a complete snapshot, else `upsert`.
    """

    source: str
    table: str
    path: Path
    batch: str
    kind: str

    def extracted_at(self) -> datetime:
        """Moment of the extract: the first timestamp in the file name, else when it was written.

        Returns:
            A naive UTC timestamp.

        Raises:
            RefusedFile: the name holds a date that no calendar has.
        """
        found = TIMESTAMP.search(self.path.name)
        if not found:
            written = datetime.fromtimestamp(self.path.stat().st_mtime, UTC)
            return written.replace(tzinfo=None)
        year, _, month, day, *time = found.groups()
        hour, minute, second = (int(part or 0) for part in time)
        try:
            return datetime(int(year), int(month), int(day), hour, minute, second)
        except ValueError:
            raise RefusedFile(
                f"{self.batch}: {found[0]!r} in the file name is no date of the calendar; "
                "rename the file."
            ) from None

    def content_hash(self) -> str:
        """SHA-256 of the file's bytes, in hex.

        Raises:
            RefusedFile: the file is empty, or a CSV that is not UTF-8.
        """
        digest = hashlib.sha256()
        decoder = codecs.getincrementaldecoder("utf-8")()
        position = 0
        with self._open() as file:
            while block := file.read(1 << 20):
                digest.update(block)
                if self.path.suffix.lower() == ".csv":
                    pending = len(decoder.getstate()[0])
                    try:
                        decoder.decode(block)
                    except UnicodeDecodeError as error:
                        raise RefusedFile(
                            f"{self.batch}: not UTF-8, the byte at position "
                            f"{position - pending + error.start} cannot be read; "
                            "export the file as UTF-8."
                        ) from None
                position += len(block)
        if position == 0:
            raise RefusedFile(
                f"{self.batch}: the file is empty, without a header; export it again."
            )
        return digest.hexdigest()

    def _open(self) -> BinaryIO:
        try:
            return self.path.open("rb")
        except OSError as error:
            raise RefusedFile(f"{self.batch}: cannot be opened: {error.strerror}") from None


def find_batches(landing_dir: Path) -> tuple[dict[tuple[str, str], list[Batch]], list[str]]:
    """List the delivered files of every raw table.

    Returns:
        The batches of each (source, table), in the order of their ids, and a warning for everything
        in the folder that is left alone.
    """
    batches: dict[tuple[str, str], list[Batch]] = {key: [] for key in RAW_TABLES}
    sources = {source for source, _ in RAW_TABLES}
    ignored = [
        f"{path.name}: neither of {', '.join(sorted(sources))}; left alone"
        for path in sorted(landing_dir.iterdir())
        if path.name not in sources and not _is_partial(path)
    ]
    for source in sorted(sources):
        for path in sorted((landing_dir / source).glob("*")):
            table = path.name if path.is_dir() else path.stem
            if _is_partial(path):
                continue
            if (source, table) not in RAW_TABLES:
                ignored.append(f"{source}/{path.name}: no table of that name; left alone")
                continue
            for file in sorted(path.iterdir()) if path.is_dir() else [path]:
                if _is_partial(file):
                    continue
                if file.suffix.lower() not in EXTENSIONS or not file.is_file():
                    name = file.relative_to(landing_dir)
                    ignored.append(f"{name}: not one of {', '.join(EXTENSIONS)}; left alone")
                    continue
                batch = file.relative_to(landing_dir / source).as_posix()
                tokens = re.split(r"[._-]", file.stem.lower())
                kind = "full" if file is path or "full" in tokens else "upsert"
                batches[source, table].append(Batch(source, table, file, batch, kind))
    return batches, ignored


def _is_partial(path: Path) -> bool:
    return path.name.startswith((".", "_")) or path.suffix in (".tmp", ".part", ".crdownload")


def read_chunks(batch: Batch, table: type[RawTable]) -> Iterator[pl.DataFrame]:
    """Read a file piece by piece.

    Yields:
        Frames with the known columns under their canonical names, in file order: text from CSV, the
        file's own types from parquet.

    Raises:
        RefusedFile: the file cannot be read, or its header does not fit the table.
    """
    read = _read_csv if batch.path.suffix.lower() == ".csv" else _read_parquet
    try:
        yield from read(batch, table)
    except HeaderError as error:
        raise RefusedFile(f"{batch.batch}: header: {error}") from None
    except (
        duckdb.Error,
        pa.ArrowException,
        pl.exceptions.PolarsError,
        csv.Error,
        OSError,
    ) as error:
        kind = batch.path.suffix.lower().lstrip(".")
        raise RefusedFile(
            f"{batch.batch}: not readable as {kind}: {_reason(error)}; export it again."
        ) from None


def _read_csv(batch: Batch, table: type[RawTable]) -> Iterator[pl.DataFrame]:
    with batch.path.open(encoding="utf-8-sig", newline="") as file:
        blank_lines, header = 0, next(csv.reader(file), None)
        while header == []:
            blank_lines, header = blank_lines + 1, next(csv.reader(file), None)
    if header is None:
        raise RefusedFile(f"{batch.batch}: there is no header line; export it again.")
    matched = table.match_headers(header)
    # Strict, because a lenient parser takes a missing quote for one long value and loses the rows.
    options = {
        "auto_detect": False,
        "header": True,
        "skip": blank_lines,
        "columns": {str(position): "VARCHAR" for position in range(len(header))},
        "delim": ",",
        "quote": '"',
        "escape": '"',
        "strict_mode": True,
        "nullstr": "",
        "allow_quoted_nulls": True,
        "null_padding": False,
    }
    known = ", ".join(f'"{position}" as "{column}"' for column, position in matched.items())
    named = ", ".join(f"{option} = ${option}" for option in options)
    # A blank line is no row; only in a file of one column could it be taken for one.
    no_blank_lines = 'where "0" is not null' if len(header) == 1 else ""
    with duckdb.connect() as connection:
        result = connection.execute(
            f"select {known} from read_csv($path, {named}) {no_blank_lines}",  # noqa: S608 - own names only
            # The name is a pattern to the engine; this file and no other is meant.
            {"path": glob.escape(str(batch.path)), **options},
        )
        for record_batch in result.to_arrow_reader(CHUNK_ROWS):
            yield pl.DataFrame(pl.from_arrow(record_batch))


def _reason(error: Exception) -> str:
    """Keep what a reader says of the place and the cause; its hints are about its own options."""
    said = str(error).split("Possible")[0].removeprefix("Invalid Input Error: ").strip()
    if "state machine" in said:
        return "its line ends are of several kinds, or it is no CSV as RFC 4180 has it"
    at_line = re.match(r"CSV Error on Line: (\d+)\nOriginal Line: (.*)\n(.*)", said, re.DOTALL)
    if at_line:
        number, line, cause = at_line.groups()
        return f"line {number}: {cause.rstrip('.')}: {line.strip()[:80]!r}"
    return ", ".join(line.strip().rstrip(".") for line in said.splitlines() if line.strip())[:300]


def _read_parquet(batch: Batch, table: type[RawTable]) -> Iterator[pl.DataFrame]:
    with pyarrow.parquet.ParquetFile(batch.path) as file:
        names = file.schema_arrow.names
        matched = {
            column: names[position] for column, position in table.match_headers(names).items()
        }
        for record_batch in file.iter_batches(CHUNK_ROWS, columns=list(matched.values())):
            frame = pl.DataFrame(pl.from_arrow(record_batch))
            yield frame.select(pl.col(name).alias(column) for column, name in matched.items())
