"""One world: the ids that exist in it, and the links and days that its records draw."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from tests.scenarios.tables import Row
from tests.scenarios.values import chance, day_between

PARENTS = ("contract_id", "project_id", "task_id", "ticket_id")
QUIET_CHARGES = 2  # the first charges of a world may be those of its quiet company


@dataclass
class World:
    """The ids that exist in one world, and what its lines refer to."""

    rng: random.Random
    base: int  # ids are base + 1, base + 2, …: the same numbers in every table
    labor_invoiced: bool
    has_claims: bool  # whether charges name milestones
    charge_tables: set[str]  # charges, tables a kind, or both
    has_own_organisation: bool  # exactly one world of a landing folder delivers company 0
    ids: dict[str, list[int]] = field(default_factory=dict)
    parents: dict[str, dict[int, Row]] = field(default_factory=dict)  # latest row by table and id
    days: list[date] = field(default_factory=list)  # days on which something changes
    ids_of_two_kinds: set[int] = field(default_factory=set)  # of charges, one without a kind
    levels: dict[int, str] = field(default_factory=dict)  # of charges without a kind
    # A company that only the first charges refer to. Its amounts are known, so companies of
    # several worlds tie, and percentages end in an exact half.
    quiet_company_id: int = 0
    quiet_amounts: tuple[tuple[Decimal, str | None], ...] = ()  # (billable amount, own PO)

    def link(self, table: str, exists: float = 0.8) -> int | None:
        """A foreign key: an id of the table, an orphan, or 0."""
        if chance(self.rng, exists):
            return self.rng.choice(self.ids[table])
        return self.rng.choice([self.base + 900, self.base + 901, 0, None])

    def company(self) -> int:
        """A required company id: now and then the MSP itself or an orphan."""
        kind = self.rng.random()
        if kind < 0.1:
            return 0
        if kind < 0.15:
            return self.base + 900
        return self.rng.choice(self.ids["companies"])

    def day(self) -> date:
        """A day for a line, mostly close to a day on which something changes."""
        if chance(self.rng, 0.75):
            return self.rng.choice(self.days) + timedelta(days=self.rng.choice([-1, 0, 0, 1]))
        return day_between(self.rng, date(2026, 4, 1), date(2026, 12, 10))

    def latest(self, table: str, row_id: int | None) -> Row:
        """The latest state of a row; empty for an orphan or for no id."""
        return self.parents[table].get(row_id or -1, {})
