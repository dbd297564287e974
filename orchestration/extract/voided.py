"""Invoices that were voided, or no longer are: their billing items have no stamp of it (EXT-8)."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from orchestration.extract.answers import whole_number
from orchestration.extract.entities import INVOICES
from orchestration.extract.known import Known
from orchestration.extract.parts import append_ids
from orchestration.extract.state import Told

TRUE = ("true", "1", "yes", "y")


def ids_file(folder: Path) -> Path:
    """File with the ids of the invoices whose items this pass must read."""
    return folder / f"{INVOICES}.changed"


def note_changed(folder: Path, invoices: Iterable[dict[str, Any]], known: set[int]) -> None:
    """Keep the ids of invoices that were voided since, or no longer are.

    Args:
        folder: what the extraction remembers.
        invoices: all of them, as the tenant shows them.
        known: ids of those that were known to be voided.
    """
    now: set[int] = set()
    for invoice in invoices:
        one = {name.lower(): value for name, value in invoice.items()}
        number = whole_number(one.get("id"))
        if number is not None and str(one.get("isvoided")).lower() in TRUE:
            now.add(number)
    append_ids(ids_file(folder), 0, sorted(now ^ known))


def add_untold(folder: Path, told: Iterable[Told], items: Known) -> None:
    """Add those of earlier passes whose items were read and never loaded.

    Args:
        folder: what the extraction remembers.
        told: what earlier passes have read, oldest first.
        items: what is known of billing items.
    """
    untold: set[int] = set()
    for one in told:
        if not one.files or not all(items.has(*file) for file in one.files.items()):
            untold.update(one.invoices)
        elif one.is_full:
            untold.clear()
        else:
            untold.difference_update(one.invoices)
    if untold:
        changed = untold.union(noted(folder))
        append_ids(ids_file(folder), 0, sorted(changed))


def noted(folder: Path) -> list[int]:
    """The ids of the invoices whose items this pass must read."""
    path = ids_file(folder)
    return [int(line) for line in path.read_text().split()] if path.exists() else []
