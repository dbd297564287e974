"""What the extraction remembers beside the raw files (EXT-8): an unfinished pass, and watermarks.

Small, and it may be deleted: the next run then reads everything once.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# An entity. All of it is written after every call; older ones are taken for loaded, because what
# was not has been read again by each one since.
MOST_DELIVERIES = 60


@dataclass
class Part:
    """A landing file that is being written.

    Attributes:
        name: what it is called once it is complete, below the landing folder.
        size: bytes that are known to be good.
        rows: records in them.
        content_hash: SHA-256 of the complete file; "" before.
    """

    name: str
    size: int = 0
    rows: int = 0
    content_hash: str = ""


@dataclass
class Progress:
    """How far one entity has been read.

    Attributes:
        moment: of the pass, as the names of its files say it.
        watermark: the server's clock when the pass began, less the overlap; as REST writes it.
        is_full: whether the whole entity is read.
        basis: watermark of the pass that this one follows; "" for a full one.
        fields: to ask for.
        stamps: of the entity, as far as the tenant has them.
        step: number of the step at work.
        after: the id up to which the step has come.
        parts: landing files by what they hold, `rows` or `deleted`.
        ids_size: bytes of the file of ids that was read.
        counts: rows that the tenant has in each block of ids.
        gone: ids that the tenant no longer has.
        gone_counted: how many of them were known when the blocks were counted.
        lost: ids that the tenant has and that are not known.
        calls: made so far.
        seconds: spent so far.
        is_done: nothing is left to read.
        is_left_out: nothing is delivered, for the reason that was told.
        is_resumed: it was interrupted, and records read before may have changed since.
        limit_used: share of the hourly limit at the end.
    """

    moment: str
    watermark: str
    is_full: bool
    basis: str = ""
    fields: list[str] = field(default_factory=list)
    stamps: list[str] = field(default_factory=list)
    step: int = 0
    after: int = -1
    parts: dict[str, Part] = field(default_factory=dict)
    ids_size: int = 0
    counts: list[int] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    gone_counted: int = 0
    lost: list[int] = field(default_factory=list)
    calls: int = 0
    seconds: float = 0.0
    is_done: bool = False
    is_left_out: bool = False
    is_resumed: bool = False
    limit_used: float | None = None


@dataclass
class Delivery:
    """What one pass has delivered of an entity.

    Attributes:
        watermark: as that of `Progress`.
        is_full: whether it needs no earlier one.
        files: SHA-256 by path below the source.
        basis: watermark from which on it holds what has changed; "" for a full one.
        fields: that were asked for, of a full one.
    """

    watermark: str
    is_full: bool
    files: dict[str, str]
    basis: str = ""
    fields: list[str] = field(default_factory=list)


@dataclass
class Told:
    """Invoices of which a pass has seen that they were voided, or no longer are.

    Attributes:
        invoices: their ids.
        is_full: whether all billing items were read in that pass.
        files: what it has delivered of billing items, as in `Delivery`; empty for nothing.
    """

    invoices: list[int]
    is_full: bool
    files: dict[str, str]


@dataclass
class State:
    """Everything that is remembered.

    Attributes:
        moment: of the pass at work, as ISO; "" for none.
        watermark: the server's clock when it began; ISO.
        started: this machine's clock then; ISO.
        zone: address of the tenant's zone.
        has_failed: it ended with an error, not with the death of its process.
        is_delivering: all its files are complete; only renames are left.
        progress: by entity.
        deliveries: by entity, oldest first.
        told: of invoices, oldest first.
    """

    moment: str = ""
    watermark: str = ""
    started: str = ""
    zone: str = ""
    has_failed: bool = False
    is_delivering: bool = False
    progress: dict[str, Progress] = field(default_factory=dict)
    deliveries: dict[str, list[Delivery]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> "State":
        """Read what the last run has left; a file that cannot be read is none."""
        try:
            told: dict[str, Any] = json.loads((folder / "state.json").read_bytes())
            told["progress"] = {
                name: Progress(
                    **one | {"parts": {what: Part(**part) for what, part in one["parts"].items()}}
                )
                for name, one in told["progress"].items()
            }
            told["deliveries"] = {
                name: [Delivery(**one) for one in deliveries]
                for name, deliveries in told["deliveries"].items()
            }
            told["told"] = [Told(**one) for one in told.get("told", [])]
            return cls(**told)
        except (FileNotFoundError, ValueError, TypeError, KeyError, AttributeError):
            return cls()

    def save(self, folder: Path) -> None:
        """Write it, whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / ".state.json"
        with unfinished.open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file)
            if self.is_delivering:
                file.flush()
                os.fsync(file.fileno())
        unfinished.replace(folder / "state.json")

    def remember_told(self, told: Told) -> None:
        """Add the invoices of a pass."""
        if told.invoices or told.is_full:
            self.told = [*self.told, told][-MOST_DELIVERIES:]

    def remember(self, entity: str, delivery: Delivery) -> None:
        """Add a delivery to those of an entity."""
        kept = [*self.deliveries.get(entity, []), delivery]
        # Everything stands on the newest full one, however old it is.
        newest_full = [one for one in kept[:-MOST_DELIVERIES] if one.is_full][-1:]
        kept = kept[-MOST_DELIVERIES:]
        self.deliveries[entity] = kept if any(one.is_full for one in kept) else newest_full + kept


def stamp(moment: datetime) -> str:
    """A moment as names of landing files have it."""
    return moment.strftime("%Y%m%dT%H%M%SZ")


def read_stamp(text: str) -> datetime:
    """The moment that a name of a landing file says.

    Raises:
        ValueError: it says none.
    """
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
