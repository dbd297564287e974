"""The generations as a reader sees them: list, current, fit to be read (rules: publication.md).

Nothing here writes; how a generation comes to be is said in `publish`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.settings import Settings
from orchestration.warehouse import MARTS, SCHEMA, STORAGE_VERSION, open_database, quoted


class PublishError(RuntimeError):
    """A generation is not fit to be read; the current one stays."""


@dataclass(frozen=True)
class Generation:
    """A published generation.

    Attributes:
        folder: where it lies.
        is_current: whether readers open it.
        manifest: what it says of itself; None when that cannot be read.
    """

    folder: Path
    is_current: bool
    manifest: dict[str, Any] | None

    @property
    def bytes(self) -> int:
        """Size of all its files."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


def list_generations(settings: Settings) -> list[Generation]:
    """List what is published, oldest first."""
    current = (settings.marts_dir / "current").resolve()
    return [
        Generation(folder, folder.resolve() == current, read_manifest(folder))
        for folder in sorted((settings.marts_dir / "generations").glob("[!.]*"))
        if folder.is_dir()
    ]


def current_generation(settings: Settings) -> Generation | None:
    """The generation that readers open, if there is one."""
    return next((found for found in list_generations(settings) if found.is_current), None)


def unfinished_folders(settings: Settings) -> list[Path]:
    """List the folders that a process was building or deleting when it died."""
    found = (settings.marts_dir / "generations").glob(".*")
    return sorted(path for path in found if path.is_dir())


def check_generation(folder: Path, settings: Settings) -> dict[str, int]:
    """Open a generation as a reader does and compare it with its manifest.

    Returns:
        The rows of each mart.

    Raises:
        PublishError: it is not what a reader may open.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise PublishError(f"{folder / 'manifest.json'} cannot be read")
    try:
        with open_database(folder / MARTS, settings) as connection:
            counts = row_counts(connection)
            found = connection.execute(
                "select tags['storage_version'] from duckdb_databases() where path is not null"
            ).fetchall()
    except duckdb.Error as error:
        raise PublishError(f"{folder / MARTS} cannot be opened: {error}") from None
    if counts != manifest["row_counts"]:
        raise PublishError(f"{folder} holds {counts} rows, not {manifest['row_counts']}")
    if [storage for (storage,) in found if not storage.startswith(STORAGE_VERSION)]:
        raise PublishError(
            f"{folder / MARTS} has storage version {found}, which old drivers "
            f"refuse; it must be {STORAGE_VERSION}"
        )
    if logs := [path.name for path in folder.glob("*.wal")]:
        raise PublishError(f"{folder} holds a write-ahead log, {logs}, after its checkpoint")
    return counts


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """What a generation says of itself; None when that cannot be read."""
    try:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    except (OSError, ValueError):
        return None
    return manifest


def row_counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Count the rows of each mart in a database that must hold nothing else.

    Raises:
        PublishError: it holds something else, or nothing at all.
    """
    objects = connection.execute(
        "select table_schema, table_name, table_type from information_schema.tables"
    ).fetchall()
    strange = [row for row in objects if row[0] != SCHEMA or row[2] != "BASE TABLE"]
    if strange or not objects:
        raise PublishError(f"the marts database must hold tables of schema marts only: {strange}")
    counts = {}
    for _, table, _ in sorted(objects):
        counts[table] = len(connection.table(f"{SCHEMA}.{quoted(table)}"))
    return counts
