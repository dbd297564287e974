"""The MSP, its clients and the habits they have with POs."""

from datetime import date

from data.generator.dice import EXTRACT_DATE, NOWHERE, Dice, Row
from data.generator.vocabulary import FIRST_NAMES, PLACEHOLDERS, TRADES

# How clients go about POs: the percentage of each kind of object that carries one.
HABITS = {
    "strict": {"contract": 92, "project": 72, "task": 22, "ticket": 22, "charge": 50},
    "mixed": {"contract": 76, "project": 44, "task": 10, "ticket": 8, "charge": 22},
    "none": {"contract": 0, "project": 0, "task": 0, "ticket": 0, "charge": 0},
}
CLIENTS_OF_HABIT = {"strict": 26, "mixed": 21, "none": 12}


class Clients:
    """The companies, and draws among them.

    A company's row also lists its POs and, as they are made, its contracts, projects, tasks and
    tickets.
    """

    def __init__(self, dice: Dice) -> None:
        """Make the companies."""
        self._dice = dice
        self.companies = self._make_companies()
        self.msp, *self.clients = self.companies
        self.by_id = {company["id"]: company for company in self.companies}

    def _make_companies(self) -> list[Row]:
        """The MSP itself (id 0) and 59 clients, some of them parts of a group."""
        dice = self._dice
        names = dice.sample([f"{name} {trade}" for name in FIRST_NAMES for trade in TRADES], 59)
        habits = [habit for habit, count in CLIENTS_OF_HABIT.items() for _ in range(count)]
        dice.shuffle(habits)
        parents = {7: 0, 20: 174, 21: 174, 33: 180, 40: 190, 52: 191, 58: NOWHERE + 1}
        rows: list[Row] = [
            {
                "id": 0,
                "company_name": "Bramblegate IT Services",
                "habit": "none",
                "parent_company_id": None,
                "po_required": "false",
            }
        ]
        for number, (name, habit) in enumerate(zip(names, habits, strict=True)):
            is_strict = habit == "strict" and number % 3 == 0
            rows.append(
                {
                    "id": 174 + number,
                    "company_name": name,
                    "habit": habit,
                    "parent_company_id": parents.get(number),
                    "weight": 6 + 240 // (number + 4),
                    "po_required": "true" if is_strict else (None, "false")[number % 2],
                }
            )
        for row in rows:
            row["is_active"] = "false" if row["id"] in (205, 221) else "true"
            row["last_modified_at"] = dice.stamp(dice.day())
            row["pos"] = [dice.new_po() for _ in range(dice.randrange(3, 7))]
            row |= {"contracts": [], "projects": [], "tasks": [], "tickets": []}
        return rows

    def draw(self) -> Row:
        """A client, the large ones more often."""
        weights = [client["weight"] for client in self.clients]
        return self._dice.choices(self.clients, weights)[0]

    def stranger_to(self, company: Row) -> Row:
        """A client with POs that is neither `company` nor of its group."""
        family = {company["id"], company["parent_company_id"]}
        return self._dice.choice(
            [
                client
                for client in self.clients
                if client["habit"] == "strict"
                and not family & {client["id"], client["parent_company_id"]}
            ]
        )

    def has_po(self, company: Row, level: str) -> bool:
        """Whether the company's habit puts a PO on this object."""
        return self._dice.chance(HABITS[company["habit"]][level])

    def no_po(self) -> str | None:
        """What is typed where there is no PO: as a rule nothing, at times a placeholder."""
        return self._dice.choice(PLACEHOLDERS) if self._dice.chance(3) else None

    def po_columns(self, company: Row, level: str) -> Row:
        """The PO of an object by the company's habit: `po` as agreed, and the column as typed."""
        if not self.has_po(company, level):
            return {"po": None, "purchase_order_number": self.no_po()}
        is_standing = self._dice.chance(40)
        po = self._dice.choice(company["pos"]) if is_standing else self._dice.new_po()
        return {"po": po, "purchase_order_number": self._dice.typed(po)}

    def invoice_number(self, company: Row, day: date) -> str | None:
        """The company's invoice for the month; few lines of the last weeks are on one."""
        is_old = (EXTRACT_DATE - day).days > 45
        if company["id"] != 0 and self._dice.chance(94 if is_old else 15):
            return f"INV-{day:%y%m}{company['id']:04}"
        return self._dice.choice((None,) * 28 + ("0", " "))
