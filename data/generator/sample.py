"""The sample as a whole: the order in which its tables are made, and the batches they come in."""

from collections.abc import Iterator
from datetime import date

from data.generator import reference
from data.generator.charges import Charges
from data.generator.clients import Clients
from data.generator.contracts import CONTRACT_BATCHES, Contracts
from data.generator.dice import EXTRACT_DATE, Dice, Row
from data.generator.milestones import Milestones
from data.generator.time_entries import make_time_entries
from data.generator.work import PROJECT_BATCHES, Work

SEED = 20261120


def make_sample(seed: int = SEED) -> Iterator[tuple[str, date, list[Row]]]:
    """Make every table from `seed`; yield table, date and rows of each batch.

    Rows are dicts by canonical column name; keys that are not columns serve only the generator.
    All tables draw from one stream of random numbers: reordering the calls changes the sample.
    """
    dice = Dice(seed)
    clients = Clients(dice)
    contracts = Contracts(dice, clients)
    work = Work(dice, clients, contracts)
    milestones = Milestones(dice, clients, contracts, work)
    charges = Charges(dice, clients, contracts, work, milestones.claims)
    time_entries = make_time_entries(dice, clients, contracts)
    purchase_orders = reference.make_purchase_orders(dice, clients, contracts)
    for table, rows in {
        "autotask/companies": clients.companies,
        "autotask/tasks": work.tasks,
        "autotask/tickets": work.tickets,
        "autotask/charges": charges.rows,
        "autotask/time_entries": time_entries,
        "autotask/contract_milestones": milestones.rows,
        "reference/purchase_orders": purchase_orders,
        "reference/po_required_companies": reference.make_po_required_companies(clients),
        "reference/milestone_conflict_waivers": reference.make_waivers(milestones),
    }.items():
        yield table, EXTRACT_DATE, rows
    for table, rows, days in (
        ("autotask/contracts", contracts.rows, CONTRACT_BATCHES),
        ("autotask/projects", work.projects, PROJECT_BATCHES),
    ):
        for number, day in enumerate(days):
            present = [row for row in rows if row["batches"][number]]
            yield table, day, [row | row["batches"][number] for row in present]
