"""Generations on disk (SPEC 7): build, check, flip, list, roll back, retain. No Dagster here.

Nothing here computes a figure; the marts are copied as the tests have seen them.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import filelock

from orchestration.settings import SettingError, Settings, read_settings

DATABASE = "psa_marts.duckdb"
SCHEMA = "marts"
STORAGE_VERSION = "v1.0"  # what every DuckDB since 1.0 reads
PACKAGES = ("dagster", "dbt-core", "dbt-duckdb", "duckdb", "pandera", "polars", "pyarrow")


def open_database(
    database: Path, settings: Settings, *, read_only: bool = True
) -> duckdb.DuckDBPyConnection:
    """Open a database of the warehouse or of a generation within the memory that is allowed.

    Two thirds of it, because Dagster, polars and arrow are in this process as well. Rows of a table
    have no order here; keeping the one they were written in would cost memory.
    """
    return duckdb.connect(
        database,
        read_only=read_only,
        config={
            "memory_limit": f"{settings.memory_limit * 2 // 3}B",
            "temp_directory": str(settings.temp_dir),
            "preserve_insertion_order": False,
        },
    )


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


def publish(
    settings: Settings,
    marts: set[str],
    generation_id: str,
    facts: dict[str, Any],
    add_files: Callable[[Path], None] = lambda _: None,
    unchanged: Set[str] = frozenset(),
    since: Path | None = None,
) -> Path:
    """Copy the marts into a new generation and point `marts/current` at it.

    Args:
        settings: where the warehouse and the generations lie.
        marts: names of the marts; other tables, of models that are gone, are dropped.
        generation_id: name of the new folder; names sort by age.
        facts: what the manifest says of the run and its input.
        add_files: writes what else belongs to the generation, such as reports, into its folder.
        unchanged: marts that are known to have the very rows of an earlier generation; its parquet
            files of them are linked instead of being written again.
        since: the folder of that generation; by default the current one. Name it where somebody
            may roll back meanwhile.

    Returns:
        The folder of the generation.

    Raises:
        PublishError: the copy differs from the build, or is not what a reader may open.
    """
    generations = settings.marts_dir / "generations"
    generations.mkdir(parents=True, exist_ok=True)
    for leftover in unfinished_folders(settings):  # of a process that died
        shutil.rmtree(leftover)
    unfinished = generations / f".{generation_id}"
    (unfinished / "parquet").mkdir(parents=True)
    earlier = (since or settings.marts_dir / "current").resolve()
    reused = {mart: earlier / _parquet_of(mart) for mart in unchanged}
    counts = _write_marts(settings, unfinished, marts, reused)
    manifest = facts | {
        "generation": generation_id,
        "row_counts": counts,
        "versions": {package: version(package) for package in PACKAGES},
    }
    text = json.dumps(manifest, indent=2, sort_keys=True, default=str) + "\n"
    (unfinished / "manifest.json").write_text(text, encoding="utf-8")
    check_generation(unfinished, settings)
    add_files(unfinished)
    for path in [*unfinished.rglob("*"), unfinished]:
        _sync(path)
    folder = unfinished.rename(generations / generation_id)
    _sync(generations)
    with _flipping(settings):
        _point_current_at(folder)
        _retire(settings)
    return folder


def list_generations(settings: Settings) -> list[Generation]:
    """List what is published, oldest first."""
    current = (settings.marts_dir / "current").resolve()
    return [
        Generation(folder, folder.resolve() == current, _read_manifest(folder))
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


def roll_back(settings: Settings, generation_id: str | None = None) -> Path:
    """Point `marts/current` at an earlier generation; the next refresh publishes as ever.

    Args:
        settings: where the generations lie.
        generation_id: which one; by default the one before the current.

    Returns:
        The folder that is current now.

    Raises:
        PublishError: there is no such generation, or it cannot be read.
    """
    with _flipping(settings):
        folders = {generation.folder.name: generation for generation in list_generations(settings)}
        current = next((name for name, found in folders.items() if found.is_current), None)
        if generation_id is None:
            earlier = [name for name in folders if current and name < current]
            if not earlier:
                raise PublishError(
                    "There is no generation before the current one to roll back to. "
                    "`make generations` lists what there is."
                )
            generation_id = earlier[-1]
        if generation_id not in folders:
            known = ", ".join(folders) or "none"
            raise PublishError(f"There is no generation {generation_id!r}; there are: {known}.")
        folder = folders[generation_id].folder
        check_generation(folder, settings)
        _point_current_at(folder)
    return folder


def check_generation(folder: Path, settings: Settings) -> dict[str, int]:
    """Open a generation as a reader does and compare it with its manifest.

    Returns:
        The rows of each mart.

    Raises:
        PublishError: it is not what a reader may open.
    """
    manifest = _read_manifest(folder)
    if manifest is None:
        raise PublishError(f"{folder / 'manifest.json'} cannot be read")
    try:
        with open_database(folder / DATABASE, settings) as connection:
            counts = _row_counts(connection)
            found = connection.execute(
                "select tags['storage_version'] from duckdb_databases() where path is not null"
            ).fetchall()
    except duckdb.Error as error:
        raise PublishError(f"{folder / DATABASE} cannot be opened: {error}") from None
    if counts != manifest["row_counts"]:
        raise PublishError(f"{folder} holds {counts} rows, not {manifest['row_counts']}")
    if [storage for (storage,) in found if not storage.startswith(STORAGE_VERSION)]:
        raise PublishError(
            f"{folder / DATABASE} has storage version {found}, which old drivers "
            f"refuse; it must be {STORAGE_VERSION}"
        )
    if logs := [path.name for path in folder.glob("*.wal")]:
        raise PublishError(f"{folder} holds a write-ahead log, {logs}, after its checkpoint")
    return counts


def _read_manifest(folder: Path) -> dict[str, Any] | None:
    try:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    except (OSError, ValueError):
        return None
    return manifest


def _write_marts(
    settings: Settings, folder: Path, marts: set[str], reused: dict[str, Path]
) -> dict[str, int]:
    """Bring the build database to rest, and write it as a file and as parquet.

    Returns:
        The rows of each mart.
    """
    built = settings.warehouse_dir / DATABASE
    # The open connection keeps every other process from writing to the file meanwhile.
    with (
        open_database(built, settings, read_only=False) as connection,
        ThreadPoolExecutor(1) as disk,
    ):
        for gone in _row_counts(connection).keys() - marts:
            connection.execute(f"drop table {SCHEMA}.{quoted(gone)}")
        connection.execute("checkpoint")
        counts = _row_counts(connection)
        if missing := marts - counts.keys():
            raise PublishError(f"the build lacks the marts {', '.join(sorted(missing))}")
        if built.with_name(f"{built.name}.wal").exists():
            raise PublishError(f"{built} has a write-ahead log after its checkpoint")
        # The disk is busy with the copy while the processors pack the parquet files.
        copying = disk.submit(_copy, built, folder / DATABASE)
        for mart, count in counts.items():
            target = folder / _parquet_of(mart)
            if mart not in reused or not _linked(reused[mart], target):
                table = connection.table(f"{SCHEMA}.{quoted(mart)}")
                table.write_parquet(str(target), compression="zstd")
            written = len(connection.read_parquet(str(target)))
            if written != count:
                raise PublishError(f"{target.name} holds {written} rows, the mart {count}")
        copying.result()
    return counts


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    _sync(target)


def _row_counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
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


def quoted(name: str) -> str:
    """Write a name as an identifier of SQL, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def _parquet_of(mart: str) -> Path:
    return Path("parquet") / f"{mart}.parquet"


def _linked(source: Path, target: Path) -> bool:
    """Give a file of an earlier generation a second name; no generation is ever written to."""
    try:
        target.hardlink_to(source)
    except OSError:  # it is gone, or the file system knows no links
        return False
    return True


def _flipping(settings: Settings) -> filelock.BaseFileLock:
    """One process at a time moves the link or deletes what it might name: a moment, no more."""
    return filelock.FileLock(settings.marts_dir / ".flip.lock", timeout=30)


def _point_current_at(folder: Path) -> None:
    """Flip the link in one step: a reader sees the old generation or the new one."""
    marts = folder.parents[1]
    link = marts / ".current"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.relative_to(marts), target_is_directory=True)
    link.replace(marts / "current")
    _sync(marts)


def _retire(settings: Settings) -> None:
    """Delete the oldest generations beyond those to keep, but never the one that readers open."""
    for generation in list_generations(settings)[: -settings.keep_generations]:
        if not generation.is_current:
            # Renamed first: what a crash leaves half deleted must not look like a generation.
            folder = generation.folder
            shutil.rmtree(folder.rename(folder.with_name(f".{folder.name}")))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _table_of(generations: list[Generation]) -> str:
    """Lay the generations out for human eyes, newest first."""
    lines = [f"  {'id':<28}{'age':>12}  {'as of':<11}{'rows':>14}{'size':>12}"]
    for generation in reversed(generations):
        manifest = generation.manifest or {}
        rows = sum(manifest["row_counts"].values()) if manifest else 0
        mark = "*" if generation.is_current else " "
        lines.append(
            f"{mark} {generation.folder.name:<28}{_age(manifest.get('published_at')):>12}  "
            f"{manifest.get('as_of_date', 'unreadable'):<11}{rows:>14,}"
            f"{generation.bytes / 1e6:>9,.1f} MB"
        )
    return "\n".join([*lines, "* = current, what readers open"])


def _age(published_at: str | None) -> str:
    if published_at is None:
        return "?"
    minutes = int((datetime.now(UTC) - datetime.fromisoformat(published_at)).total_seconds() // 60)
    hours, days = minutes // 60, minutes // 1440
    return f"{days} d" if days > 2 else f"{hours} h" if hours > 2 else f"{minutes} min"


def main() -> None:
    """List the generations, or roll back to one."""
    try:
        settings = read_settings()
        if sys.argv[1:] == ["list"]:
            generations = list_generations(settings)
            if not generations:
                sys.exit(f"Nothing is published in {settings.marts_dir} yet; `make run` does it.")
            print(_table_of(generations))
        elif sys.argv[1:2] == ["rollback"]:
            folder = roll_back(settings, sys.argv[2] if sys.argv[2:] and sys.argv[2] else None)
            print(f"Readers open {folder.name} from now on; the next refresh publishes as ever.")
            if settings.postgres_url:
                # Imported here, because its drivers are optional.
                from orchestration.publish.targets.postgres import load

                load(settings, folder)
                print("Postgres holds the same.")
        else:
            sys.exit("python -m orchestration.publish.generations list | rollback [ID]")
    except SettingError as error:
        sys.exit(f"Setting {error}")
    except (PublishError, filelock.Timeout, OSError) as error:
        sys.exit(f"{error}\nNothing was changed.")


if __name__ == "__main__":
    main()
