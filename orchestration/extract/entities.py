"""What is read from Autotask: entities, their landing tables and fields (EXT-2, EXT-3).

The fields are those that the raw tables name; `tests/extract/test_entities.py` proves it. Nothing
of `schemas` is imported here: an extraction of its own should start small and stay so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

USER_DEFINED = "userDefinedFields"
CHARGE_FIELDS = (
    "billingCodeID purchaseOrderNumber internalPurchaseOrderNumber name description unitQuantity "
    "billableAmount extendedCost isBillableToCompany isBilled status datePurchased"
)


@dataclass(frozen=True)
class Entity:
    """One entity of the REST API.

    Attributes:
        name: as REST names it.
        table: raw table of its records.
        fields: to ask for; `a|b` is the first of them that the tenant has.
        stamps: fields that say when a record changed; one of them later than the last pass makes a
            record be read again. Empty for what is read whole or by what is open.
        is_open: field and value of the records that can change without a stamp.
        picklists: fields whose labels are read.
        is_optional: whether a tenant that never showed it can do without.
        has_po: whether a user-defined field can hold its PO.
    """

    name: str
    table: str
    fields: str
    stamps: tuple[str, ...] = ()
    is_open: tuple[str, bool | int] | None = None
    picklists: tuple[str, ...] = ()
    is_optional: bool = False
    has_po: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether all of it is read every time."""
        return not self.stamps and self.is_open is None

    def asked(
        self, tenant: Mapping[str, str], user_fields: Sequence[str]
    ) -> tuple[list[str], list[str]]:
        """The fields to ask a tenant for.

        Args:
            tenant: its own spelling of every field, by the name in lower case; empty where the
                tenant does not tell all of its fields.
            user_fields: fields that settings name, user-defined or not.

        Returns:
            Those to ask for, and those that the tenant lacks.
        """
        asked, lacking = ["id"], []
        for names in self.fields.split():
            known = [tenant[one.lower()] for one in names.split("|") if one.lower() in tenant]
            if known or not tenant:
                asked.append(known[0] if known else names.partition("|")[0])
            else:
                lacking.append(names)
        for name in user_fields:
            plain = tenant.get(name.lower(), USER_DEFINED)
            asked += [plain] * (plain not in asked)
        return asked, lacking


def _charges(name: str, table: str, parent: str) -> Entity:
    return Entity(
        name,
        table,
        f"{parent} {CHARGE_FIELDS}",
        is_open=("isBilled", False),
        picklists=("status",),
        is_optional=True,
        has_po=True,
    )


# In the order in which they are read: a record comes after those that it refers to, so that a
# parent that is new tonight is there when its line is.
ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        Entity(
            "Companies",
            "companies",
            "companyName isActive parentCompanyID lastTrackedModifiedDateTime|lastActivityDate",
        ),
        Entity(
            "Contracts",
            "contracts",
            "companyID contractName contractNumber contractType status purchaseOrderNumber "
            "startDate endDate renewedContractID lastModifiedDateTime",
            picklists=("contractType", "status"),
            has_po=True,
        ),
        Entity(
            "Projects",
            "projects",
            "companyID projectName projectNumber contractID purchaseOrderNumber status projectType "
            "startDateTime endDateTime lastActivityDateTime",
            picklists=("projectType", "status"),
            has_po=True,
        ),
        Entity(
            "Tasks",
            "tasks",
            "projectID title taskNumber purchaseOrderNumber status lastActivityDateTime",
            stamps=("lastActivityDateTime", "createDateTime"),
            picklists=("status",),
            has_po=True,
        ),
        Entity(
            "Tickets",
            "tickets",
            "companyID ticketNumber title contractID projectID purchaseOrderNumber problemTicketId "
            "status lastTrackedModificationDateTime",
            stamps=("lastTrackedModificationDateTime", "lastActivityDate", "createDate"),
            picklists=("status",),
            is_optional=True,
            has_po=True,
        ),
        Entity(
            "TimeEntries",
            "time_entries",
            "resourceID contractID taskID ticketID dateWorked hoursWorked hoursToBill "
            "isNonBillable lastModifiedDateTime",
            stamps=("lastModifiedDateTime", "createDateTime"),
        ),
        _charges("ContractCharges", "contract_charges", "contractID"),
        _charges("ProjectCharges", "project_charges", "projectID"),
        _charges("TicketCharges", "ticket_charges", "ticketID"),
        _charges("ChangeOrderCharges", "change_order_charges", "taskID"),
        Entity(
            "ContractMilestones",
            "contract_milestones",
            "contractID title amount status dateDue description",
            picklists=("status",),
        ),
        Entity(
            "Invoices",
            "invoices",
            "companyID invoiceNumber invoiceDateTime isVoided orderNumber",
            is_optional=True,
        ),
        Entity(
            "BillingItems",
            "billing_items",
            "companyID contractID contractChargeID projectChargeID ticketChargeID timeEntryID "
            "milestoneID contractBlockID invoiceID purchaseOrderNumber extendedPrice quantity "
            "itemDate postedDate",
            is_open=("invoiceID", 0),
            is_optional=True,
        ),
        Entity("BillingCodes", "billing_codes", "name isActive", is_optional=True),
    )
}

PICKLISTS = "picklist_values"
INVOICES, BILLING_ITEMS = "Invoices", "BillingItems"
