"""Reading one entity, step by step, with a checkpoint after every call (EXT-5, EXT-7, EXT-8)."""

from collections.abc import Callable, Iterable
from pathlib import Path

from orchestration.extract.answers import Item
from orchestration.extract.client import Client, Filter, any_of, item_id, where
from orchestration.extract.deletions import count_blocks, differences
from orchestration.extract.entities import BILLING_ITEMS, Entity
from orchestration.extract.errors import Shrunk
from orchestration.extract.known import ROWS_AT_ONCE, Known
from orchestration.extract.parts import append, append_ids, landing_name, record
from orchestration.extract.state import Part, Progress
from orchestration.extract.voided import ids_file
from orchestration.progress import advance

ROWS, DELETED = "rows", "deleted"
SHRINK_FREE, SHRINK_SHARE = 10, 0.2


class Reader:
    """Reads one entity into its parts."""

    def __init__(
        self,
        entity: Entity,
        progress: Progress,
        known: Known,
        client: Client,
        *,
        landing: Path,
        folder: Path,
        save: Callable[[], None],
        allow_shrink: bool,
    ) -> None:
        """Say what to read, and from where on.

        Args:
            entity: what to read.
            progress: how far it has come; kept up to date.
            known: its known rows.
            client: whom to ask.
            landing: the landing folder.
            folder: where the extraction keeps what it must remember.
            save: keeps the progress.
            allow_shrink: whether an entity may lose many rows at once.
        """
        self._entity, self._progress, self._known, self._client = entity, progress, known, client
        self._landing, self._folder, self._save = landing, folder, save
        self._allow_shrink = allow_shrink
        self._ids = folder / f"{entity.name}.ids"
        kind = "full" if progress.is_full else ""
        name = landing_name(entity.table, progress.moment, kind)
        self._part = progress.parts.setdefault(ROWS, Part(name))
        self._steps: tuple[Callable[[], None], ...] = (self._all, self._whole_is_there)
        if not progress.is_full:
            self._steps = (self._changed, self._left, self._counted, self._compared, self._found)
        elif progress.stamps or entity.is_open:
            self._steps = (self._all, self._changed_meanwhile, self._whole_is_there)

    def read(self) -> None:
        """Read what is still to be read.

        Raises:
            ExtractionError: it cannot be read, or should not be delivered.
        """
        progress = self._progress
        append(self._landing, self._part, [])
        append_ids(self._ids, progress.ids_size, [])
        while progress.step < len(self._steps):
            self._steps[progress.step]()
            progress.step, progress.after = progress.step + 1, -1
            self._save()
        if progress.gone:
            name = landing_name(self._entity.table, progress.moment, DELETED)
            part = progress.parts[DELETED] = Part(name)
            append(
                self._landing, part, (f'{{"id":{number}}}' for number in sorted({*progress.gone}))
            )

    def _all(self) -> None:
        self._pages(after=self._progress.after)

    def _changed_meanwhile(self) -> None:
        """What was read before an interruption may have changed since."""
        if self._progress.is_resumed:
            conditions = self._since(self._progress.watermark)
            self._pages(any_of(*conditions), after=self._progress.after)

    def _whole_is_there(self) -> None:
        if self._known.count():
            self._guard(self._known.seen_count(self._ids))

    def _changed(self) -> None:
        conditions = self._since(self._progress.basis)
        if self._entity.is_open:
            conditions.append(where("gt", "id", self._known.greatest()))
        self._pages(any_of(*conditions), after=self._progress.after)

    def _since(self, watermark: str) -> list[Filter]:
        """What has changed since, or can have changed without saying so."""
        if self._entity.is_open is None:
            return [where("gt", name, watermark) for name in self._progress.stamps]
        name, value = self._entity.is_open
        name = next((one for one in self._progress.fields if one.lower() == name.lower()), name)
        conditions = [where("eq", name, value)]
        if self._entity.name == BILLING_ITEMS:
            conditions.append({"op": "notExist", "field": name})
        return conditions

    def _left(self) -> None:
        """Records that were open when last seen, and are so no longer, or are no more."""
        if self._entity.is_open is None:
            return
        progress = self._progress
        voided = ids_file(self._folder)
        is_told = self._entity.name == BILLING_ITEMS and voided.exists()
        while ids := self._known.open_ids(self._ids, voided if is_told else None, progress.after):
            found = self._fetch(ids)
            progress.gone += sorted(set(ids) - found)
            progress.after = ids[-1]
            self._save()

    def _counted(self) -> None:
        self._progress.gone_counted = len(self._progress.gone)
        self._known.expect(self._ids, self._progress.gone)
        count_blocks(self._entity.name, self._known, self._client, self._progress, self._save)
        self._guard(sum(self._progress.counts))

    def _compared(self) -> None:
        # The blocks that were counted: what this very step has found gone is not left out of them.
        counted = self._progress.gone[: self._progress.gone_counted]
        self._known.expect(self._ids, counted)
        differences(self._entity.name, self._known, self._client, self._progress, self._save)

    def _found(self) -> None:
        """Records that the tenant has and that were never seen: they were hidden, or refused."""
        lost = sorted(number for number in self._progress.lost if number > self._progress.after)
        for start in range(0, len(lost), ROWS_AT_ONCE):
            ids = lost[start : start + ROWS_AT_ONCE]
            self._fetch(ids)
            self._progress.after = ids[-1]
            self._save()

    def _fetch(self, ids: list[int]) -> set[int]:
        """Read these records; returns those that are there."""
        name, fields = self._entity.name, self._progress.fields
        found: set[int] = set()
        for _, items in self._client.pages(name, fields, where("in", "id", ids)):
            self._take(items)
            found.update(item_id(item, name) for item in items)
        return found

    def _pages(self, *conditions: Filter, after: int) -> None:
        name, fields = self._entity.name, self._progress.fields
        for greatest, items in self._client.pages(name, fields, *conditions, after=after):
            self._take(items)
            self._progress.after = greatest
            self._save()
            self._client.spare_the_limit()

    def _take(self, items: Iterable[Item]) -> None:
        rows = list(items)
        append(self._landing, self._part, (record(item, self._progress.fields) for item in rows))
        size = self._progress.ids_size
        self._progress.ids_size = append_ids(
            self._ids, size, (item_id(item, self._entity.name) for item in rows)
        )
        advance(len(rows), "rows")

    def _guard(self, rows: int) -> None:
        """Refuse an entity that has lost so many rows that a lost permission explains it (EXT-9).

        Args:
            rows: that the tenant shows now.
        """
        known = self._known.count()
        lost = known - rows
        is_empty = rows == 0 < known
        is_small = lost >= SHRINK_FREE and lost > SHRINK_SHARE * known
        if (is_empty or is_small) and not self._allow_shrink:
            raise Shrunk(
                f"{self._entity.name}: the tenant shows {rows:,} rows, {known:,} are known. A lost "
                "permission of the API user looks like this: check that it may read all of "
                f"{self._entity.name}. If they were deleted, set PSA_ALLOW_SHRINK=1 for one run. "
                "Nothing was delivered."
            )
