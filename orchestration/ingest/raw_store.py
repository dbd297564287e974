"""What the pipeline keeps of the delivered files of a raw table, and where.

A content is the bytes of one file as they were once delivered. It is committed by one rename, that
of its raw file; all else is named after the content and swept away when that rename never came.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet

from orchestration.ingest.readers import FORMATS, extension_of
from orchestration.ingest.readers.delivery import PIECE_ROWS, chunks
from orchestration.settings import Settings
from schemas import RAW_TABLES, RawTable
from schemas.base import keys_alone
from schemas.forms import PLAIN, Forms

LEDGER = b"psa_batch"
BATCH_COLUMNS: dict[str, pl.DataType] = {
    "_batch": pl.String(),
    "_batch_kind": pl.String(),
    "_extracted_at": pl.Datetime("us"),
    "_row_number": pl.Int64(),
    "_content_hash": pl.String(),
    "_schema_version": pl.String(),
}
QUARANTINE_COLUMNS: dict[str, pl.DataType] = {
    "source": pl.String(),
    "table_name": pl.String(),
    "batch": pl.String(),
    "content_hash": pl.String(),
    "schema_version": pl.String(),
    "run_id": pl.String(),
    "row_number": pl.Int64(),
    "column_name": pl.String(),
    "rule": pl.String(),
    "offending_value": pl.String(),
    "row_json": pl.String(),
    "measure": pl.Decimal(38, 4),
}
NO_REJECTS, NO_DELIVERY = "no-rejects.parquet", "no-delivery.parquet"
NO_DUPLICATES = "no-duplicates.parquet"
EMPTY_HASH = hashlib.sha256().hexdigest()


@dataclass(frozen=True)
class Content:
    """One content of one file, with what became of its rows (LND-4, VAL-6); kept in its raw file.

    Attributes:
        source: `autotask` or `reference`.
        table_name: name of the raw table.
        batch: path of the file below the source's folder.
        number: counts the contents of one path in the order in which they were first seen.
        batch_kind: `full`, `upsert` or `deleted`.
        extracted_at: naive UTC.
        content_hash: SHA-256 in hex.
        schema_version: the rules that the rows were judged by.
        headers: as delivered.
        above_header: what stands above them in the file, LND-20; "" where nothing does.
        forms: by what its values were read; an archived content keeps to it (VAL-5).
        shaped_by: what of them has shaped its values.
        delivered: rows in the file.
        loaded: rows in the raw file.
        quarantined: rows that break a rule.
        duplicates: valid rows that a later one of the same key replaces.
        measure_delivered: sum of the table's measure where it parses; None without a measure.
        measure_loaded: the same of the loaded rows.
        measure_quarantined: the same of the quarantined rows.
        measure_duplicates: the same of the duplicates.
        removed: keys of the table that it took away when it was loaded, LND-15.
        removed_of: keys that the table had until then.
        measure_removed: sum of the measure of the rows that went with them.
        refusal_kind: key of the refusal's words; "" when it was loaded.
        refusal_reason: why it was refused; "" when it was loaded.
    """

    source: str
    table_name: str
    batch: str
    number: int
    batch_kind: str
    extracted_at: datetime
    content_hash: str
    schema_version: str
    headers: list[str] = field(default_factory=list)
    above_header: str = ""
    forms: Forms = PLAIN
    shaped_by: list[str] = field(default_factory=list)
    delivered: int = 0
    loaded: int = 0
    quarantined: int = 0
    duplicates: int = 0
    measure_delivered: Decimal | None = None
    measure_loaded: Decimal | None = None
    measure_quarantined: Decimal | None = None
    measure_duplicates: Decimal | None = None
    removed: int = 0
    removed_of: int = 0
    measure_removed: Decimal | None = None
    refusal_kind: str = ""
    refusal_reason: str = ""

    @property
    def file(self) -> str:
        """What messages call the file."""
        return f"{self.source}/{self.batch}"

    def is_of(self, other: "Content") -> bool:
        """Whether these are the same bytes under the same name."""
        return (self.batch, self.content_hash) == (other.batch, other.content_hash)

    @property
    def is_of_keys(self) -> bool:
        """Whether it lists keys that are gone, and no rows of the table (LND-14)."""
        return self.batch_kind == "deleted"

    @property
    def order(self) -> tuple[datetime, bool, str]:
        """Later contents overrule earlier ones (LND-5)."""
        return self.extracted_at, self.is_of_keys, self.batch

    @property
    def is_of_whole_table(self) -> bool:
        """Whether each export overwrites the file, so that earlier contents are its history."""
        return "/" not in self.batch

    def dumps(self) -> bytes:
        """Write for `read_content`."""
        return json.dumps(asdict(self), default=str).encode()


def read_content(path: Path) -> Content | None:
    """Read what a file of ours remembers of its content; None when it is of no delivery."""
    stat = path.stat()
    return _read_content(path, stat.st_ino, stat.st_mtime_ns)


@cache
def _read_content(path: Path, *_: int) -> Content | None:
    stored = (pyarrow.parquet.read_metadata(path).metadata or {}).get(LEDGER)
    if stored is None:
        return None
    facts: dict[str, Any] = json.loads(stored)
    facts["forms"] = Forms.of_json(facts.get("forms", {}))
    facts["extracted_at"] = datetime.fromisoformat(facts["extracted_at"])
    for name, value in facts.items():
        if name.startswith("measure_") and value is not None:
            facts[name] = Decimal(value)
    return Content(**facts)


class TableFiles:
    """The files of one raw table: raw, replaced, quarantined, refused, unloaded."""

    def __init__(self, source: str, name: str, settings: Settings) -> None:
        """Say where the files of a table lie.

        Args:
            source: `autotask` or `reference`.
            name: name of the raw table.
            settings: the data folder.
        """
        self.source, self.name, self.settings = source, name, settings
        self.table = RAW_TABLES[source, name]
        self.raw = settings.raw_dir / source / name
        self.replaced = self.raw / "replaced"
        self.quarantine = settings.data_dir / "quarantine" / source / name
        self.refused = self.quarantine / "refused"
        self.mended = self.refused / "mended"
        self.duplicates = self.quarantine / "duplicates"
        self.unloaded = settings.data_dir / "unloaded" / source / name

    def forms(self, batch: str) -> Forms:
        """By what the settings of today read a file of this name."""
        settings = self.settings
        all_forms = Forms(
            decimal_mark=settings.decimal_mark.get(self.source),
            date_order=settings.date_order.get(self.source, "ymd"),
            zone=settings.source_timezone,
            po_fields=settings.po_fields,
            po_required_field=settings.po_required_field,
        )
        extension = extension_of(Path(batch))
        is_local = bool(extension) and FORMATS[extension or ""].is_local
        return all_forms.limited_to(self.table.columns(), is_local=is_local)

    def contents(self, folder: Path | None = None) -> dict[Path, Content]:
        """The contents that a folder of this store holds (default: those that count), in order."""
        paths = (folder or self.raw).glob("*.parquet")
        found = {path: content for path in paths if (content := read_content(path))}
        return dict(sorted(found.items(), key=lambda item: item[1].order))

    def raw_path(self, content: Content) -> Path:
        """Where the loaded rows of a content lie; every content of a table's one file stays."""
        name = _slug(content.batch)
        return self.raw / (
            f"{name}--{content.content_hash[:12]}.parquet"
            if content.is_of_whole_table
            else f"{name}.parquet"
        )

    def table_of(self, content: Content) -> type[RawTable]:
        """What the rows of a content are judged by."""
        return keys_alone(self.table) if content.is_of_keys else self.table

    def refused_path(self, content: Content) -> Path:
        """Where the last refusal of a batch is remembered."""
        return self.refused / f"{_slug(content.batch)}.parquet"

    def file_away(self, path: Path, content: Content) -> None:
        """Keep a refusal that no longer holds anything back, for the accounts."""
        self.mended.mkdir(exist_ok=True)
        name = f"{_slug(content.batch)}--{content.content_hash[:12]}.parquet"
        path.replace(self.mended / name)

    def beside(self, folder: Path, content: Content) -> Path:
        """Where something lies that is of this content as judged by these rules, and no other."""
        version = content.schema_version
        return folder / f"{_slug(content.batch)}--{content.content_hash[:12]}-{version}.parquet"

    def raw_schema(self) -> pa.Schema:
        """Columns of a raw file: those of the table, and where each row comes from."""
        return pl.DataFrame(schema=self.table.columns() | BATCH_COLUMNS).to_arrow().schema

    def quarantine_schema(self) -> pa.Schema:
        """Columns of a quarantine file: what is broken, and the key as far as it can be read."""
        keys = {name: self.table.columns()[name] for name in self.table.key()}
        return pl.DataFrame(schema=QUARANTINE_COLUMNS | keys).to_arrow().schema

    def write_rejects(self, path: Path, rejects: pl.DataFrame, content: Content) -> None:
        """Keep the broken rules of a content."""
        with parquet_file(path, self.quarantine_schema(), content) as append_rows:
            append_rows(rejects)

    def keep_replaced(self, content: Content) -> None:
        """Keep the content that a corrected delivery is about to replace, for the accounts."""
        target = self.raw_path(content)
        if content.is_of_whole_table or not target.exists():
            return
        earlier = read_content(target)
        if earlier is None or earlier.content_hash == content.content_hash:
            return
        self.replaced.mkdir(exist_ok=True)
        kept = self.replaced / f"{target.stem}--{earlier.content_hash[:12]}.parquet"
        kept.unlink(missing_ok=True)
        os.link(target, kept)

    def sweep(self) -> None:
        """Remove what a load that died has left, and what its successor has made obsolete."""
        for folder in (self.raw, self.replaced, self.quarantine, self.refused, self.duplicates):
            for unfinished in folder.glob(".*.unfinished*"):
                unfinished.unlink()
        current = {content.content_hash: content for content in self.contents().values()}
        for path, content in self.contents(self.replaced).items():
            successor = current.get(content.content_hash)
            if successor and successor.batch == content.batch:  # died between keeping and replacing
                path.unlink()
        known = [*self.contents().values(), *self.contents(self.replaced).values()]
        judged = [*known, *self.contents(self.refused).values()]
        for path, content in self.contents(self.mended).items():
            if any(content.is_of(other) for other in judged):
                path.unlink()
        for folder in (self.quarantine, self.duplicates):
            kept = {self.beside(folder, content) for content in known}
            for path in self.contents(folder).keys() - kept:
                path.unlink()

    def unload(self, batch: str) -> Content | None:
        """Take the newest content of a batch out; what was there before it counts again.

        A refused content is taken out before a loaded one.

        Returns:
            The content that was taken out; None when there is none of this batch.
        """
        self.sweep()
        for folder in (self.refused, self.raw):
            found = [entry for entry in self.contents(folder).items() if entry[1].batch == batch]
            if not found:
                continue
            path, content = found[-1]
            self.unloaded.mkdir(parents=True, exist_ok=True)
            kept = self.unloaded / f"{path.stem}--{content.content_hash[:12]}.parquet"
            kept.unlink(missing_ok=True)
            os.link(path, kept)
            earlier = [
                entry
                for entry in self.contents(self.replaced).items()
                if entry[1].batch == batch and folder == self.raw
            ]
            if earlier:
                max(earlier, key=lambda entry: entry[1].number)[0].replace(path)
            else:
                path.unlink()
            self.sweep()
            return content
        return None


def _slug(batch: str) -> str:
    """A file name for a batch; one too long for most disks is cut and told apart by its hash."""
    name = batch.replace("/", "--")
    if len(name.encode()) <= 150:
        return name
    digest = hashlib.sha256(batch.encode()).hexdigest()[:12]
    return f"{name.encode()[:120].decode(errors='ignore')}--{digest}"


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Yield a path to write to; it becomes `target` only once all of it is on disk."""
    # The leading dot keeps the unfinished file out of every `*.parquet` pattern.
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        yield unfinished
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def parquet_file(
    target: Path, schema: pa.Schema, content: Content | None
) -> Iterator[Callable[[pl.DataFrame], None]]:
    """Write a parquet file that appears whole or not at all; yields what appends rows to it."""
    with whole_file(target) as unfinished, parquet_writer(unfinished, schema) as writer:
        yield partial(append, writer)
        if content:
            writer.add_key_value_metadata({LEDGER: content.dumps()})


def empty_file(path: Path, schema: pa.Schema) -> None:
    """Make sure that there is a parquet file of this schema without rows."""
    if not path.exists() or not pyarrow.parquet.read_schema(path).equals(schema):
        with parquet_file(path, schema, None):
            pass


def parquet_writer(path: Path, schema: pa.Schema) -> pyarrow.parquet.ParquetWriter:
    """Open a parquet file for writing, in the way that takes least time to write.

    The models read whole files, so nobody asks for statistics. Looking for numbers that repeat
    takes longer than writing them, and a decimal that fits a whole number need not be bytes.
    """
    return pyarrow.parquet.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=[one.name for one in schema if pa.types.is_large_string(one.type)],
        write_statistics=False,
        store_decimal_as_integer=True,
    )


def append(writer: pyarrow.parquet.ParquetWriter, rows: pl.DataFrame) -> None:
    """Append rows, in the columns of the file."""
    writer.write_table(rows.select(writer.schema.names).to_arrow().cast(writer.schema))


def frames(path: Path, columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
    """Read a parquet file of ours chunk by chunk."""
    with pyarrow.parquet.ParquetFile(path) as parquet:
        for chunk in chunks(parquet.iter_batches(PIECE_ROWS, columns=columns)):
            yield pl.DataFrame(pl.from_arrow(chunk))
