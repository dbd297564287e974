"""The raw store on object storage (rules: storage.md): in step before ingest, committed after it.

Objects never change. An index a table says which of them are its files; it is swapped by version,
so two machines that load one table at once are told apart, and the slower one is refused.
"""

import os
import uuid
from pathlib import Path

from orchestration.ingest.raw_store import TableFiles, whole_file
from orchestration.settings import Settings
from orchestration.store import Fact, MovedOnError, Note, Store, fact_of, open_store, side_by_side
from schemas import RAW_TABLES


class _Entry(Fact):
    """A file of a raw table, and the object that has its bytes."""

    object: str
    mtime_ns: int


Index = dict[str, _Entry]  # by path below the data folder


def keep(files: TableFiles) -> None:
    """Commit the files of a table to the store, where there is one (STO-3).

    Raises:
        StoreError: it cannot be reached, or another machine has loaded the table meanwhile.
    """
    if store := open_store(files.settings):
        note = Note.read(files.settings)
        note.tables[_name(files)] = _push(store, files, note.tables.get(_name(files)))
        note.write(files.settings)


def keep_all(store: Store, settings: Settings) -> None:
    """Begin a store with what a data folder holds."""
    for files in tables(settings):
        _, version = store.read(_index_path(files))
        _push(store, files, version)


def bring_in_step(store: Store, settings: Settings) -> dict[str, str | None]:
    """Give the data folder the files of all tables, and no others (STO-3).

    Returns:
        The version of the index of each table.
    """
    versions, known = {}, set()
    for files in tables(settings):
        index, version = _read(store, files)
        _pull(store, files, index)
        versions[_name(files)] = version
        known |= {entry["object"] for entry in index.values()}
    indexes = {_index_path(files) for files in tables(settings)}
    store.delete(store.abandoned("raw", lambda path: path in known | indexes))
    return versions


def has_deliveries(settings: Settings) -> bool:
    """Whether a data folder holds anything that was delivered."""
    return any(
        files.contents(folder)
        for files in tables(settings)
        for folder in (files.raw, files.refused, files.unloaded)
    )


def tables(settings: Settings) -> list[TableFiles]:
    """The files of all raw tables."""
    return [TableFiles(source, name, settings) for source, name in RAW_TABLES]


def _name(files: TableFiles) -> str:
    return f"{files.source}/{files.name}"


def _index_path(files: TableFiles) -> str:
    return f"raw/{_name(files)}.json"


def _read(store: Store, files: TableFiles) -> tuple[Index, str | None]:
    found, version = store.read(_index_path(files))
    return (found or {"files": {}})["files"], version


def _local(files: TableFiles) -> dict[str, Path]:
    root = files.settings.data_dir
    return {
        path.relative_to(root).as_posix(): path
        for folder in (files.raw, files.quarantine, files.unloaded)
        for path in sorted(folder.rglob("*.parquet"))
        if not path.name.startswith(".")
    }


def _pull(store: Store, files: TableFiles, index: Index) -> None:
    root = files.settings.data_dir
    for path, file in _local(files).items():
        if path not in index:
            file.unlink()

    def fetch(item: tuple[str, _Entry]) -> None:
        path, entry = root / item[0], item[1]
        if path.exists() and not _is_as_noted(path, entry):
            # Copied, perhaps: the same bytes of another time.
            if path.stat().st_size == entry["size"] and fact_of(path)["sha256"] == entry["sha256"]:
                os.utime(path, ns=(entry["mtime_ns"], entry["mtime_ns"]))
            else:
                path.unlink()
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as unfinished:
                store.download(entry["object"], unfinished, entry)
                os.utime(unfinished, ns=(entry["mtime_ns"], entry["mtime_ns"]))

    side_by_side(fetch, index.items())


def _push(store: Store, files: TableFiles, version: str | None) -> str | None:
    """Upload what is new and swap the index, if it is still of this version."""
    index, now = _read(store, files)
    local = _local(files)
    if now != version:
        raise MovedOnError(
            f"{_name(files)}: another machine has loaded it since this run began. Nothing of it "
            f"was overwritten in {store.url}; run again, on one machine at a time."
        )
    if local.keys() == index.keys() and all(
        _is_as_noted(file, index[path]) for path, file in local.items()
    ):
        return version
    entries: Index = {}
    uploads: dict[str, tuple[str, Path]] = {}  # by hash: one object for links to one file
    known = {entry["sha256"]: entry["object"] for entry in index.values()}
    for path, file in local.items():
        if path in index and _is_as_noted(file, index[path]):
            entries[path] = index[path]
            continue
        fact = fact_of(file)
        name = known.get(fact["sha256"])
        if name is None:
            # A name of its own: what somebody else has left, and may delete, is never relied on.
            name = f"raw/{_name(files)}/{fact['sha256'][:12]}-{uuid.uuid4().hex[:12]}.parquet"
            known[fact["sha256"]] = name
            uploads[fact["sha256"]] = name, file
        entries[path] = {**fact, "object": name, "mtime_ns": file.stat().st_mtime_ns}
    side_by_side(lambda item: store.upload(*item), uploads.values())
    return store.swap(_index_path(files), {"files": entries}, version)


def _is_as_noted(path: Path, entry: _Entry) -> bool:
    status = path.stat()
    return (status.st_size, status.st_mtime_ns) == (entry["size"], entry["mtime_ns"])
