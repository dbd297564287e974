# ruff: noqa: D102 - the names say it
"""A small tenant, and what happens to it from one day to the next."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from orchestration.extract.entities import ENTITIES
from tests.extract.server import Record, Tenant

START = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
MORE_FIELDS = {
    "Tasks": ["createDateTime"],
    "Tickets": ["createDate", "lastActivityDate"],
    "TimeEntries": ["createDateTime"],
}
PICKLISTS: dict[str, dict[str, dict[str, str]]] = {
    "Contracts": {
        "contractType": {"1": "Time & Materials"},
        "status": {"0": "Inactive", "1": "Active"},
    },
    "Projects": {"projectType": {"5": "Client"}, "status": {"1": "New", "5": "Complete"}},
    "Tasks": {"status": {"1": "New", "5": "Complete"}},
    "Tickets": {"status": {"1": "New", "5": "Complete"}},
    "ContractMilestones": {"status": {"1": "In Progress", "2": "Ready to Bill", "3": "Billed"}},
} | {
    name: {"status": {"1": "Pending", "7": "Delivered/Shipped Full", "8": "Canceled"}}
    for name in ("ContractCharges", "ProjectCharges", "TicketCharges", "ChangeOrderCharges")
}
CHARGES = {
    "ContractCharges": ("contractID", 60),
    "ProjectCharges": ("projectID", 40),
    "TicketCharges": ("ticketID", 90),
    "ChangeOrderCharges": ("taskID", 12),
}


def fields_of(entity: str) -> list[str]:
    """All fields that the tenant has of an entity."""
    told = ["id", *ENTITIES[entity].fields.replace("|", " ").split()]
    return [*told, *MORE_FIELDS.get(entity, [])]


def stamped(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.123Z")


def day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT00:00:00Z")


class World:
    """A tenant that lives on."""

    def __init__(self, seed: int = 3) -> None:
        """Make the first day."""
        self.dice = random.Random(seed)  # noqa: S311
        self.tenant = Tenant({name: {} for name in ENTITIES}, {}, PICKLISTS, now=START)
        self.tenant.fields = {name: fields_of(name) for name in ENTITIES}
        self.begin()

    def add(self, entity: str, number: int, **values: Any) -> Record:
        record: Record = dict.fromkeys(fields_of(entity)) | {"id": number} | values
        for stamp in (*ENTITIES[entity].stamps, "createDate"):
            if stamp in record:
                record[stamp] = stamped(self.tenant.now - timedelta(days=30))
        self.tenant.rows[entity][number] = record
        return record

    def po(self) -> str | None:
        return self.dice.choice([None, "", "PO-1", "po 2 ", "4500012", "N/A", "x\u0000y", "für"])

    def begin(self) -> None:
        now = self.tenant.now
        for number in range(12):
            self.add("Companies", number, companyName=f"Client {number} \u0000“Ltd”", isActive=True)
        for number in range(1, 25):
            self.add(
                "Contracts",
                number * 7,
                companyID=number % 12,
                contractName=f"Contract {number}",
                contractType=1,
                status=1,
                purchaseOrderNumber=self.po(),
                startDate=day(now - timedelta(days=300)),
                endDate=day(now + timedelta(days=65)),
            )
        for number in range(1, 21):
            self.add(
                "Projects",
                number,
                companyID=number % 12,
                projectName=f"Project {number}",
                projectNumber=f"P2026.{number:04}",
                contractID=number * 7,
                projectType=5,
                status=1,
                purchaseOrderNumber=self.po(),
            )
        for number in range(1, 61):
            self.add(
                "Tasks",
                number + 100_000 * (number % 2),
                projectID=1 + number % 20,
                status=1,
                title=f"Task {number}",
                purchaseOrderNumber=self.po(),
            )
        for number in range(1, 151):
            self.add(
                "Tickets",
                number * 3,
                companyID=number % 12,
                title=f"Ticket {number}",
                status=1,
                contractID=7 * (number % 24) or None,
                purchaseOrderNumber=self.po(),
            )
        for number in range(1, 401):
            self.time_entry(number)
        for entity, (_, count) in CHARGES.items():
            for number in range(1, count + 1):
                self.charge(entity, number, is_billed=number % 3 == 0)
        for number in range(1, 16):
            self.add(
                "ContractMilestones",
                number,
                contractID=number * 7,
                title=f"Milestone {number}",
                amount=1000.10 * number,
                status=1 + number % 3,
                dateDue=day(now),
            )
        for number in range(1, 11):
            self.add(
                "Invoices",
                number,
                companyID=number,
                invoiceNumber=f"10{number:03}",
                invoiceDateTime=day(now),
                isVoided=False,
            )
        for number in range(1, 61):
            self.add(
                "BillingItems",
                number,
                companyID=number % 12,
                timeEntryID=number,
                invoiceID=number % 11 or (0 if number % 2 else None),
                extendedPrice=12.3456 * number,
                quantity=1.5,
                itemDate=day(now),
                postedDate=day(now),
                purchaseOrderNumber="PO-1",
            )
        for number in range(1, 6):
            self.add("BillingCodes", number, name=f"Code {number}", isActive=True)

    def time_entry(self, number: int) -> None:
        self.add(
            "TimeEntries",
            number,
            resourceID=5,
            ticketID=3 * (1 + number % 150),
            dateWorked=day(self.tenant.now - timedelta(days=number % 60)),
            hoursWorked=1.25,
            hoursToBill=1.5,
            isNonBillable=False,
        )

    def charge(self, entity: str, number: int, *, is_billed: bool = False) -> None:
        parent, _ = CHARGES[entity]
        parents = {"contractID": 7, "projectID": 1, "ticketID": 3, "taskID": 2}
        self.add(
            entity,
            number,
            name=f"Charge {number}",
            unitQuantity=2.0,
            status=1,
            billableAmount=123456789012.3456 if number == 1 else 10.05 * number,
            extendedCost=5.0,
            isBillableToCompany=True,
            isBilled=is_billed,
            datePurchased=day(self.tenant.now - timedelta(days=number % 90)),
            purchaseOrderNumber=self.po(),
            billingCodeID=1 + number % 5,
            **{parent: parents[parent] * (1 + number % 12)},
        )

    def change(self, entity: str, number: int, **values: Any) -> None:
        """Change a record as a person does: its stamp moves, if it has one."""
        record = self.tenant.rows[entity][number]
        record |= values
        if stamps := ENTITIES[entity].stamps:
            record[stamps[0]] = stamped(self.tenant.now - timedelta(hours=3))

    def live_on(self) -> None:
        """A day: records come, change, are billed and vanish."""
        tenant, dice = self.tenant, self.dice
        tenant.now += timedelta(days=1)
        for entity, count in (("Tickets", 9), ("Tasks", 4), ("TimeEntries", 20)):
            name: str = "purchaseOrderNumber"
            value: Any = "PO-NEW"
            if entity == "TimeEntries":
                name, value = "hoursWorked", 2.75
            for number in dice.sample(sorted(tenant.rows[entity]), count):
                self.change(entity, number, **{name: value})
        for entity in CHARGES:
            rows = tenant.rows[entity]
            waiting = [number for number, row in rows.items() if not row["isBilled"]]
            billed, edited, deleted = dice.sample(waiting, 3)
            rows[billed]["isBilled"] = True
            rows[edited] |= {"purchaseOrderNumber": "PO-LATE", "billableAmount": 77.77}
            del rows[deleted]
            self.charge(entity, max(rows) + 1)
            self.charge(entity, max(rows) + 1, is_billed=True)
        for entity, count in (("TimeEntries", 3), ("Tickets", 2), ("Tasks", 1)):
            for number in dice.sample(sorted(tenant.rows[entity]), count):
                del tenant.rows[entity][number]
        newest = max(tenant.rows["TimeEntries"])
        for number in range(newest + 1, newest + 16):
            self.time_entry(number)
            tenant.rows["TimeEntries"][number]["createDateTime"] = stamped(tenant.now)
        items = tenant.rows["BillingItems"]
        _, second, third = dice.sample(sorted(items), 3)
        items[min(number for number, row in items.items() if not row["invoiceID"])]["invoiceID"] = 3
        items[second]["invoiceID"] = 0
        del items[third]
        tenant.rows["Invoices"][4]["isVoided"] = True
        for item in items.values():
            item["purchaseOrderNumber"] = "VOIDED" if item["invoiceID"] == 4 else "PO-1"
        self.change("Contracts", 14, purchaseOrderNumber="PO-CONTRACT", status=0)
        del tenant.rows["ContractMilestones"][max(tenant.rows["ContractMilestones"])]
