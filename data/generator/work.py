"""What is worked on: projects, their tasks, and tickets."""

from bisect import bisect_left
from datetime import date, timedelta

from data.generator.clients import Clients
from data.generator.contracts import Contracts
from data.generator.dice import EXTRACT_DATE, NOWHERE, Dice, Row
from data.generator.vocabulary import PROJECT_NAMES, TASK_TITLES, TICKET_TITLES, WORK_STATUSES

PROJECT_BATCHES = (date(2025, 11, 20), EXTRACT_DATE)


class Work:
    """The projects, tasks and tickets of all companies."""

    def __init__(self, dice: Dice, clients: Clients, contracts: Contracts) -> None:
        """Make projects, tasks and tickets, in this order."""
        self._dice = dice
        self._clients = clients
        self._contracts = contracts
        self.projects = self._make_projects()
        self.tasks = self._make_tasks()
        self.tickets = self._make_tickets()

    def _make_projects(self) -> list[Row]:
        """Projects, most of them under a contract; the first ones are those with milestones."""
        dice, clients, fixed_price = self._dice, self._clients, self._contracts.fixed_price
        owners = [clients.by_id[contract["company_id"]] for contract in fixed_price]
        owners += [clients.msp] * 3 + [clients.draw() for _ in range(142)]
        rows: list[Row] = []
        for number, company in enumerate(owners):
            start = dice.day(date(2024, 9, 1), date(2026, 9, 30))
            end = start + timedelta(days=dice.randrange(30, 400))
            contract = self._contracts.draw_of(company, start) if dice.chance(66) else None
            if number < len(fixed_price):
                contract = fixed_price[number]
            now = clients.po_columns(company, "project")
            now["last_modified_at"] = dice.stamp(dice.day(start))
            before = dict(now)
            if now["po"] and number % 4 == 0:  # replaced or typed in since the previous batch
                before["purchase_order_number"] = dice.new_po() if number % 8 else None
                touched = date(2026, 4, 14) if number % 3 else date(2025, 6, 2)
                now["last_modified_at"] = dice.stamp(touched)
            rows.append(
                {
                    "id": 201 + number,
                    "company_id": company["id"],
                    "project_type_name": "Client",
                    "project_name": f"{dice.choice(PROJECT_NAMES)} {start.year}",
                    "project_number": f"P{start:%Y%m%d}.{number:04}",
                    "start": start,
                    "po": now["po"],
                    "contract_id": contract and contract["id"],
                    "status_name": dice.choice(WORK_STATUSES),
                    "start_date": f"{start}T05:00:00.000Z",
                    "end_date": f"{end}T05:00:00.000Z",
                    "batches": [before if start < PROJECT_BATCHES[0] else None, now],
                }
            )
            company["projects"].append(rows[-1])
        rows[30]["batches"] = [rows[30]["batches"][1], None]  # deleted since
        rows[40]["contract_id"] = 0
        rows[50]["contract_id"] = NOWHERE + 3
        stranger = clients.stranger_to(clients.by_id[rows[60]["company_id"]])
        rows[60]["contract_id"] = stranger["contracts"][0]["id"]
        rows[70]["contract_id"] = None  # its milestone cannot be billed
        return rows

    def _make_tasks(self) -> list[Row]:
        """Three to seven tasks for each project, and a few that belong to none."""
        dice, clients = self._dice, self._clients
        rows: list[Row] = []
        for project in self.projects:
            company = clients.by_id[project["company_id"]]
            for title in dice.sample(TASK_TITLES, dice.randrange(3, 8)):
                row = {
                    "id": 10_001 + len(rows),
                    "project_id": project["id"],
                    "title": title,
                    "task_number": f"T{project['start']:%Y%m%d}.{len(rows):04}",
                    "status_name": dice.choice(WORK_STATUSES),
                    "last_modified_at": dice.stamp(dice.day(project["start"])),
                }
                rows.append(row | clients.po_columns(company, "task"))
                company["tasks"].append(rows[-1])
        for number, project_id in {100: None, 200: 0, 300: NOWHERE + 4, 400: None}.items():
            po = dice.typed(dice.new_po())
            rows[number] |= {"project_id": project_id, "purchase_order_number": po}
        return rows

    def _make_tickets(self) -> list[Row]:
        """Tickets by the day they were opened; every fiftieth is a problem with incidents."""
        dice, clients = self._dice, self._clients
        rows: list[Row] = []
        for number, opened in enumerate(sorted(dice.day() for _ in range(2500))):
            company = clients.msp if number % 40 == 0 else clients.draw()
            contract_id = self._ticket_contract(company, opened)
            project = dice.choice(company["projects"] or [None]) if dice.chance(4) else None
            closed = opened + timedelta(days=dice.randrange(30))
            row = {
                "id": 50_001 + number,
                "company_id": company["id"],
                "opened": opened,
                "ticket_number": f"T{opened:%Y%m%d}.{number % 1000:04}",
                "title": dice.choice(TICKET_TITLES),
                "queue": dice.choice(("Service Desk", "Field Engineers", "Projects")),
                "contract_id": contract_id or (None, None, 0)[number % 3],
                "project_id": project and project["id"],
                "problem_ticket_id": None,
                "status_name": dice.choice(WORK_STATUSES),
                "last_modified_at": dice.stamp(closed),
            }
            rows.append(row | clients.po_columns(company, "ticket"))
            company["tickets"].append(rows[-1])
        for problem in rows[25::50]:
            family = clients.by_id[problem["company_id"]]["tickets"]
            for incident in dice.sample(family, min(len(family), 4)):
                incident["problem_ticket_id"] = problem["id"]  # now and then its own
        for number, ticket in enumerate(dice.sample(rows, 6)):
            column = ("contract_id", "project_id", "problem_ticket_id")[number % 3]
            ticket[column] = NOWHERE + 10 + number
        return rows

    def _ticket_contract(self, company: Row, opened: date) -> int | None:
        """The contract of a ticket: the company's, its parent's, or by mistake a stranger's."""
        dice, clients = self._dice, self._clients
        payer = clients.by_id.get(company["parent_company_id"]) if dice.chance(40) else None
        draw_of = self._contracts.draw_of
        contract = draw_of(payer or company, opened) if dice.chance(80) else None
        if not contract and dice.chance(5):
            contract = draw_of(clients.stranger_to(company), opened)
        return contract["id"] if contract else None


def ticket_of(company: Row, day: date) -> Row:
    """The ticket of the company that was opened last before that day."""
    tickets: list[Row] = company["tickets"]
    place = bisect_left(tickets, day, key=lambda ticket: ticket["opened"])
    return tickets[max(place - 1, 0)]
