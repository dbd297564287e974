"""Rows that break the rules of their tables, in every way in turn."""

import random
from datetime import date

from tests.scenarios.tables import CHARGE_KINDS, REQUIRED, TABLES, Row


class Odd(str):
    """A text that is written to a file as it is, whatever the type of its column."""

    __slots__ = ()


_ODD_IDS = ("x12", "12.5", "9223372036854775808", "1,00,0", "0x1", "1e999999999", "--1")
_ODD_TEXTS = {
    "id": _ODD_IDS,
    "decimal": ("abc", "1,2,3", "$", "1e99", "100000000000000", ".5", "NaN", "1 00"),
    "date": ("2026-02-30", "31.12.26", "today", "2026-2-3", "2026-02-03T25:00:00"),
    "ts": ("yesterday", "2026-02-30T10:00:00Z", "03/02/26"),
    "bool": ("maybe", "2", "wahr"),
}
_LONGEST = {
    **dict.fromkeys(("company_name", "contract_name", "project_name", "name"), 100),
    **dict.fromkeys(("contract_number", "project_number", "task_number", "ticket_number"), 50),
    **dict.fromkeys(("purchase_order_number", "internal_po_number"), 50),
    "material_code_name": 200,
    "title": 255,
    "currency": 3,
    "order_number": 50,
}
_FURTHER: dict[tuple[str, str], tuple[str, ...]] = {
    ("time_entries", "hours_worked"): ("-0.25", "24.0001", "100000000"),
    ("time_entries", "hours_to_bill"): ("100000000",),
    ("purchase_orders", "authorized_amount"): ("-1",),
    ("purchase_orders", "authorized_hours"): ("-0.5", "100000000"),
    ("purchase_orders", "purchase_order_number"): (
        "n/a",
        " TBD\u00a0",
        "\u200b",
        "0.0",
        "'-",
        '="NULL"',
    ),
    ("charges", "charge_kind"): ("subscription",),
    ("charges", "description"): ("é" * 8001,),
    ("charges", "invoice_number"): ("9" * 101,),
    ("time_entries", "invoice_number"): ("9" * 101,),
    ("invoices", "invoice_number"): ("9" * 101,),
    ("billing_codes", "name"): ("é" * 201,),
    ("contract_milestones", "description"): ("é" * 8001,),
    ("milestone_conflict_waivers", "conflict_type"): ("late", "waived"),
    ("milestone_conflict_waivers", "milestone_id"): ("0",),
}
_FURTHER |= {
    (table, column): texts
    for (owner, column), texts in list(_FURTHER.items())
    for table in CHARGE_KINDS
    if owner == "charges" and column != "charge_kind"
}
_PERIODS = {"contracts": ("start_date", "end_date"), "purchase_orders": ("valid_from", "valid_to")}


def ways_to_break(table: str, column: str) -> list[str]:
    """Texts that break a rule of one column."""
    kind = TABLES[table][column][0]
    texts = [*_ODD_TEXTS.get(kind, ()), *_FURTHER.get((table, column), ())]
    if kind == "date" and column not in ("start_date", "end_date", "valid_from", "valid_to"):
        texts += ["1989-12-31", "2101-01-01"]
    if column in REQUIRED[table]:
        texts.append("")
    if column in _LONGEST and kind == "text":
        texts.append("é" * (_LONGEST[column] + 1))
    return texts


class Breaker:
    """Breaks the rows of a table in every possible way in turn."""

    def __init__(self, rng: random.Random) -> None:
        """Start with no way used."""
        self.rng = rng
        self.ahead: dict[str, list[tuple[str, str]]] = {}

    def _next_way(self, table: str) -> tuple[str, str]:
        if not self.ahead.get(table):
            ways = []  # every column once, then every column again, …
            for column in TABLES[table]:
                texts = ways_to_break(table, column)
                shuffled = self.rng.sample(texts, len(texts))
                ways += [(-turn, column, text) for turn, text in enumerate(shuffled)]
            self.rng.shuffle(ways)
            self.ahead[table] = [way[1:] for way in sorted(ways, key=lambda way: way[0])]
        return self.ahead[table].pop()

    def broken(self, table: str, row: Row) -> Row:
        """The row with one or more broken rules."""
        if table in _PERIODS and self.rng.random() < 0.2:
            first, last = _PERIODS[table]
            return {**row, first: date(2026, 3, 2), last: date(2026, 3, 1)}
        ways = [self._next_way(table) for _ in range(self.rng.choice([1, 1, 1, 2, 3]))]
        return {**row, **{column: Odd(text) for column, text in ways}}

    def spoil(self, table: str, rows: list[Row]) -> list[Row]:
        """The rows, some of them broken and some duplicated, within the limits of a batch."""
        rng = self.rng
        budget = max(10, len(rows) // 20)
        count = rng.choice([0, 1, 5, 10, budget]) if table in self.ahead else budget
        spoiled = list(rows)
        for _ in range(min(count, len(rows) - 1)):
            place = rng.randrange(len(spoiled))
            if rng.random() < 0.5:  # beside the good row, before or after it
                spoiled.insert(place, self.broken(table, rng.choice(rows)))
            else:
                spoiled[place] = self.broken(table, spoiled[place])
        for row in rng.sample(rows, len(rows) // 20):
            spoiled.insert(rng.randrange(len(spoiled)), dict(row))
        return spoiled
