"""Contracts: what happens to them, and what each yearly list of contracts says."""

from datetime import date

from data.generator.clients import Clients
from data.generator.dice import EXTRACT_DATE, NOWHERE, Dice, Row
from data.generator.vocabulary import PLACEHOLDERS

CONTRACT_BATCHES = (date(2024, 11, 20), date(2025, 11, 20), EXTRACT_DATE)

# What happens to a contract: its share, the day until which work goes on, and its row in each of
# the three batches: PO, start, end, last modified. `a`, `b` and `c` are its successive POs; None
# stands for no row.
SAME_2024 = ("a", "2024-01-01", "2027-12-31", "2024-02-12")
TYPED_2025 = ("a", "2024-03-01", "2027-12-31", "2025-09-15")
NEW_2025 = ("a", "2025-02-01", "2028-01-31", "2025-02-03")
DROPPED = ("a", "2024-03-01", "2026-02-28", "2024-03-06")
UNTOUCHED = (None, "2024-06-01", "2028-05-31", "2024-05-28")
OUTGOING = ("a", "2024-07-01", "2026-12-31", "2024-07-03")
# fmt: off
STORIES: dict[str, tuple[int, str, tuple[tuple[str | None, str, str | None, str] | None, ...]]] = {
    "steady": (34, "2027-12-31", (SAME_2024,) * 3),
    "open end": (12, "2030-01-01", (("a", "2023-07-01", None, "2024-03-04"),) * 3),
    "yearly": (9, "2026-12-31", (
        ("a", "2024-01-01", "2024-12-31", "2024-01-09"),
        ("b", "2025-01-01", "2025-12-31", "2025-01-13"),
        ("c", "2026-01-01", "2026-12-31", "2026-01-12"))),
    "yearly, useless timestamps": (3, "2026-12-31", (
        ("a", "2024-01-01", "2024-12-31", "2024-01-09"),
        ("b", "2025-01-01", "2025-12-31", "2024-01-09"),
        ("c", "2026-01-01", "2026-12-31", "2025-03-03"))),
    "PO replaced": (8, "2027-06-30", (
        ("a", "2024-07-01", "2027-06-30", "2024-06-25"),
        ("b", "2024-07-01", "2027-06-30", "2025-07-02"),
        ("c", "2024-07-01", "2027-06-30", "2026-07-01"))),
    "typed in later": (8, "2027-12-31", (
        (None, "2024-03-01", "2027-12-31", "2024-03-01"), TYPED_2025, TYPED_2025)),
    "typed in last": (5, "2028-05-31", (
        UNTOUCHED, UNTOUCHED, ("a", "2024-06-01", "2028-05-31", "2026-10-05"))),
    "cleared": (4, "2027-12-31", (
        SAME_2024, SAME_2024, (None, "2024-01-01", "2027-12-31", "2026-03-02"))),
    "lapsed": (5, "2030-01-01", (("a", "2023-10-01", "2026-03-31", "2023-10-02"),) * 3),
    "new in 2025": (7, "2028-01-31", (None, NEW_2025, NEW_2025)),
    "new in 2026": (5, "2029-02-28", (
        None, None, ("a", "2026-03-01", "2029-02-28", "2026-03-04"))),
    "dropped": (4, "2026-02-28", (DROPPED, DROPPED, None)),
    # never drawn, only made on purpose
    "without": (0, "2028-05-31", (UNTOUCHED,) * 3),
    "outgoing": (0, "2026-06-30", (
        OUTGOING, OUTGOING, ("a", "2024-07-01", "2026-12-31", "2026-07-06"))),
    "incoming": (0, "2029-06-30", (
        None, None, ("a", "2026-07-01", "2029-06-30", "2026-07-06"))),
}
# fmt: on
CONTRACT_KINDS = {
    "Recurring Service": "Managed services",
    "Time & Materials": "Ad hoc support",
    "Block Hours": "Support hours, prepaid",
    "Retainer": "Consulting retainer",
    "Fixed Price": "Fixed price works",
}
SHARED_PO = "4500012"  # a number that two clients happen to issue


class Contracts:
    """All contracts (`rows`), and those that milestones are agreed on (`fixed_price`)."""

    def __init__(self, dice: Dice, clients: Clients) -> None:
        """Make contracts of all kinds for every client."""
        self._dice = dice
        self.rows: list[Row] = []
        shares = {story: share for story, (share, *_) in STORIES.items()}
        self._add(clients.msp, "without", "Time & Materials")
        for number, company in enumerate(clients.clients):
            others = dice.sample(list(CONTRACT_KINDS), dice.randrange(1, 5))
            for kind in ("Recurring Service", *others):
                has_po = clients.has_po(company, "contract")
                self._add(company, dice.draw(shares) if has_po else "without", kind)
            if number % 4 == 0:  # one that a new contract has taken over
                old = self._add(company, "outgoing", "Recurring Service")
                new = self._add(company, "incoming", "Recurring Service")
                old["batches"][2] |= {"renewed_contract_id": new["id"], "status_name": "Inactive"}
        for company in (clients.clients[9], clients.clients[14]):
            contract = company["contracts"][0]
            contract["terms"] = [(start, end, SHARED_PO) for start, end, _ in contract["terms"]]
            for batch in filter(None, contract["batches"]):
                batch["purchase_order_number"] = SHARED_PO
        self.rows[60]["renewed_contract_id"] = NOWHERE + 2
        stories = ("steady", "typed in later", "without") * 5
        self.fixed_price = [
            self._add(company, story, "Fixed Price")
            for company, story in zip(clients.clients[1:16], stories, strict=True)
        ]

    def _add(self, company: Row, story: str, kind: str) -> Row:
        """Add one contract of the company, with a row for each batch that the story has one in."""
        dice = self._dice
        _, until, told = STORIES[story]
        pos = {letter: dice.new_po() for letter in "abc"}
        texts: dict[str | None, str | None] = {key: dice.typed(po) for key, po in pos.items()}
        is_placeholder = story == "without" and dice.chance(10)
        texts[None] = dice.choice(PLACEHOLDERS) if is_placeholder else None
        number = len(self.rows)
        row = {
            "id": 3001 + number,
            "company_id": company["id"],
            "contract_type_name": kind,
            "contract_name": f"{CONTRACT_KINDS[kind]} - {company['company_name']}",
            "contract_number": f"C{24000 + number}",
            "renewed_contract_id": None,
            "from": min(snap[1] for snap in told if snap),
            "until": until,
            "terms": [  # start, end and PO as agreed
                (snap[1], snap[2] or until, pos[snap[0]]) for snap in told if snap and snap[0]
            ],
            "batches": [
                snap
                and {
                    "purchase_order_number": texts[snap[0]],
                    "status_name": "Active",
                    "start_date": snap[1],
                    "end_date": snap[2],
                    "last_modified_at": f"{snap[3]}T{9 + number % 8:02}:15:00Z",
                }
                for snap in told
            ],
        }
        company["contracts"].append(row)
        self.rows.append(row)
        return row

    def draw_of(self, company: Row, day: date) -> Row | None:
        """A contract of the company, as a rule one that is worked on that day."""
        running = [row for row in company["contracts"] if row["from"] <= str(day) <= row["until"]]
        if not running or self._dice.chance(2):
            running = company["contracts"]
        return self._dice.choice(running) if running else None
