"""Records that are gone, found by counting blocks of ids (EXT-9)."""

import math
from collections.abc import Callable

from orchestration.extract.client import PAGE_ROWS, Client, Filter, item_id, where
from orchestration.extract.known import Known
from orchestration.extract.state import Progress

BLOCK_IDS = 50_000


def count_blocks(
    entity: str, known: Known, client: Client, progress: Progress, save: Callable[[], None]
) -> None:
    """Count the rows that the tenant has in each block of ids, up to the greatest known one."""
    for start, stop, _ in _blocks(known)[len(progress.counts) :]:
        progress.counts.append(client.count(entity, *_between(start, stop)))
        save()
        client.spare_the_limit()


def differences(
    entity: str, known: Known, client: Client, progress: Progress, save: Callable[[], None]
) -> None:
    """Find the ids behind every count that is not as expected.

    Those that the tenant lacks are added to `gone`, those that are not known to `lost`.
    """
    search = _Search(entity, known, client)
    for (start, stop, expected), counted in zip(_blocks(known), progress.counts, strict=True):
        if start > progress.after and expected != counted:
            gone, lost = search.between(start, stop, expected, counted)
            progress.gone += gone
            progress.lost += lost
            progress.after = start
            save()


def _blocks(known: Known) -> list[tuple[int, int, int]]:
    """The blocks to count, or all ids as one block where reading them takes fewer calls."""
    blocks = known.blocks(BLOCK_IDS)
    rows = sum(count for _, _, count in blocks)
    if len(blocks) > math.ceil(rows / PAGE_ROWS):
        return [(blocks[0][0], blocks[-1][1], rows)]
    return blocks


class _Search:
    """Narrows a difference down, by the way that takes fewer calls."""

    def __init__(self, entity: str, known: Known, client: Client) -> None:
        self._entity, self._known, self._client = entity, known, client

    def between(
        self, start: int, stop: int, expected: int, counted: int
    ) -> tuple[list[int], list[int]]:
        """The ids that are gone, and those that are not known, from `start` to before `stop`."""
        if expected == counted:
            return [], []
        if counted == 0:
            return self._known.expected(start, stop), []
        if expected == 0 or self._reads(expected, counted):
            return self._read(start, stop)
        middle = self._known.middle(start, stop, expected)
        if middle <= start:
            return self._read(start, stop)
        first = self._client.count(self._entity, *_between(start, middle))
        first_expected = self._known.expected_count(start, middle)
        gone, lost = self.between(start, middle, first_expected, first)
        more = self.between(middle, stop, expected - first_expected, counted - first)
        return gone + more[0], lost + more[1]

    def _reads(self, expected: int, counted: int) -> bool:
        """Whether reading all ids takes no more calls than halving."""
        pages = math.ceil((counted + 1) / PAGE_ROWS)
        halvings = abs(expected - counted) * (math.log2(pages) + 1)
        return pages <= halvings or pages == 1

    def _read(self, start: int, stop: int) -> tuple[list[int], list[int]]:
        there: set[int] = set()
        conditions = _between(start, stop)
        for _, items in self._client.pages(self._entity, ["id"], *conditions, after=start - 1):
            there.update(item_id(item, self._entity) for item in items)
        expected = set(self._known.expected(start, stop))
        return sorted(expected - there), sorted(there - expected)


def _between(start: int, stop: int) -> list[Filter]:
    return [where("gte", "id", start), where("lt", "id", stop)]
