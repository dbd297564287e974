"""Milestones and the charges that claim them."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from data.generator.clients import Clients
from data.generator.contracts import STORIES, Contracts
from data.generator.dice import Dice, Row
from data.generator.vocabulary import TASK_TITLES
from data.generator.work import Work

STATUSES = ("Incompleted",) * 31 + ("Completed",) * 12 + ("Approved for Billing",) * 4


class Milestones:
    """47 milestones (`rows`) and the charges that name them (`claims`)."""

    def __init__(self, dice: Dice, clients: Clients, contracts: Contracts, work: Work) -> None:
        """Make the milestones; five of them are in conflict."""
        self._dice = dice
        self._clients = clients
        self._contracts = contracts
        self._work = work
        self.claims: list[Row] = []
        self.rows = [self._make(number) for number in range(len(STATUSES))]
        conflicting = [self.rows[number] for number in (5, 17, 35, 44, 46)]
        self._set_at_odds(*conflicting)
        for number, row in enumerate(self.rows):
            if row not in conflicting:
                self._claim(row, **({"project_id": row["project_id"]} if row["project_id"] else {}))
            if number % 12 == 2:  # a cancelled charge claims nothing
                self._claim(row, status_name="Canceled", name=f"{row['title']} (entered twice)")

    def _set_at_odds(
        self, unbound: Row, lost: Row, charged: Row, split: Row, replaced: Row
    ) -> None:
        """Bring five milestones into conflict, each in its own way."""
        rows = (unbound, lost, charged, split, replaced)
        for row, amount in zip(rows, (2500, 5000, 7250, 4250, 9500), strict=True):
            row["amount"] = f"{amount}.00"
        # its project has no contract
        unbound |= {"contract_id": 0, "project_id": self._work.projects[70]["id"]}
        self._claim(unbound, project_id=unbound["project_id"])
        # neither contract nor project nor charge
        lost |= {"contract_id": None, "project_number": "P20240101.9999"}
        # charged to another contract of the same client: one in full, one in two halves
        self._claim(charged, contract_id=self._other_contract(charged))
        for half in ("first", "second"):
            name = f"{split['title']}, {half} half"
            self._claim(split, 2, contract_id=self._other_contract(split), name=name)
        # its contract has been renewed, and the new one has started
        outgoing = STORIES["outgoing"][1]
        old = next(row for row in self._contracts.rows if row["until"] == outgoing)
        old["batches"][2]["status_name"] = "Active"
        replaced |= {"contract_id": old["id"], "project_id": None, "date_due": date(2026, 11, 13)}
        self._claim(replaced, contract_id=old["id"])

    def _make(self, number: int) -> Row:
        """One sound milestone, which names its contract, its project or both."""
        dice = self._dice
        status = STATUSES[number]
        place = number % len(self._contracts.fixed_price)
        contract, project = self._contracts.fixed_price[place], self._work.projects[place]
        due = {
            "Incompleted": dice.day(date(2026, 9, 1), date(2027, 6, 30)),
            "Completed": dice.day(date(2026, 5, 1), date(2026, 11, 15)),
            "Approved for Billing": date(2026, 10, 5) + timedelta(days=20 * (number % 4)),
        }[status]
        names = (
            {"contract_id": contract["id"], "project_id": project["id"]},
            {"contract_id": contract["id"]},
            {"project_id": project["id"]},
            {"project_number": project["project_number"]},
        )[number % 4]
        row = {
            "id": 701 + number,
            "contract_id": None,
            "project_id": None,
            "project_number": None,
            "title": f"{project['project_name']}: {dice.choice(TASK_TITLES).lower()}",
            "amount": f"{dice.randrange(6, 40) * 250}.00",
            "status_name": status,
            "date_due": None if number == 12 else due,
            "contract": contract,
            "description": "Due on written acceptance, 30 days net." if number % 6 == 0 else None,
            "last_modified_at": dice.stamp(dice.day(date(2026, 1, 5))),
        }
        return row | names

    def _other_contract(self, milestone: Row) -> Any:
        """The id of a contract of the same client that is not the milestone's."""
        company = self._clients.by_id[milestone["contract"]["company_id"]]
        return next(row["id"] for row in company["contracts"] if row is not milestone["contract"])

    def _claim(self, milestone: Row, shares: int = 1, **columns: Any) -> None:
        """Add a charge that names the milestone, on its contract unless a parent is given."""
        if not columns.keys() & {"contract_id", "project_id"}:
            columns["contract_id"] = milestone["contract"]["id"]
        charge = {
            "charge_kind": "project" if "project_id" in columns else "contract",
            "milestone_id": milestone["id"],
            "material_code_name": "Hardware",
            "quantity": "1",
            "name": milestone["title"],
            "day": self._dice.day(date(2026, 3, 1)),
            "is_billable": "true",
            "status_name": "Delivered/Shipped Full",
            "units": int(Decimal(milestone["amount"]) * 10_000) // shares,
        }
        self.claims.append(charge | columns)
