"""Time entries: on what the MSP's people worked, for how long, at which price."""

from datetime import date, timedelta
from decimal import Decimal

from data.generator.charges import money
from data.generator.clients import Clients
from data.generator.contracts import Contracts
from data.generator.dice import Dice, Row
from data.generator.work import ticket_of

TIME_ENTRIES = 20_000
MINUTES = (15, 15, 30, 30, 45, 60, 90, 120, 240, 480)
HOURLY_RATES = (850_000, 1_100_000, 1_337_700)  # in ten-thousandths


def make_time_entries(dice: Dice, clients: Clients, contracts: Contracts) -> list[Row]:
    """Time entries by day."""
    rows: list[Row] = []
    for number, day in enumerate(sorted(dice.day() for _ in range(TIME_ENTRIES))):
        company = clients.msp if dice.chance(3) else clients.draw()
        minutes = dice.choice(MINUTES)
        amount = minutes * dice.choice(HOURLY_RATES) // 60
        hours = Decimal(minutes) / 60
        row = {
            "id": 100_001 + number,
            "resource_id": dice.randrange(4, 40),
            "date_worked": day,
            "hours_worked": str(hours),
            "hours_to_bill": None if dice.chance(12) else str(max(hours, Decimal("0.5"))),
            "billing_amount": money(amount) if dice.chance(40) else None,
            "is_non_billable": dice.draw({"true": 13, "false": 84, None: 3}),
            "invoice_number": clients.invoice_number(company, day),
            "last_modified_at": dice.stamp(day + timedelta(days=dice.randrange(10))),
        }
        rows.append(row | _parents(dice, contracts, company, day))
    dice.misplace(rows, ("contract_id", "ticket_id", "task_id"), contracts.rows)
    return rows


def _parents(dice: Dice, contracts: Contracts, company: Row, day: date) -> Row:
    """The ids that a time entry carries: a ticket, a task, a contract, or none (internal)."""
    kind = dice.draw({"ticket": 55, "task": 34, "contract": 7, "internal": 4})
    contract = contracts.draw_of(company, day)
    if kind == "task" and company["tasks"]:
        return {"task_id": dice.choice(company["tasks"])["id"]}
    if kind == "contract" and contract:
        return {"contract_id": contract["id"]}
    if kind == "internal" or not company["tickets"]:
        return {}
    ticket = ticket_of(company, day)
    return {
        "ticket_id": ticket["id"],
        "contract_id": ticket["contract_id"] if dice.chance(60) else None,
    }
