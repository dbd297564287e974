"""Generations on object storage (rules: storage.md): sent whole, then named by `current.json`.

Nothing here decides what a generation holds: the folder that was written and checked is sent.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from orchestration.published import PublishError
from orchestration.store import Fact, MovedOnError, Store, fact_of, side_by_side

CURRENT, GENERATIONS = "marts/current.json", "marts/generations"
ATTEMPTS = 5
FILES = "files.json"  # of a generation: its files, and how to tell that they arrived as they were


class About(TypedDict):
    """What lists show of a generation."""

    as_of_date: str | None
    published_at: str | None
    rows: int
    bytes: int


@dataclass
class Published:
    """What `current.json` says.

    Attributes:
        generation: what readers open; "" before the first one.
        generations: all that can be read, oldest first, with what lists show of each.
    """

    generation: str = ""
    generations: dict[str, About] = field(default_factory=dict)


def about(manifest: dict[str, Any], size: int) -> About:
    """What lists show of a generation of this manifest and size in bytes."""
    return {
        "as_of_date": manifest.get("as_of_date"),
        "published_at": manifest.get("published_at"),
        "rows": sum(manifest.get("row_counts", {}).values()),
        "bytes": size,
    }


def published(store: Store) -> tuple[Published, str | None]:
    """What is published, and the version of that."""
    found, version = store.read(CURRENT)
    return Published(**found) if found else Published(), version


def send(
    store: Store, folder: Path, manifest: dict[str, Any], seen: list[str], keep: int
) -> list[str]:
    """Send a generation and let readers open it (STO-4, STO-5).

    Args:
        store: where to.
        folder: written and checked.
        manifest: what it says of itself.
        seen: the generations that there were when this refresh began.
        keep: how many there may be.

    Returns:
        The generations that there are now.

    Raises:
        MovedOnError: another machine has published since.
        StoreError: the store cannot be reached, or what arrived there is not what was sent.
    """
    generation = manifest["generation"]
    _refuse_if_others_have_published(store, seen)
    prefix = f"{GENERATIONS}/{generation}"
    files = {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }
    facts = dict(zip(files, side_by_side(fact_of, files.values()), strict=True))
    side_by_side(lambda name: store.upload(f"{prefix}/{name}", files[name]), files)
    sizes = store.sizes(prefix)
    if wrong := [name for name, fact in facts.items() if sizes.get(name) != fact["size"]]:
        raise PublishError(f"{store.url}/{prefix} lacks {', '.join(wrong)}, which were sent there")
    store.swap(f"{prefix}/{FILES}", {"files": facts}, None)
    told = about(manifest, sum(fact["size"] for fact in facts.values()))
    retired: list[str] = []

    def name_it(known: Published) -> Published:
        _refuse_if_others_have(known, seen, store)
        there = known.generations | {generation: told}
        retired[:] = [name for name in sorted(there)[:-keep] if name != generation]
        return Published(generation, {name: there[name] for name in sorted(there.keys() - retired)})

    try:
        now = change(store, name_it)
    except MovedOnError:
        _delete(store, generation)
        raise
    for name in retired:
        _delete(store, name)
    return list(now.generations)


def _delete(store: Store, generation: str) -> None:
    prefix = f"{GENERATIONS}/{generation}"
    store.delete(f"{prefix}/{path}" for path in store.sizes(prefix))


def change(store: Store, to: Callable[[Published], Published]) -> Published:
    """Change what is published, also when others change it in the same moment.

    Raises:
        MovedOnError: they do so all the time.
    """
    for attempt in range(ATTEMPTS):
        known, version = published(store)
        wanted = to(known)
        try:
            store.swap(CURRENT, vars(wanted), version)
            return wanted
        except MovedOnError:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def fetch(store: Store, generation: str, folder: Path) -> None:
    """Bring a generation onto this machine.

    Raises:
        StoreError: it is not there any more, or damaged.
    """
    prefix = f"{GENERATIONS}/{generation}"
    found, _ = store.read(f"{prefix}/{FILES}")
    if found is None:
        raise PublishError(f"{store.url}/{prefix} was retired meanwhile, or never complete.")
    facts: dict[str, Fact] = found["files"]

    def download(name: str) -> None:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        store.download(f"{prefix}/{name}", target, facts[name])

    side_by_side(download, facts)


def clean_up(store: Store, sending: str) -> None:
    """Delete what publishers that died have left, and what should have been retired (STO-6).

    Args:
        store: where.
        sending: what the last refresh of this machine was about to send, if it died.
    """
    known, _ = published(store)
    if sending and sending not in known.generations:
        _delete(store, sending)
    store.delete(store.abandoned(GENERATIONS, lambda path: path.split("/")[2] in known.generations))


def _refuse_if_others_have_published(store: Store, seen: list[str]) -> None:
    known, _ = published(store)
    _refuse_if_others_have(known, seen, store)


def _refuse_if_others_have(known: Published, seen: list[str], store: Store) -> None:
    """Figures of a machine that did not see the newest ones must not take their place."""
    if list(known.generations) != seen:
        newest = max(known.generations, default="nothing")
        raise MovedOnError(
            f"Another machine has published in {store.url} since this refresh began: {newest}. "
            "Its generation stays; run again, on one machine at a time."
        )
