"""Write the marts of the build into the folder of a generation: one database file, and parquet."""

import json
import os
import shutil
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.progress import advance
from orchestration.published import PublishError, row_counts
from orchestration.settings import Settings
from orchestration.warehouse import MARTS, SCHEMA, STORAGE_VERSION, open_database, quoted


def write_marts(
    settings: Settings, folder: Path, marts: set[str], reused: dict[str, Path]
) -> dict[str, int]:
    """Checkpoint the database of the build, and write it as a file and as parquet.

    Returns:
        The rows of each mart.
    """
    built = settings.warehouse_dir / MARTS
    # The open connection keeps every other process from writing to the file meanwhile.
    with (
        open_database(built, settings, read_only=False) as connection,
        ThreadPoolExecutor(1) as disk,
    ):
        for gone in row_counts(connection).keys() - marts:
            connection.execute(f"drop table {SCHEMA}.{quoted(gone)}")
        connection.execute("checkpoint")
        counts = row_counts(connection)
        if missing := marts - counts.keys():
            raise PublishError(f"the build lacks the marts {', '.join(sorted(missing))}")
        if built.with_name(f"{built.name}.wal").exists():
            raise PublishError(f"{built} has a write-ahead log after its checkpoint")
        # The copy keeps the disk busy while the processors compress the parquet files.
        if _is_wasteful(connection):
            copying = disk.submit(_compact, connection.cursor(), folder / MARTS)
        else:
            copying = disk.submit(_copy, built, folder / MARTS)
        advance(0, "marts", expected=len(counts))
        for mart, count in counts.items():
            target = folder / parquet_of(mart)
            if mart not in reused or not _linked(connection, reused[mart], target, count):
                _write_parquet(connection, mart, target)
            written = len(connection.read_parquet(str(target)))
            if written != count:
                raise PublishError(f"{target.name} holds {written} rows, the mart {count}")
            advance(1, "marts")
        copying.result()
    return counts


def _write_parquet(connection: duckdb.DuckDBPyConnection, mart: str, target: Path) -> None:
    """Write the rows of a mart, and the descriptions of it and its columns into the file (PUB-13).

    Readers on Arrow take the metadata of columns from the schema that lies in the file as Arrow
    itself writes it; all others see the texts under a key of their own.
    """
    described = {
        name: text or ""
        for name, text in connection.execute(
            "select column_name, comment from duckdb_columns() "
            "where database_name = current_database() "  # the compact copy has the same tables
            "and schema_name = ? and table_name = ? order by column_index",
            [SCHEMA, mart],
        ).fetchall()
    }
    ((description,),) = connection.execute(
        "select comment from duckdb_tables() "
        "where database_name = current_database() and schema_name = ? and table_name = ?",
        [SCHEMA, mart],
    ).fetchall()
    rows = connection.table(f"{SCHEMA}.{quoted(mart)}")
    fields = [
        field.with_metadata({"description": described[field.name]})
        for field in rows.limit(0).to_arrow_table().schema
    ]
    arrow = pa.schema(fields, {"description": description or ""})
    metadata = {
        "description": description or "",
        "columns": json.dumps(described, ensure_ascii=False),
        "ARROW:schema": b64encode(arrow.serialize().to_pybytes()).decode(),
    }
    entries = ", ".join(f"{_text(key)}: {_text(value)}" for key, value in metadata.items())
    connection.execute(
        f"copy {SCHEMA}.{quoted(mart)} to {_text(str(target))} "
        f"(format parquet, compression zstd, kv_metadata {{{entries}}})"
    )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _is_wasteful(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a quarter of the file or more holds nothing: rows of tables that were built again."""
    ((total, free),) = connection.execute(
        "select total_blocks, free_blocks from pragma_database_size() where database_name = ?",
        [Path(MARTS).stem],
    ).fetchall()
    return bool(4 * free >= total)


def _compact(connection: duckdb.DuckDBPyConnection, target: Path) -> None:
    """Write all tables, with their comments, into a file that holds nothing else."""
    connection.execute(
        f"attach {_text(str(target))} as compact (storage_version '{STORAGE_VERSION}.0')"
    )
    connection.execute(f"copy from database {quoted(Path(MARTS).stem)} to compact")
    connection.execute("detach compact")  # with its checkpoint
    sync(target)


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    sync(target)


def parquet_of(mart: str) -> Path:
    """Where the rows of a mart lie in the folder of a generation."""
    return Path("parquet") / f"{mart}.parquet"


def _linked(connection: duckdb.DuckDBPyConnection, source: Path, target: Path, count: int) -> bool:
    """Give a file of an earlier generation a second name; no generation is ever written to."""
    try:
        target.hardlink_to(source)
        if len(connection.read_parquet(str(target))) == count:
            return True
    except (OSError, duckdb.Error):  # gone, damaged, or the file system has no hard links
        pass
    target.unlink(missing_ok=True)
    return False


def sync(path: Path) -> None:
    """Force a file or folder to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
