"""The raw tables that are exported from Autotask PSA (RAW-1), one class a table."""

import pandera.polars as pa
import polars as pl

from schemas import base
from schemas.base import (
    Bool,
    Date,
    Hours,
    Id,
    Money,
    RawTable,
    Text,
    Timestamp,
    company_key,
    date_field,
    field,
    foreign_key,
)

CHARGE_KINDS = ("contract", "project", "ticket", "change_order", "charge")


class Companies(RawTable):
    """One row per client organisation; id 0 is the MSP itself."""

    id: Id = field("Company id.", required=True)
    company_name: Text = field("Name of the company.", required=True, max_length=100)
    is_active: Bool = field("Whether the company is active.")
    parent_company_id: Id = foreign_key("Company that this one belongs to.", to="companies")
    po_required: Bool = field(
        "Whether the company pays only invoices with a purchase order.",
        aliases=["requirePurchaseOrder"],
    )
    last_modified_at: Timestamp = field(
        "Last change of the record.", aliases=["lastTrackedModifiedDateTime", "lastActivityDate"]
    )


class Contracts(RawTable):
    """One row per contract; its PO and period are overwritten when the next PO comes."""

    id: Id = field("Contract id.", required=True)
    company_id: Id = company_key("Client of the contract.", required=True)
    contract_name: Text = field("Name of the contract.", required=True, max_length=100)
    contract_number: Text = field("Number of the contract.", max_length=50)
    contract_type_name: Text = field("Kind of contract.", aliases=["contractType"])
    status_name: Text = field("Status of the contract.", aliases=["status"])
    purchase_order_number: Text = field("The client's PO, as typed.", max_length=50)
    start_date: Date = date_field("First day of the contract.")
    end_date: Date = date_field("Last day of the contract.")
    renewed_contract_id: Id = foreign_key("Contract that replaced this one.", to="contracts")
    last_modified_at: Timestamp = field(
        "Last change of the record.", aliases=["lastModifiedDateTime"]
    )

    @pa.check("end_date", error="not before start_date")
    def ends_after_start(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A period must not end before it starts; open ends pass."""
        return data.lazyframe.select(pl.col("start_date") <= pl.col("end_date"))


class Projects(RawTable):
    """One row per project."""

    id: Id = field("Project id.", required=True)
    company_id: Id = company_key("Client of the project.", required=True)
    project_name: Text = field("Name of the project.", required=True, max_length=100)
    project_number: Text = field("Number of the project.", max_length=50)
    contract_id: Id = foreign_key("Contract that the project is billed on.", to="contracts")
    purchase_order_number: Text = field("The client's PO, as typed.", max_length=50)
    status_name: Text = field("Status of the project.", aliases=["status"])
    project_type_name: Text = field("Kind of project.", aliases=["projectType"])
    start_date: Date = date_field("First day of the project.", aliases=["startDateTime"])
    end_date: Date = date_field("Last day of the project.", aliases=["endDateTime"])
    last_modified_at: Timestamp = field(
        "Last change of the record.", aliases=["lastActivityDateTime"]
    )


class Tasks(RawTable):
    """One row per project task."""

    id: Id = field("Task id.", required=True)
    project_id: Id = foreign_key("Project of the task.", to="projects")
    title: Text = field("Title of the task.", required=True, max_length=255)
    task_number: Text = field("Number of the task.", max_length=50)
    purchase_order_number: Text = field("The client's PO, as typed.", max_length=50)
    status_name: Text = field("Status of the task.", aliases=["status"])
    last_modified_at: Timestamp = field(
        "Last change of the record.", aliases=["lastActivityDateTime"]
    )


class ChargesOfAnyKind(RawTable):
    """The columns that all tables of charges share."""

    _control_total = "billable_amount"

    id: Id = field("Charge id, unique within its kind.", required=True)
    company_id: Id = company_key("Client of the charge.")
    contract_id: Id = foreign_key("Contract of the charge.", to="contracts")
    project_id: Id = foreign_key("Project of the charge.", to="projects")
    task_id: Id = foreign_key("Task of the charge.", to="tasks")
    ticket_id: Id = foreign_key("Ticket of the charge.", to="tickets")
    milestone_id: Id = foreign_key("Milestone that the charge allocates.", to="contract_milestones")
    billing_code_id: Id = field("Billing code of the material.", zero_is_null=True)
    purchase_order_number: Text = field("The client's PO, as typed.", max_length=50)
    internal_po_number: Text = field(
        "The MSP's own reference.", max_length=50, aliases=["internalPurchaseOrderNumber"]
    )
    material_code_name: Text = field(
        "Billing code of the material.",
        max_length=200,
        aliases=["materialCode", "billingCodeName"],
    )
    name: Text = field("Name of the charge.", max_length=100)
    description: Text = field("Description of the charge.", max_length=8000)
    quantity: Money = field("Units charged.", aliases=["unitQuantity"])
    billable_amount: Money = field("Price to the client before tax.", required=True)
    extended_cost: Money = field("Cost to the MSP.")
    is_billable: Bool = field(
        "Whether the client is billed; null reads as true.", aliases=["isBillableToCompany"]
    )
    is_billed: Bool = field("Whether Autotask has billed the charge.")
    invoice_number: Text = field("Invoice that carries the charge.", max_length=100)
    status_name: Text = field("Procurement status of the charge.", aliases=["status"])
    date_purchased: Date = date_field("Day the charge counts for.", required=True)
    last_modified_at: Timestamp = field("Last change of the record.")


class Charges(ChargesOfAnyKind):
    """One row per charge; contract, project, ticket and change-order charges number apart."""

    _key = ("charge_kind", "id")

    charge_kind: Text = field(
        "What the charge was entered on.",
        one_of=CHARGE_KINDS,
        lower_case=True,
        null_reads_as="charge",
    )


class ChargesOfOneKind(ChargesOfAnyKind):
    """What the tables of one kind each have in common; together with `Charges` they are one set."""

    _part_of = "charges"
    _record = "charge"
    _optional = True


class ContractCharges(ChargesOfOneKind):
    """One row per charge that was entered on a contract."""

    _kind = "contract"


class ProjectCharges(ChargesOfOneKind):
    """One row per charge that was entered on a project."""

    _kind = "project"


class TicketCharges(ChargesOfOneKind):
    """One row per charge that was entered on a ticket."""

    _kind = "ticket"


class ChangeOrderCharges(ChargesOfOneKind):
    """One row per charge of a change order."""

    _kind = "change_order"


class TimeEntries(RawTable):
    """One row per time entry."""

    _control_total = "hours_worked"

    id: Id = field("Time entry id.", required=True)
    resource_id: Id = field("Person who worked.", zero_is_null=True)
    contract_id: Id = foreign_key("Contract that the time is billed on.", to="contracts")
    task_id: Id = foreign_key("Task worked on.", to="tasks")
    ticket_id: Id = foreign_key("Ticket worked on.", to="tickets")
    date_worked: Date = date_field("Day of the work.", required=True)
    hours_worked: Hours = field("Hours worked.", required=True, at_least=0, at_most=24)
    hours_to_bill: Hours = field("Hours to bill, where they differ from those worked.")
    billing_amount: Money = field("Price of the time to the client.")
    is_non_billable: Bool = field("Whether the time is not billed; null reads as false.")
    is_billed: Bool = field("Whether Autotask has billed the time.")
    invoice_number: Text = field("Invoice that carries the time.", max_length=100)
    last_modified_at: Timestamp = field(
        "Last change of the record.", aliases=["lastModifiedDateTime"]
    )


class ContractMilestones(RawTable):
    """One row per billing milestone."""

    _record = "milestone"
    _control_total = "amount"

    id: Id = field("Milestone id.", required=True)
    contract_id: Id = foreign_key("Contract that the milestone bills.", to="contracts")
    project_id: Id = foreign_key("Project of the milestone.", to="projects")
    project_number: Text = field("Number of the project, where its id is unknown.", max_length=50)
    title: Text = field("Title of the milestone.", required=True, max_length=255)
    amount: Money = field("Amount to bill; credits are negative.", required=True)
    status_name: Text = field("Status of the milestone.", required=True, aliases=["status"])
    date_due: Date = date_field("Day the milestone falls due.")
    description: Text = field("Description of the milestone.", max_length=8000)
    last_modified_at: Timestamp = field("Last change of the record.")


class Tickets(RawTable):
    """One row per service ticket."""

    _optional = True

    id: Id = field("Ticket id.", required=True)
    company_id: Id = company_key("Client of the ticket.", required=True)
    ticket_number: Text = field("Number of the ticket.", max_length=50)
    title: Text = field("Title of the ticket.", required=True, max_length=255)
    contract_id: Id = foreign_key("Contract that the ticket is billed on.", to="contracts")
    project_id: Id = foreign_key("Project of the ticket.", to="projects")
    purchase_order_number: Text = field("The client's PO, as typed.", max_length=50)
    problem_ticket_id: Id = foreign_key("Problem ticket behind this incident.", to="tickets")
    status_name: Text = field("Status of the ticket.", aliases=["status"])
    last_modified_at: Timestamp = field(
        "Last change of the record.", aliases=["lastTrackedModificationDateTime"]
    )


class BillingItems(RawTable):
    """One row per item that was approved and posted; several may name one line."""

    _optional = True

    id: Id = field("Billing item id; of several the greatest is the latest.", required=True)
    company_id: Id = company_key("Client of the item.")
    contract_id: Id = foreign_key("Contract of the item.", to="contracts")
    contract_charge_id: Id = field("Contract charge that was posted.", zero_is_null=True)
    project_charge_id: Id = field(
        "Project charge that was posted, or charge of a change order.", zero_is_null=True
    )
    ticket_charge_id: Id = field("Ticket charge that was posted.", zero_is_null=True)
    time_entry_id: Id = field("Time entry that was posted.", zero_is_null=True)
    milestone_id: Id = foreign_key("Milestone that was posted.", to="contract_milestones")
    contract_block_id: Id = field("Prepaid block that the item is taken from.", zero_is_null=True)
    invoice_id: Id = field("Invoice that carries the item.", zero_is_null=True)
    purchase_order_number: Text = field("PO that the item was posted with.", max_length=50)
    extended_price: Money = field("Price to the client before tax.")
    quantity: Money = field("Units or hours posted.")
    item_date: Date = date_field("Day that the item counts for.")
    posted_date: Date = date_field("Day of the posting.")
    last_modified_at: Timestamp = field("Last change of the record.")


class Invoices(RawTable):
    """One row per invoice, voided ones too."""

    _optional = True

    id: Id = field("Invoice id.", required=True)
    company_id: Id = company_key("Client that is invoiced.")
    invoice_number: Text = field(
        "Number of the invoice; where there is none, its id is printed.", max_length=100
    )
    invoice_date: Date = date_field("Day of the invoice.", aliases=["invoiceDateTime"])
    is_voided: Bool = field("Whether the invoice was voided; null reads as false.")
    order_number: Text = field("Order number printed on the invoice.", max_length=50)


class BillingCodes(RawTable):
    """One row per billing code, under which charges are filed."""

    _optional = True

    id: Id = field("Billing code id.", required=True)
    name: Text = field("Name of the billing code.", required=True, max_length=200)
    is_active: Bool = field("Whether the code can still be chosen.")


class PicklistValues(RawTable):
    """One row per value that a picklist offers or offered, with the words that it stands for."""

    _key = ("entity", "field", "value")
    _optional = True

    entity: Text = base.field("Entity of the REST API.", required=True, lower_case=True)
    # From here on the bare name is that of the column.
    field: Text = base.field("Field of the entity.", required=True, lower_case=True)
    value: Text = base.field("Value as records hold it.", required=True, lower_case=True)
    label: Text = base.field("Words that people read.", required=True)
    is_active: Bool = base.field("Whether the value can still be chosen.")
