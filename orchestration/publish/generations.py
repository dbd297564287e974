"""Publish a generation: write, check, flip, roll back, retire (rules: publication.md). No Dagster.

Nothing here computes a figure; the marts are copied as the tests have seen them. With a store, what
is published is what lies there; the folder of this machine follows it (rules: storage.md).
"""

import json
import shutil
from collections.abc import Sequence, Set
from importlib.metadata import version
from pathlib import Path
from typing import Any

import filelock

from orchestration.build.fingerprint import PACKAGES
from orchestration.publish.targets import stored
from orchestration.publish.targets.local import parquet_of, sync, write_marts
from orchestration.published import (
    PublishError,
    check_generation,
    list_generations,
    unfinished_folders,
)
from orchestration.settings import Settings
from orchestration.store import Note, Store, open_store


def publish(
    settings: Settings,
    marts: set[str],
    manifest: dict[str, Any],
    reports: Path | None = None,
    unchanged: Set[str] = frozenset(),
    since: Path | None = None,
    definitions: Path | None = None,
) -> Path:
    """Copy the marts into a new generation and point `marts/current` at it.

    Args:
        settings: where the warehouse and the generations lie.
        marts: names of the marts; other tables, of models that are gone, are dropped.
        manifest: what it says of the run and its input. `generation` names the new folder; names
            sort by age. Row counts and versions are added.
        reports: the folder of its pages, which is moved into the generation.
        unchanged: marts that are known to have the very rows of an earlier generation; its parquet
            files of them are linked instead of being written again.
        since: the folder of that generation; by default the current one. Name it where somebody
            may roll back meanwhile.
        definitions: the metrics as dbt has written them, which the generation carries along.

    Returns:
        The folder of the generation.

    Raises:
        PublishError: the copy differs from the build, or is not what a reader may open.
    """
    generations = settings.marts_dir / "generations"
    generations.mkdir(parents=True, exist_ok=True)
    for leftover in unfinished_folders(settings):  # of a process that died
        shutil.rmtree(leftover)
    generation_id = manifest["generation"]
    unfinished = generations / f".{generation_id}"
    (unfinished / "parquet").mkdir(parents=True)
    earlier = (since or settings.marts_dir / "current").resolve()
    reused = {mart: earlier / parquet_of(mart) for mart in unchanged}
    counts = write_marts(settings, unfinished, marts, reused)
    counted = manifest | {
        "row_counts": counts,
        "versions": {package: version(package) for package in PACKAGES},
    }
    text = json.dumps(counted, indent=2, sort_keys=True, default=str) + "\n"
    (unfinished / "manifest.json").write_text(text, encoding="utf-8")
    check_generation(unfinished, settings)
    if reports:
        shutil.move(reports, unfinished / "reports")
    if definitions:
        shutil.copyfile(definitions, unfinished / definitions.name)
    for path in [*unfinished.rglob("*"), unfinished]:
        sync(path)
    if store := open_store(settings):
        # Before it has its name here: what the store does not have is not published.
        note = Note.read(settings)
        note.sending = generation_id
        note.write(settings)
        note.generations = stored.send(
            store, unfinished, counted, note.generations, settings.keep_generations
        )
        note.sending = ""
        note.write(settings)
    folder = unfinished.rename(generations / generation_id)
    sync(generations)
    with _flipping(settings):
        _point_current_at(folder)
        _retire(settings)
    return folder


def roll_back(settings: Settings, generation_id: str | None = None) -> Path:
    """Point `marts/current` at an earlier generation; the next refresh publishes as usual.

    Args:
        settings: where the generations lie.
        generation_id: which one; by default the one before the current.

    Returns:
        The folder that is current now.

    Raises:
        PublishError: there is no such generation, or it cannot be read.
    """
    if store := open_store(settings):
        return _roll_back_in(store, settings, generation_id)
    with _flipping(settings):
        folders = {generation.folder.name: generation for generation in list_generations(settings)}
        current = next((name for name, found in folders.items() if found.is_current), None)
        folder = folders[_earlier(list(folders), current, generation_id)].folder
        check_generation(folder, settings)
        _point_current_at(folder)
    return folder


def _roll_back_in(store: Store, settings: Settings, generation_id: str | None) -> Path:
    known, _ = stored.published(store)
    wanted = _earlier(list(known.generations), known.generation, generation_id)
    check_generation(_fetched(store, settings, wanted), settings)

    def name_it(now: stored.Published) -> stored.Published:
        return stored.Published(_earlier(list(now.generations), None, wanted), now.generations)

    stored.change(store, name_it)
    return follow(settings) or settings.marts_dir / "current"


def _earlier(known: Sequence[str], current: str | None, wanted: str | None) -> str:
    """The generation to roll back to: the one named, else the one before the current."""
    if wanted is None:
        earlier = [name for name in known if current and name < current]
        if not earlier:
            raise PublishError(
                "There is no generation before the current one to roll back to. "
                "`make generations` lists what there is."
            )
        return earlier[-1]
    if wanted not in known:
        listed = ", ".join(known) or "none"
        raise PublishError(f"There is no generation {wanted!r}; there are: {listed}.")
    return wanted


def follow(settings: Settings) -> Path | None:
    """Bring what is current in the store onto this machine, and open it here (STO-7).

    Returns:
        Its folder; None without a store, and before anything is published there.

    Raises:
        StoreError: the store cannot be reached.
        PublishError: what lies there is not whole.
    """
    store = open_store(settings)
    while store:
        known, _ = stored.published(store)
        if not known.generation:
            return None
        settings.prepare_data_dir()
        folder = _fetched(store, settings, known.generation)
        with _flipping(settings):
            if stored.published(store)[0].generation == known.generation:
                if (settings.marts_dir / "current").resolve() != folder.resolve():
                    _point_current_at(folder)
                    _retire(settings)
                return folder
    return None


def _fetched(store: Store, settings: Settings, generation_id: str) -> Path:
    """The folder of a generation on this machine, whole."""
    folder = settings.marts_dir / "generations" / generation_id
    # One process at a time, so that all that is unfinished under this lock is of a dead one.
    with filelock.FileLock(settings.marts_dir / ".fetch.lock"):
        unfinished = settings.marts_dir / ".fetching"
        shutil.rmtree(unfinished, ignore_errors=True)
        if not folder.is_dir():
            stored.fetch(store, generation_id, unfinished)
            check_generation(unfinished, settings)
            for path in [*unfinished.rglob("*"), unfinished]:
                sync(path)
            folder.parent.mkdir(exist_ok=True)
            unfinished.rename(folder)
            sync(folder.parent)
    return folder


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
    sync(marts)


def _retire(settings: Settings) -> None:
    """Delete the oldest generations beyond those to keep, but never the one that readers open."""
    for generation in list_generations(settings)[: -settings.keep_generations]:
        if not generation.is_current:
            # Renamed first: what a crash leaves half deleted must not look like a generation.
            folder = generation.folder
            shutil.rmtree(folder.rename(folder.with_name(f".{folder.name}")))
