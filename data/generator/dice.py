"""Everything that is drawn for more than one table: chances, days, PO numbers, wrong ids."""

from datetime import date, timedelta
from random import Random
from typing import Any

from data.generator.vocabulary import DIRT, PO_STYLES
from orchestration.settings import SAMPLE_AS_OF_DATE

EXTRACT_DATE = SAMPLE_AS_OF_DATE  # of the newest batch
FIRST_DAY = EXTRACT_DATE - timedelta(days=729)  # of charges, time entries and tickets
NOWHERE = 900_000  # ids from here on exist in no table

Row = dict[str, Any]


class Dice(Random):
    """The one source of random numbers, and the PO numbers it has handed out."""

    def __init__(self, seed: int) -> None:
        """Start the stream of random numbers at `seed`."""
        super().__init__(seed)
        self._po_count = 1000
        self._typed_count = 0

    def chance(self, percent: float) -> bool:
        """True in `percent` of 100 cases."""
        return self.randrange(10_000) < percent * 100

    def draw(self, shares: dict[Any, int]) -> Any:
        """One key of `shares`, as often as its share says."""
        return self.choices(list(shares), weights=list(shares.values()))[0]

    def day(self, first: date = FIRST_DAY, last: date = EXTRACT_DATE) -> date:
        """A day from `first` to `last`, both included."""
        return first + timedelta(days=self.randrange((last - first).days + 1))

    def stamp(self, day: date) -> str:
        """A UTC timestamp in working hours on `day`, or on the eve of the extract if earlier."""
        day = min(day, EXTRACT_DATE - timedelta(days=1))
        hour, minute, second = (self.randrange(*span) for span in ((7, 19), (60,), (60,)))
        return f"{day}T{hour:02}:{minute:02}:{second:02}Z"

    def new_po(self) -> str:
        """A PO number that nobody has used yet."""
        self._po_count += self.randrange(1, 30)
        return self.choice(PO_STYLES).format(n=self._po_count)

    def typed(self, po: str) -> str:
        """The PO as somebody typed it: one time in six not quite as the client wrote it."""
        self._typed_count += 1
        kind, exact = divmod(self._typed_count, 6)
        return po if exact else DIRT[kind % len(DIRT)](po)

    def misplace(self, lines: list[Row], columns: tuple[str, ...], contracts: list[Row]) -> None:
        """Let a few ids point nowhere, a few at some other contract, and set a few to 0."""
        for number, line in enumerate(self.sample(lines, len(lines) // 80)):
            column = columns[number // 4 % len(columns)]
            if number % 4 == 0:
                line[column] = NOWHERE + 100 + number
            elif number % 4 == 1:
                line["contract_id"] = self.choice(contracts)["id"]
            elif column != "company_id" and not line.get(column):
                line[column] = 0
