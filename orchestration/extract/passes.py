"""Where a pass begins: after which earlier one, and what an interrupted one has left (EXT-8)."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestration.extract.entities import ENTITIES
from orchestration.extract.known import Known
from orchestration.extract.parts import is_intact, remove
from orchestration.extract.state import Delivery, Progress, State, read_stamp

FRESH = timedelta(hours=12)  # an older interrupted pass would deliver yesterday's rows


def is_resumable(state: State, now: datetime) -> bool:
    """Whether an interrupted pass can go on as if nothing had happened.

    Args:
        state: what it has left.
        now: by this machine's clock, as the pass has noted its start by it.
    """
    if not state.moment or state.has_failed or not state.zone:
        return False
    return timedelta(0) <= now - datetime.fromisoformat(state.started) < FRESH


def begin(state: State, landing: Path, server_now: datetime) -> None:
    """Begin a pass; of an earlier one only whole reads are kept that take long.

    What is kept of it may have changed since, and what has is read once more.
    """
    for name, progress in list(state.progress.items()):
        entity = ENTITIES.get(name)
        can_be_told = entity is not None and bool(progress.stamps or entity.is_open)
        if can_be_told and progress.is_full and not progress.is_left_out:
            progress.is_resumed = True
            if progress.is_done:
                progress.is_done, progress.step = False, 1
        else:
            drop(state, landing, name)
    earlier = (one + timedelta(seconds=1) for one in _moments(landing))
    state.moment = max([server_now.replace(microsecond=0), *earlier]).isoformat()
    state.watermark = server_now.isoformat()
    state.has_failed = False


def sweep(state: State, landing: Path) -> None:
    """Remove parts that nobody knows of, and forget what is known of parts that are cut."""
    for name, progress in list(state.progress.items()):
        if not all(is_intact(landing, part) for part in progress.parts.values()):
            drop(state, landing, name)
    kept = {part.name for one in state.progress.values() for part in one.parts.values()}
    for path in landing.glob("autotask/*/*.api.*.part"):
        if path.relative_to(landing).as_posix().removesuffix(".part") not in kept:
            path.unlink()


def drop(state: State, landing: Path, name: str) -> None:
    """Forget what was read of an entity."""
    progress: Progress = state.progress.pop(name)
    for part in progress.parts.values():
        remove(landing, part)


def basis(deliveries: list[Delivery], known: Known, fields: Sequence[str] = ()) -> str:
    """The watermark up to which everything is loaded; "" where a full delivery is missing.

    A full delivery stands alone. Another one counts where it begins no later than those before it
    reach, so that one that is refused is made up for by the next.

    Args:
        deliveries: of the entity, oldest first.
        known: what is loaded of it.
        fields: what the full one must have asked for; none for anything.
    """
    asked = {name.lower() for name in fields}
    found = ""
    for delivery in deliveries:
        if not all(known.has(*file) for file in delivery.files.items()):
            continue
        if delivery.is_full:
            told = {name.lower() for name in delivery.fields}
            # With others, records that do not change would stay without them.
            found = delivery.watermark if not asked or not told or told == asked else ""
        elif found and delivery.basis <= found:
            found = delivery.watermark
    return found


def waits(deliveries: list[Delivery], known: Known, landing: Path) -> bool:
    """Whether all of an entity was delivered, and nobody has tried to load it yet."""
    if not deliveries or not deliveries[-1].is_full:
        return False
    return all(
        (landing / "autotask" / batch).exists()
        and not known.has(batch, content_hash)
        and not known.has_refused(batch)
        for batch, content_hash in deliveries[-1].files.items()
    )


def _moments(landing: Path) -> Iterator[datetime]:
    """The moments of everything that was delivered before."""
    for path in landing.glob("autotask/*/*.api.*"):
        with suppress(ValueError):
            yield read_stamp(path.name.partition(".")[0]).astimezone(UTC)
