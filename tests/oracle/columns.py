"""The columns of the raw tables as a list to read (RAW-1)."""

# RAW-10: the tables of one kind of charges each.
CHARGE_KINDS = {
    "contract_charges": "contract",
    "project_charges": "project",
    "ticket_charges": "ticket",
    "change_order_charges": "change_order",
}

# One line a column: its name, its type, `!` when it is required and not null, the greatest length
# of a text, and the aliases. `fk` reads 0 as null, `id` keeps it.
COLUMNS = {
    "companies": """
        id id! company_id
        company_name text100!
        is_active bool
        parent_company_id fk
        po_required bool requirePurchaseOrder poRequired
        last_modified_at ts lastTrackedModifiedDateTime lastActivityDate""",
    "contracts": """
        id id! contract_id
        company_id id!
        contract_name text100!
        contract_number text50
        contract_type_name text contractType
        status_name text status contract_status_name
        purchase_order_number text50
        start_date date
        end_date date
        renewed_contract_id fk
        last_modified_at ts lastModifiedDateTime""",
    "projects": """
        id id! project_id
        company_id id!
        project_name text100!
        project_number text50
        contract_id fk
        purchase_order_number text50
        status_name text status project_status_name
        project_type_name text projectType
        start_date date startDateTime
        end_date date endDateTime
        last_modified_at ts lastActivityDateTime""",
    "tasks": """
        id id! task_id
        project_id fk
        title text255!
        task_number text50
        purchase_order_number text50
        status_name text status task_status_name
        last_modified_at ts lastActivityDateTime""",
    "charges": """
        id id! charge_id
        charge_kind kind
        company_id id
        contract_id fk
        project_id fk
        task_id fk
        ticket_id fk
        milestone_id fk
        billing_code_id fk
        purchase_order_number text50
        internal_po_number text50 internalPurchaseOrderNumber
        material_code_name text200 materialCode billingCodeName
        name text100
        description text8000
        quantity money unitQuantity
        billable_amount money!
        extended_cost money
        is_billable bool isBillableToCompany
        is_billed bool
        invoice_number text100
        status_name text status charge_status_name
        date_purchased date!
        last_modified_at ts""",
    "time_entries": """
        id id! time_entry_id
        resource_id fk
        contract_id fk
        task_id fk
        ticket_id fk
        date_worked date!
        hours_worked hours!
        hours_to_bill hours
        billing_amount money
        is_non_billable bool
        is_billed bool
        invoice_number text100
        last_modified_at ts lastModifiedDateTime""",
    "contract_milestones": """
        id id! contract_milestone_id
        contract_id fk
        project_id fk
        project_number text50
        title text255!
        amount money!
        status_name text! status contract_milestone_status_name
        date_due date
        description text8000
        last_modified_at ts""",
    "tickets": """
        id id! ticket_id
        company_id id!
        ticket_number text50
        title text255!
        contract_id fk
        project_id fk
        purchase_order_number text50
        problem_ticket_id fk
        status_name text status ticket_status_name
        last_modified_at ts lastTrackedModificationDateTime""",
    "billing_items": """
        id id! billing_item_id
        company_id id
        contract_id fk
        contract_charge_id fk
        project_charge_id fk
        ticket_charge_id fk
        time_entry_id fk
        milestone_id fk
        contract_block_id fk
        invoice_id fk
        purchase_order_number text50
        extended_price money
        quantity money
        item_date date
        posted_date date
        last_modified_at ts""",
    "invoices": """
        id id! invoice_id
        company_id id
        invoice_number text100
        invoice_date date invoiceDateTime
        is_voided bool
        order_number text50""",
    "billing_codes": """
        id id! billing_code_id
        name text200!
        is_active bool""",
    "picklist_values": """
        entity lower!
        field lower!
        value lower!
        label text!
        is_active bool""",
    "purchase_orders": """
        company_id id!
        purchase_order_number text50!
        authorized_amount money
        authorized_hours hours
        valid_from date
        valid_to date
        currency text3
        notes text""",
    "po_required_companies": """
        company_id id!
        has_disputed_invoice bool
        notes text""",
    "milestone_conflict_waivers": """
        milestone_id fk!
        conflict_type conflict_type!
        reason text!
        until date""",
}

for _table in CHARGE_KINDS:
    _lines = [line for line in COLUMNS["charges"].splitlines() if "charge_kind" not in line]
    _lines = [line.replace("charge_id", f"{_table[:-1]}_id charge_id") for line in _lines]
    _aliases = f"{_table[:-1]}_status_name charge_status_name"
    COLUMNS[_table] = "\n".join(_lines).replace("charge_status_name", _aliases)
