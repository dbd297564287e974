"""What Autotask tells of postings and invoices, and what the numbers in other tables mean."""

from decimal import Decimal

from tests.scenarios.batches import Delivery
from tests.scenarios.tables import Row
from tests.scenarios.values import chance, maybe, optional_amount, po_text
from tests.scenarios.world import World

# Few of each are named, so that several items name one.
_MOST_POSTED = 25


def billing_item(world: World, item_id: int) -> Row:
    """An item of a charge, a time entry, a milestone, a line that is not there, or of none."""
    rng = world.rng
    names = ("contract_charge", "project_charge", "ticket_charge", "time_entry", "milestone")
    shape = rng.choice([*names[:4], *names, "change_order", "none", "none", "none"])
    row: Row = {f"{name}_id": rng.choice([None, None, 0]) for name in names}
    company_id = rng.choice([None, 0, *[world.company()] * 5])
    if shape == "change_order":
        row["project_charge_id"] = _one_of(world, "charges")
        charge = world.latest("charges", row["project_charge_id"])
        company_id = rng.choice([company_id, charge.get("company_id"), charge.get("company_id")])
    elif shape != "none":
        table = {"time_entry": "time_entries", "milestone": "contract_milestones"}
        row[f"{shape}_id"] = _one_of(world, table.get(shape, "charges"))
    is_on_invoice = chance(rng, 0.4) and (world.labor_invoiced or not row["time_entry_id"])
    return {
        "id": item_id,
        "company_id": company_id,
        "contract_id": maybe(rng, 0.6, world.link("contracts")),
        **row,
        "contract_block_id": rng.choice([None, None, None, 0, world.base + 5]),
        "invoice_id": world.link("invoices") if is_on_invoice else rng.choice([None, 0]),
        "purchase_order_number": po_text(rng, 0.65),
        "extended_price": optional_amount(rng),
        "quantity": maybe(rng, 0.5, Decimal(rng.randint(0, 500)) / 100),
        "item_date": rng.choice([None, world.day(), world.day(), world.day()]),
        "posted_date": maybe(rng, 0.5, world.day()),
    }


def _one_of(world: World, table: str) -> int:
    """An id of a line, now and then one that is not there."""
    if chance(world.rng, 0.1):
        return world.base + 901
    return world.rng.choice(world.ids[table][:_MOST_POSTED])


def invoice(world: World, invoice_id: int) -> Row:
    """An invoice with a number, a blank or something that is none; some are voided."""
    rng = world.rng
    number = f"INV-{invoice_id}"
    return {
        "id": invoice_id,
        "company_id": rng.choice([None, world.company()]),
        "invoice_number": rng.choice([number, number, number, None, " ", "N/A", "0"]),
        "invoice_date": maybe(rng, 0.7, world.day()),
        "is_voided": rng.choice([None, False, False, True]),
        "order_number": maybe(rng, 0.2, "O-1"),
    }


def billing_code(world: World, code_id: int) -> Row:
    """A code of a name that charges have themselves, or of another."""
    rng = world.rng
    return {
        "id": code_id,
        "name": rng.choice(["Hardware", "Software", "Licences", "travel"]),
        "is_active": rng.choice([True, False, None]),
    }


# Numbers that records of these tables have, and what they mean; a label may be a number, too.
_PICKLISTS = {
    ("Contracts", "status"): {"1": "Active", "0": "Inactive", "2": "Expired", "9": "On hold"},
    ("Contracts", "contractType"): {"7": "Recurring Service", "1": "Block Hours"},
    ("Projects", "status"): {"1": "New", "5": "Complete"},
    ("Projects", "projectType"): {"2": "Client"},
    ("Tasks", "status"): {"5": "Complete"},
    ("Tickets", "status"): {"5": "Complete", "8": "5"},
    ("ContractMilestones", "status"): {"1": "In Progress", "2": "Ready to Bill", "3": "Billed"},
    ("ContractCharges", "status"): {"8": "Canceled", "7": "8"},
    ("ProjectCharges", "status"): {"8": "Shipped", "ordered": "Cancelled"},
    ("TicketCharges", "status"): {"8": " canceled"},
    ("ChangeOrderCharges", "status"): {"8": "CANCELLED", "7": "Open"},
}


def fill_picklists(world: World, deliveries: list[Delivery]) -> None:
    """Add the values of all picklists to their deliveries; all worlds share them."""
    rng = world.rng
    known: list[Row] = []
    for number, delivery in enumerate(deliveries):
        if delivery.is_deleted:
            named = [row for row in known if chance(rng, 0.1)]
            delivery.rows += [
                {name: row[name] for name in ("entity", "field", "value")} for row in named
            ]
            continue
        share = 0.95 if delivery.is_full or number == 0 else 0.4
        for (entity, field), labels in _PICKLISTS.items():
            for value, label in labels.items():
                if delivery.is_empty or not chance(rng, share):
                    continue
                row = {
                    "entity": rng.choice([entity, entity, entity.lower(), entity.upper()]),
                    "field": rng.choice([field, field, field.title()]),
                    "value": rng.choice([value, value.title()]),
                    "label": rng.choice([label, label, label, "Other words"]),
                    "is_active": rng.choice([True, False, None]),
                }
                known.append(row)
                delivery.rows.append(row)
