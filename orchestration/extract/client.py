"""The questions that the extraction asks Autotask: fields, counts, pages, the limit (EXT-5)."""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from orchestration.extract.answers import (
    Item,
    Malformed,
    Page,
    read_object,
    read_page,
    whole_number,
)
from orchestration.extract.connection import Connection
from orchestration.extract.errors import CredentialsRefused, ExtractionError, LimitReached

PAGE_ROWS = 500
PAUSE_SECONDS, MOST_PAUSES = 60.0, 60
BUSY = 0.5  # share of the hourly limit from which on Autotask slows down everybody's calls
CALLS_BETWEEN_CHECKS = 200

Filter = dict[str, Any]


def where(op: str, name: str, value: Any) -> Filter:
    """A condition on a field."""
    return {"op": op, "field": name, "value": value}


def any_of(*conditions: Filter) -> Filter:
    """One of these must hold."""
    return {"op": "or", "items": list(conditions)} if len(conditions) > 1 else conditions[0]


class Client:
    """What a tenant can be asked."""

    def __init__(self, connection: Connection) -> None:
        """Say through whom to ask."""
        self._connection = connection
        self._checked_at = 0
        self.limit_used: float | None = None

    def open(self) -> datetime:
        """Find the zone of the tenant; the moment of the server's clock."""
        return self._connection.find_zone().date() or datetime.now(UTC)

    @property
    def zone(self) -> str:
        """Address of the tenant's zone."""
        return self._connection.zone

    @property
    def calls(self) -> int:
        """How many calls were made so far."""
        return self._connection.calls

    def fields(self, entity: str) -> list[dict[str, Any]]:
        """What the tenant says of the fields of an entity, picklists included."""

        def read(text: str) -> list[dict[str, Any]]:
            fields = read_object(text).get("fields")
            if not isinstance(fields, list) or not all(isinstance(one, dict) for one in fields):
                raise Malformed("fields is missing")
            return fields

        return self._connection.call(
            "GET", f"{entity}/entityInformation/fields", None, entity, read
        )

    def count(self, entity: str, *conditions: Filter) -> int:
        """Count the rows that meet all conditions."""

        def read(text: str) -> int:
            count = whole_number(read_object(text).get("queryCount"))
            if count is None:
                raise Malformed("queryCount is missing")
            return count

        body = {"filter": list(conditions)}
        return self._connection.call("POST", f"{entity}/query/count", body, entity, read)

    def pages(
        self, entity: str, fields: Sequence[str], *conditions: Filter, after: int = -1
    ) -> Iterator[tuple[int, list[Item]]]:
        """Read all rows that meet all conditions, by key (EXT-5).

        Args:
            entity: as REST names it.
            fields: the fields to ask for.
            conditions: what the rows must meet.
            after: the id from which on to read, itself left out.

        Yields:
            The greatest id of each page that has rows, with its records in the order of their ids.
        """
        while True:
            page = self._page(entity, fields, [*conditions, where("gt", "id", after)])
            ids = sorted(
                ((item_id(item, entity), item) for item in page.items), key=lambda pair: pair[0]
            )
            if any(number <= after for number, _ in ids):
                raise ExtractionError(
                    f"{entity}: asked for ids above {after:,}, the server has sent {ids[0][0]:,}. "
                    "Such an answer is not to be trusted; nothing was delivered. Start again."
                )
            if not ids:
                return
            after = ids[-1][0]
            yield after, [item for _, item in ids]
            if not page.has_next and len(ids) < PAGE_ROWS:
                return

    def spare_the_limit(self, *, at_once: bool = False) -> None:
        """Wait while more than half of the hourly limit of the tenant is used.

        Args:
            at_once: ask even if it was asked a few calls ago.
        """
        if not at_once and self.calls - self._checked_at < CALLS_BETWEEN_CHECKS:
            return
        for pause in range(MOST_PAUSES):
            self._checked_at = self.calls
            self.limit_used = self.limit()
            if self.limit_used is None or self.limit_used <= BUSY:
                return
            if pause == 0:
                self._connection.warn(
                    f"{self.limit_used:.0%} of Autotask's hourly limit of calls is used; waiting "
                    f"until it is below {BUSY:.0%}"
                )
            self._connection.sleep(PAUSE_SECONDS)

    def limit(self) -> float | None:
        """The share of the hourly limit that is used; None where the tenant does not say."""
        try:
            said = self._connection.call("GET", "ThresholdInformation", None, "", read_object)
        except (CredentialsRefused, LimitReached):
            raise
        except ExtractionError:  # it is a courtesy: reading goes on without it
            return None
        used, limit = (
            said.get(name) for name in ("currentTimeframeRequestCount", "externalRequestThreshold")
        )
        if not isinstance(used, int) or not isinstance(limit, int) or limit <= 0:
            return None
        return used / limit

    def _page(self, entity: str, fields: Sequence[str], conditions: list[Filter]) -> Page:
        body = {"MaxRecords": PAGE_ROWS, "IncludeFields": list(fields), "filter": conditions}
        return self._connection.call("POST", f"{entity}/query", body, entity, read_page)


def item_id(item: Item, entity: str) -> int:
    """The id of a record.

    Raises:
        ExtractionError: it has none.
    """
    said = next((one for name, one in item.value.items() if name.lower() == "id"), None)
    number = whole_number(said)
    if number is None:
        raise ExtractionError(
            f"{entity}: a record without a whole number as id: {item.text[:80]}. Such an answer is "
            "not to be trusted; nothing was delivered. Start again."
        )
    return number


def calls_for(rows: int) -> int:
    """How many calls read so many rows."""
    return math.ceil((rows + 1) / PAGE_ROWS)
