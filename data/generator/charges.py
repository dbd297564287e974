"""Charges: of which kinds, on which objects, with which POs and amounts."""

import calendar
from datetime import date, timedelta
from decimal import Decimal

from data.generator.clients import Clients
from data.generator.contracts import Contracts
from data.generator.dice import EXTRACT_DATE, Dice, Row
from data.generator.reference import REGISTER_CASES
from data.generator.vocabulary import CHARGE_STATUSES
from data.generator.work import Work, ticket_of

# Material codes: charges, total, usual kind, names. 7,155 charges and 6,697,517.00 in all.
# fmt: off
MATERIAL_CODES: tuple[tuple[str | None, int, str, str, tuple[str, ...]], ...] = (
    ("SLA", 3480, "3912480.35", "contract",
     ("Managed services", "Endpoint protection", "Server care, 24x7")),
    ("Hardware", 2140, "2598310.60", "project",
     ('Laptop 14"', "Firewall", "Access point", 'Monitor 27"', "NAS, 4 bays")),
    ("Consult", 640, "105871.25", "ticket", ("Consulting", "Security review", "Workshop")),
    ("Cloud", 560, "46938.80", "contract", ("Cloud backup", "Virtual desktop", "Mail archive")),
    ("Software Licence", 150, "14260.40", "contract", ("Office suite, seat", "PDF editor, seat")),
    ("Domain & Hosting", 70, "6112.75", "contract", ("Domain, one year", "Web hosting")),
    ("Travel", 50, "4508.90", "ticket", ("Mileage", "Parking")),
    ("Cabling", 35, "5981.45", "project", ("Cat6 run", "Patch panel")),
    (None, 30, "3052.50", "ticket", ("Miscellaneous", "Courier")),
)
# fmt: on
CHARGE_KINDS = {"contract": 34, "project": 24, "ticket": 34, "change_order": 6, None: 2}


class Charges:
    """All charges (`rows`), by date."""

    def __init__(
        self, dice: Dice, clients: Clients, contracts: Contracts, work: Work, claims: list[Row]
    ) -> None:
        """Make all charges; those of a material code add up to exactly its total."""
        self._dice = dice
        self._clients = clients
        self._contracts = contracts
        # Objects that a charge may take its PO from; their ids do not overlap.
        self._by_id = {row["id"]: row for row in (*contracts.rows, *work.projects, *work.tickets)}
        fixed = claims + self._register_charges()
        self.rows: list[Row] = []
        for code, count, total, usual_kind, names in MATERIAL_CODES:
            given = [line for line in fixed if line["material_code_name"] == code]
            drawn = [self._draw(code, usual_kind, names) for _ in range(count - len(given))]
            self._spread(int(Decimal(total) * 10_000) - sum(line["units"] for line in given), drawn)
            columns = ("contract_id", "project_id", "ticket_id", "company_id")
            dice.misplace(drawn, columns, contracts.rows)
            self.rows += given + drawn
        self.rows.sort(key=lambda line: line["day"])
        self._complete()

    def _register_charges(self) -> list[Row]:
        """The charges of REGISTER_CASES, with the PO typed on them."""
        contract = self._clients.clients[2]["contracts"][0]
        return [
            {
                "charge_kind": "contract",
                "company_id": contract["company_id"],
                "name": "Call-off",
                "contract_id": contract["id"],
                "day": self._dice.day(date(2026, 2, 1)),
                "quantity": "1",
                "purchase_order_number": self._dice.typed(po),
                "material_code_name": "Hardware",
                "units": amount * 10_000,
                "is_billable": "true",
                "status_name": "Pending",
            }
            for po, amounts, *_ in REGISTER_CASES
            for amount in amounts
        ]

    def _draw(self, code: str | None, usual_kind: str, names: tuple[str, ...]) -> Row:
        """One charge, without its amount and id."""
        dice = self._dice
        kind = usual_kind if dice.chance(50) else dice.draw(CHARGE_KINDS)
        company = self._clients.msp if dice.chance(0.3) else self._clients.draw()
        day = dice.day(EXTRACT_DATE, date(2027, 1, 31)) if dice.chance(0.15) else dice.day()
        parents = self._parents(kind, company, day)
        if "ticket_id" in parents:
            kind = "ticket"
        name = dice.choice(names)
        if code in ("SLA", "Cloud"):
            name = f"{name}, {calendar.month_name[day.month]} {day.year}"
        weight = dice.randrange(40, 160) * dice.choice((1, 1, 2, 3, 5))
        description = f"Quote Q{day:%y%m}-{dice.randrange(999):03}" if dice.chance(8) else None
        if dice.chance(2):
            weight = -weight // 2
            description = dice.choice(("Credit, by phone", "Credit.\nSee the invoice before"))
        elif dice.chance(2):
            weight = 0
        return parents | {
            "charge_kind": kind,
            "day": day,
            "material_code_name": code,
            "name": name,
            "description": description,
            "weight": weight,
            "quantity": dice.choice(("1", "1", "2", "5", "12", "1.5", "0.25")),
            "purchase_order_number": self._po(parents, company, day),
            "internal_po_number": (
                f"IPO-{day.year}-{dice.randrange(1000):04}" if dice.chance(14) else None
            ),
            "is_billable": dice.draw({"true": 91, "false": 4, None: 5}),
            "invoice_number": self._clients.invoice_number(company, day),
            "status_name": dice.draw(CHARGE_STATUSES),
        }

    def _parents(self, kind: str | None, company: Row, day: date) -> Row:
        """The ids that a charge of this kind carries, not always with the company's."""
        dice = self._dice
        ids: Row = {"company_id": company["id"] if dice.chance(70) else None}
        contract = self._contracts.draw_of(company, day)
        if kind == "contract" and contract:
            ids["contract_id"] = contract["id"]
        elif kind == "project" and company["tasks"]:
            task = dice.choice(company["tasks"])
            project = dice.choice(company["projects"])
            ids |= {"task_id": task["id"]} if dice.chance(30) else {"project_id": project["id"]}
            ids["contract_id"] = 0 if dice.chance(10) else None
        elif kind == "change_order" and company["tasks"]:
            ids["task_id"] = dice.choice(company["tasks"])["id"]
        elif kind and company["tickets"]:
            ids["ticket_id"] = ticket_of(company, day)["id"]
        elif dice.chance(90):
            ids["company_id"] = company["id"]
        return ids

    def _po(self, parents: Row, company: Row, day: date) -> str | None:
        """The PO typed on a charge: mostly that of what it belongs to, at times another one."""
        if not self._clients.has_po(company, "charge"):
            return self._clients.no_po()
        parent = self._by_id.get(parents.get("ticket_id") or parents.get("project_id"), {})
        contract_id = parents.get("contract_id") or parent.get("contract_id")
        terms = self._by_id.get(contract_id, {}).get("terms", ())
        known = [po for start, end, po in terms if start <= str(day) <= end]
        known += filter(None, [parent.get("po")])
        is_known = known and self._dice.chance(85)
        return self._dice.typed(known[-1] if is_known else self._dice.choice(company["pos"]))

    def _spread(self, total: int, lines: list[Row]) -> None:
        """Share out `total`, in ten-thousandths, among the lines by their weights."""
        weights = sum(line["weight"] for line in lines)
        for line in lines:
            line["units"] = line["weight"] * total // weights // 100 * 100
            if line["weight"] and self._dice.chance(1.5):
                line["units"] += self._dice.randrange(1, 100)
        heaviest = max(lines, key=lambda line: line["weight"])
        heaviest["units"] += total - sum(line["units"] for line in lines)

    def _complete(self) -> None:
        """Give the charges their ids, which repeat from kind to kind as in Autotask, and more."""
        last_id: dict[str | None, int] = {}
        for line in self.rows:
            kind = line["charge_kind"]
            line["id"] = last_id[kind] = last_id.get(kind, 20_000) + self._dice.randrange(1, 4)
            line["date_purchased"] = line["day"]
            line["billable_amount"] = money(line["units"])
            cost_percent = self._dice.randrange(52, 93)
            line["extended_cost"] = money(line["units"] * cost_percent // 10_000 * 100)
            touched = line["day"] + timedelta(days=self._dice.randrange(40))
            line["last_modified_at"] = self._dice.stamp(touched)


def money(units: int) -> str:
    """Ten-thousandths as text, with two decimals, or with four where they are needed."""
    return f"{Decimal(units).scaleb(-4):.{4 if units % 100 else 2}f}"
