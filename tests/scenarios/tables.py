"""The tables of a landing folder: columns, their types, and how exports spell their headers."""

from typing import Any

Row = dict[str, Any]

# Column -> type, and the spellings of its header other than the canonical name.
_Columns = dict[str, tuple[str, tuple[str, ...]]]

TABLES: dict[str, _Columns] = {
    "companies": {
        "id": ("id", ("company_id", "Company ID", "companyID")),
        "company_name": ("text", ("Company Name", "companyName")),
        "is_active": ("bool", ("isActive", "Is Active")),
        "parent_company_id": ("id", ("parentCompanyID", "Parent Company ID")),
        "po_required": ("bool", ("requirePurchaseOrder", "poRequired", "PO Required")),
        "last_modified_at": ("ts", ("lastTrackedModifiedDateTime", "lastActivityDate")),
    },
    "contracts": {
        "id": ("id", ("contract_id", "Contract ID", "contractID")),
        "company_id": ("id", ("companyID", "Company ID")),
        "contract_name": ("text", ("contractName", "Contract Name")),
        "contract_number": ("text", ("contractNumber", "Contract Number")),
        "contract_type_name": ("text", ("contractType", "Contract Type Name")),
        "status_name": ("text", ("status", "Status Label", "Contracts[status_name]")),
        "purchase_order_number": ("text", ("purchaseOrderNumber", "Purchase Order Number")),
        "start_date": ("date", ("startDate", "Start Date")),
        "end_date": ("date", ("endDate", "End Date")),
        "renewed_contract_id": ("id", ("renewedContractID", "Renewed Contract ID")),
        "last_modified_at": ("ts", ("lastModifiedDateTime", "Last Modified At")),
    },
    "projects": {
        "id": ("id", ("project_id", "Project ID", "projectID")),
        "company_id": ("id", ("companyID", "Company ID")),
        "project_name": ("text", ("projectName", "Project Name")),
        "project_number": ("text", ("projectNumber", "Project Number")),
        "contract_id": ("id", ("contractID", "Contract ID")),
        "purchase_order_number": ("text", ("purchaseOrderNumber", "Purchase Order Number")),
        "status_name": ("text", ("status", "project_status_name", "Project Status Name")),
        "project_type_name": ("text", ("projectType", "Project Type Name")),
        "start_date": ("date", ("startDateTime", "Start Date")),
        "end_date": ("date", ("endDateTime", "End Date")),
        "last_modified_at": ("ts", ("lastActivityDateTime", "Last Modified At")),
    },
    "tasks": {
        "id": ("id", ("task_id", "Task ID", "taskID")),
        "project_id": ("id", ("projectID", "Project ID")),
        "title": ("text", ("Title",)),
        "task_number": ("text", ("taskNumber", "Task Number")),
        "purchase_order_number": ("text", ("purchaseOrderNumber", "PURCHASE ORDER NUMBER")),
        "status_name": ("text", ("status", "task_status_name", "Task Status Name")),
        "last_modified_at": ("ts", ("lastActivityDateTime", "Last Modified At")),
    },
    "tickets": {
        "id": ("id", ("ticket_id", "Ticket ID", "ticketID")),
        "company_id": ("id", ("companyID", "Company ID")),
        "ticket_number": ("text", ("ticketNumber", "Ticket Number")),
        "title": ("text", ("Title",)),
        "contract_id": ("id", ("contractID", "Contract ID")),
        "project_id": ("id", ("projectID", "Project ID")),
        "purchase_order_number": ("text", ("purchaseOrderNumber", "Purchase-Order Number")),
        "problem_ticket_id": ("id", ("problemTicketID", "Problem Ticket ID")),
        "status_name": ("text", ("status", "ticket_status_name", "Ticket Status Name")),
        "last_modified_at": ("ts", ("lastTrackedModificationDateTime", "Last Modified At")),
    },
    "charges": {
        "id": ("id", ("charge_id", "Charge ID", "chargeID")),
        "charge_kind": ("text", ("chargeKind", "Charge Kind")),
        "company_id": ("id", ("companyID", "Company ID")),
        "contract_id": ("id", ("contractID", "Contract ID")),
        "project_id": ("id", ("projectID", "Project ID")),
        "task_id": ("id", ("taskID", "Task ID")),
        "ticket_id": ("id", ("ticketID", "Ticket ID")),
        "milestone_id": ("id", ("milestoneID", "Milestone ID")),
        "billing_code_id": ("id", ("billingCodeID", "Billing Code ID")),
        "purchase_order_number": ("text", ("purchaseOrderNumber", "Purchase Order Number")),
        "internal_po_number": ("text", ("internalPurchaseOrderNumber", "Internal PO Number")),
        "material_code_name": ("text", ("materialCode", "billingCodeName", "Material Code")),
        "name": ("text", ("Name",)),
        "description": ("text", ("Description",)),
        "quantity": ("decimal", ("unitQuantity", "Quantity")),
        "billable_amount": ("decimal", ("billableAmount", "Charges[Billable Amount]")),
        "extended_cost": ("decimal", ("extendedCost", "Extended Cost")),
        "is_billable": ("bool", ("isBillableToCompany", "Is Billable")),
        "is_billed": ("bool", ("isBilled", "Is Billed")),
        "invoice_number": ("text", ("invoiceNumber", "Invoice Number")),
        "status_name": ("text", ("status", "charge_status_name", "Charge Status Name")),
        "date_purchased": ("date", ("datePurchased", "Date Purchased")),
        "last_modified_at": ("ts", ("lastModifiedAt", "Last Modified At")),
    },
    "time_entries": {
        "id": ("id", ("time_entry_id", "Time Entry ID", "timeEntryID")),
        "resource_id": ("id", ("resourceID", "Resource ID")),
        "contract_id": ("id", ("contractID", "Contract ID")),
        "task_id": ("id", ("taskID", "Task ID")),
        "ticket_id": ("id", ("ticketID", "Ticket ID")),
        "date_worked": ("date", ("dateWorked", "Date Worked")),
        "hours_worked": ("decimal", ("hoursWorked", "Hours Worked")),
        "hours_to_bill": ("decimal", ("hoursToBill", "Hours To Bill")),
        "billing_amount": ("decimal", ("billingAmount", "Billing Amount")),
        "is_non_billable": ("bool", ("isNonBillable", "Is Non-Billable")),
        "is_billed": ("bool", ("isBilled", "Is Billed")),
        "invoice_number": ("text", ("invoiceNumber", "Invoice Number")),
        "last_modified_at": ("ts", ("lastModifiedDateTime", "Last Modified At")),
    },
    "contract_milestones": {
        "id": ("id", ("ID",)),
        "contract_id": ("id", ("contractID", "Contract ID")),
        "project_id": ("id", ("projectID", "Project ID")),
        "project_number": ("text", ("projectNumber", "Project Number")),
        "title": ("text", ("Title",)),
        "amount": ("decimal", ("Amount",)),
        "status_name": ("text", ("status", "Status Name")),
        "date_due": ("date", ("dateDue", "Date Due")),
        "description": ("text", ("Description",)),
        "last_modified_at": ("ts", ("lastModifiedAt", "Last Modified At")),
    },
    "billing_items": {
        "id": ("id", ("billing_item_id", "Billing Item ID", "ID")),
        "company_id": ("id", ("companyID", "Company ID")),
        "contract_id": ("id", ("contractID", "Contract ID")),
        "contract_charge_id": ("id", ("contractChargeID", "Contract Charge ID")),
        "project_charge_id": ("id", ("projectChargeID", "Project Charge ID")),
        "ticket_charge_id": ("id", ("ticketChargeID", "Ticket Charge ID")),
        "time_entry_id": ("id", ("timeEntryID", "Time Entry ID")),
        "milestone_id": ("id", ("milestoneID", "Milestone ID")),
        "contract_block_id": ("id", ("contractBlockID", "Contract Block ID")),
        "invoice_id": ("id", ("invoiceID", "Invoice ID")),
        "purchase_order_number": ("text", ("purchaseOrderNumber", "Purchase Order Number")),
        "extended_price": ("decimal", ("extendedPrice", "Extended Price")),
        "quantity": ("decimal", ("Quantity",)),
        "item_date": ("date", ("itemDate", "Item Date")),
        "posted_date": ("date", ("postedDate", "Posted Date")),
        "last_modified_at": ("ts", ("lastModifiedAt", "Last Modified At")),
    },
    "invoices": {
        "id": ("id", ("invoice_id", "Invoice ID", "ID")),
        "company_id": ("id", ("companyID", "Company ID")),
        "invoice_number": ("text", ("invoiceNumber", "Invoice Number")),
        "invoice_date": ("date", ("invoiceDateTime", "Invoice Date")),
        "is_voided": ("bool", ("isVoided", "Is Voided")),
        "order_number": ("text", ("orderNumber", "Order Number")),
    },
    "billing_codes": {
        "id": ("id", ("billing_code_id", "Billing Code ID", "ID")),
        "name": ("text", ("Name",)),
        "is_active": ("bool", ("isActive", "Is Active")),
    },
    "picklist_values": {
        "entity": ("text", ("Entity",)),
        "field": ("text", ("Field",)),
        "value": ("text", ("Value",)),
        "label": ("text", ("Label",)),
        "is_active": ("bool", ("isActive", "Is Active")),
    },
    "purchase_orders": {
        "company_id": ("id", ("Company ID",)),
        "purchase_order_number": ("text", ("Purchase Order Number",)),
        "authorized_amount": ("decimal", ("Authorized Amount",)),
        "authorized_hours": ("decimal", ("Authorized Hours",)),
        "valid_from": ("date", ("Valid From",)),
        "valid_to": ("date", ("Valid To",)),
        "currency": ("text", ("Currency",)),
        "notes": ("text", ("Notes",)),
    },
    "po_required_companies": {
        "company_id": ("id", ("Company ID",)),
        "has_disputed_invoice": ("bool", ("Has Disputed Invoice",)),
        "notes": ("text", ("Notes",)),
    },
    "milestone_conflict_waivers": {
        "milestone_id": ("id", ("Milestone ID",)),
        "conflict_type": ("text", ("Conflict Type",)),
        "reason": ("text", ("Reason",)),
        "until": ("date", ("Until",)),
    },
}

# The tables of one kind of charges each: table -> kind.
CHARGE_KINDS = {
    "contract_charges": "contract",
    "project_charges": "project",
    "ticket_charges": "ticket",
    "change_order_charges": "change_order",
}
for _table in CHARGE_KINDS:
    TABLES[_table] = {**TABLES["charges"], "id": ("id", (f"{_table[:-1]}_id", "Charge ID", "ID"))}
    del TABLES[_table]["charge_kind"]

# What Autotask tells of postings, and of the numbers in other tables; all optional.
POSTED_TABLES = ("billing_codes", "invoices", "billing_items", "picklist_values")
REFERENCE_TABLES = ("purchase_orders", "po_required_companies", "milestone_conflict_waivers")

REQUIRED: dict[str, tuple[str, ...]] = {
    "companies": ("id", "company_name"),
    "contracts": ("id", "company_id", "contract_name"),
    "projects": ("id", "company_id", "project_name"),
    "tasks": ("id", "title"),
    "tickets": ("id", "company_id", "title"),
    "charges": ("id", "billable_amount", "date_purchased"),
    "time_entries": ("id", "date_worked", "hours_worked"),
    "contract_milestones": ("id", "title", "amount", "status_name"),
    "purchase_orders": ("company_id", "purchase_order_number"),
    "po_required_companies": ("company_id",),
    "milestone_conflict_waivers": ("milestone_id", "conflict_type", "reason"),
    "billing_items": ("id",),
    "invoices": ("id",),
    "billing_codes": ("id", "name"),
    "picklist_values": ("entity", "field", "value", "label"),
}
REQUIRED |= dict.fromkeys(CHARGE_KINDS, REQUIRED["charges"])
KEYS: dict[str, tuple[str, ...]] = {
    **{table: ("id",) for table in TABLES},
    "charges": ("charge_kind", "id"),
    "purchase_orders": ("company_id", "purchase_order_number"),
    "po_required_companies": ("company_id",),
    "milestone_conflict_waivers": ("milestone_id", "conflict_type"),
    "picklist_values": ("entity", "field", "value"),
}


def source_of(table: str) -> str:
    """The folder of a table."""
    return "reference" if table in REFERENCE_TABLES else "autotask"
