"""The tables that the user keeps: registered POs, companies that require POs, waivers."""

from data.generator.clients import Clients
from data.generator.contracts import Contracts
from data.generator.dice import Dice, Row
from data.generator.milestones import Milestones

# Registered POs used only by these charges, one PO for each possible state of a registered PO:
# PO, amounts of the charges, authorized amount and hours, valid from, valid to, notes.
REGISTER_CASES = (
    ("PO 91001", (6400, 5200), "10000.00", None, "2026-01-01", "2026-12-31", "Laptops, call-off"),
    ("PO 91002", (3000,), "9000.00", None, "2025-01-01", "2025-12-31", "Not extended"),
    ("PO 91003", (4100, 4800), "10000", None, "2026-01-01", "2027-06-30", None),
    ("PO 91004", (1500,), None, None, None, None, "No ceiling named"),
    ("PO 91005", (), "25000.00", "40", "2026-10-01", "2027-12-31", "For the office move, 2027"),
    ("PO 91006", (2250,), "20000.00", "100.5", "2026-01-01", None, None),
)


def make_purchase_orders(dice: Dice, clients: Clients, contracts: Contracts) -> list[Row]:
    """The register: REGISTER_CASES, most contract POs, the standing POs of strict clients."""
    rows: list[Row] = [
        {
            "company_id": clients.clients[2]["id"],
            "purchase_order_number": po,
            "authorized_amount": amount,
            "authorized_hours": hours,
            "valid_from": start,
            "valid_to": end,
            "currency": "EUR",
            "notes": notes,
        }
        for po, _, amount, hours, start, end, notes in REGISTER_CASES
    ]
    agreed = [
        (contract["company_id"], contract["terms"][-1][2], contract["from"], contract["until"])
        for contract in contracts.rows
        if contract["terms"] and contract["id"] % 3
    ]
    standing = [
        (client["id"], po, "2024-01-01", "2026-12-31")
        for client in clients.clients
        if client["habit"] == "strict"
        for po in client["pos"]
    ]
    for company_id, po, start, end in agreed + standing:
        rows.append(
            {
                "company_id": company_id,
                "purchase_order_number": dice.typed(po),
                "authorized_amount": dice.choice(("15000.00", "60000", "150000", "250000")),
                "authorized_hours": dice.choice((None, "120", "400.0")),
                "valid_from": start,
                "valid_to": min(end, "2027-12-31"),
                "currency": "EUR",
            }
        )
    return rows


def make_po_required_companies(clients: Clients) -> list[Row]:
    """Clients that asked for POs in writing, and whether they ever disputed an invoice."""
    note = "Accounts payable returns invoices without a PO"
    return [
        {
            "company_id": company["id"],
            "has_disputed_invoice": ("no", "yes", None)[number % 3],
            "notes": note if number % 3 == 1 else None,
        }
        for number, company in enumerate(clients.clients[3::6])
    ]


def make_waivers(milestones: Milestones) -> list[Row]:
    """One waiver, which has lapsed: the conflict counts again."""
    return [
        {
            "milestone_id": milestones.rows[44]["id"],
            "conflict_type": "duplicate_allocation",
            "reason": "Two halves, as agreed for the third quarter",
            "until": "2026-09-30",
        }
    ]
