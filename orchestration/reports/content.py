"""What is on the pages: which mart each figure, table and chart comes from, and in which words.

Declarations only. A figure is a column of a mart, or the sum over one mart; how it looks is
decided in `site` and the template.
"""

from dataclasses import dataclass

GAP_ADVICE = {
    "no_parent": "Link the line to its ticket, task, project or contract, or type the PO on it.",
    "other_company": "The record it hangs on belongs to another client: correct the link.",
    "contract_out_of_period": "Ask for the PO of the new period and type it on the contract.",
    "orphan_reference": "The record it points to is gone or not in the extract: link it anew.",
    "placeholder": "Somebody typed N/A, TBD or the like: ask the client for the number.",
    "parents_without_po": "Ask the client for a PO and type it on the contract or project.",
}
STAGES = {
    "approved_for_billing": "Approved for billing",
    "completed": "Completed",
    "in_progress": "In progress",
    "unknown": "Unknown status",
    "billed": "Billed",
}
# Codes whose words are not just the code without its underscores.
WORDS = STAGES | {
    "charges": "Charges, own PO only",
    "charges_resolved": "Charges, after inheritance",
    "time_entries_resolved": "Time entries, after inheritance",
    "charge_contract_mismatch": "Charge is on another contract",
    "contract_reference_mismatch": "Contract does not fit",
    "duplicate_allocation": "Billed by several charges",
    "missing_billing_target": "No contract and no project",
    "missing_charge_allocation": "No charge bills it",
    "project_without_contract": "Project without contract",
    "parents_without_po": "Parents without PO",
    "no_parent": "No parent record",
    "placeholder": "Placeholder instead of a PO",
    "other_company": "Parent of another client",
    "contract_out_of_period": "Contract PO out of its period",
    "orphan_reference": "Parent is missing",
    "po_required_missing": "PO required, none there",
    "company_unknown": "Client unknown",
    "milestone_conflict": "Milestone in conflict",
    "time_entry": "Time entry",
}


@dataclass(frozen=True)
class Column:
    """A column of a table on a page.

    Attributes:
        name: column of the mart, and header of the download.
        label: header on the page.
        kind: how its values look: text, long (whole sentences), code, advice, id, int, money,
            hours, pct, date, time or flag.
        role: company, po or stage when the filters of the page apply to it.
        is_hidden: whether only filters and the download see it.
        is_internal: whether it stays off the page of a client, because it says nothing there, or
            the record that it names may belong to another client.
    """

    name: str
    label: str
    kind: str = "text"
    role: str = ""
    is_hidden: bool = False
    is_internal: bool = False


@dataclass(frozen=True)
class Card:
    """One figure in large type.

    Attributes:
        mart: where it comes from.
        figure: a column of a mart with one row, or a sum over the mart.
        label: what it is.
        kind: how it looks.
        note: what it means.
        is_alarming: whether anything but 0 asks for action.
    """

    mart: str
    figure: str
    label: str
    kind: str
    note: str = ""
    is_alarming: bool = False


@dataclass(frozen=True)
class Table:
    """A table of a page.

    Attributes:
        name: names its element, its file of rows and its download.
        title: heading.
        lead: what it shows and what to do with it.
        marts: where its figures come from.
        rows: relation that it selects from.
        columns: what it shows.
        order: which rows come first.
        empty: what it says when there are no rows.
        where: which rows it takes.
    """

    name: str
    title: str
    lead: str
    marts: tuple[str, ...]
    rows: str
    columns: tuple[Column, ...]
    order: str
    empty: str
    where: str = "true"

    @property
    def heading(self) -> Column:
        """The column whose cells are the headings of their rows."""
        return next(column for column in self.columns if not column.is_hidden)

    @property
    def company_column(self) -> str | None:
        """The column that tells whose row it is."""
        return next((column.name for column in self.columns if column.role == "company"), None)


@dataclass(frozen=True)
class Section:
    """A part of a page with a heading: cards, charts and tables, in this order."""

    name: str
    title: str
    lead: str = ""
    cards: tuple[Card, ...] = ()
    charts: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Page:
    """A page of the site."""

    file: str
    title: str
    lead: str
    sections: tuple[Section, ...]


COMPANY_ID = Column("company_id", "Company id", "id", "company", is_hidden=True)
COMPANY = Column("company_name", "Company", is_internal=True)
PO = Column("po_number", "PO", role="po")
MATERIAL = Column("material_code_name", "Material code")


def _money(name: str, label: str) -> Column:
    return Column(name, label, "money")


def _count(name: str, label: str) -> Column:
    return Column(name, label, "int")


EXPOSURE = Table(
    "exposure",
    "Exposure by company and age",
    "What can be billed today and has no PO; companies that require one come first.",
    ("po_exposure",),
    "marts.po_exposure",
    (
        COMPANY_ID,
        COMPANY,
        Column("po_required", "PO required", "flag"),
        MATERIAL,
        _count("uninvoiced_lines_no_po", "Lines"),
        _money("total_billable_exposed", "Exposed"),
        _money("exposed_0_30", "0-30 days"),
        _money("exposed_31_60", "31-60 days"),
        _money("exposed_61_90", "61-90 days"),
        _money("exposed_over_90", "over 90 days"),
        Column("oldest_date_purchased", "Oldest", "date"),
    ),
    "po_required desc, total_billable_exposed desc, company_id, material_code_name",
    "Nothing is exposed: every charge that can be billed has a PO.",
    "uninvoiced_lines_no_po > 0",
)
EXPOSED_CHARGES = Table(
    "exposed_charges",
    "Charges that wait for a PO",
    "The lines behind the exposure, largest first.",
    ("fct_charges_po_resolved",),
    "marts.fct_charges_po_resolved",
    (
        COMPANY_ID,
        COMPANY,
        Column("date_purchased", "Date", "date"),
        Column("name", "Charge"),
        MATERIAL,
        _money("billable_amount", "Amount"),
        Column("po_gap_reason", "Why no PO", "code", is_internal=True),
        Column("contract_name", "Contract", is_internal=True),
        Column("project_name", "Project", is_hidden=True, is_internal=True),
        Column("ticket_number", "Ticket", is_internal=True),
        Column("charge_key", "Charge key", is_hidden=True),
    ),
    "billable_amount desc, charge_key",
    "No charge waits for a PO.",
    "is_exposed",
)
UTILIZATION = Table(
    "utilization",
    "Utilisation per PO",
    "What is used up of what the client authorised. Only POs of the register have a limit.",
    ("po_utilization",),
    "marts.po_utilization",
    (
        COMPANY_ID,
        COMPANY,
        PO,
        Column("utilization_status", "Status", "code"),
        _money("authorized_amount", "Authorised"),
        _money("consumed_amount", "Used"),
        Column("consumed_pct", "Used %", "pct"),
        _money("remaining_amount", "Left"),
        Column("authorized_hours", "Authorised hours", "hours"),
        Column("consumed_hours", "Used hours", "hours"),
        Column("remaining_hours", "Hours left", "hours"),
        Column("valid_to", "Valid to", "date"),
    ),
    "case utilization_status when 'over_budget' then 1 when 'expired' then 2 when 'near_limit' "
    "then 3 when 'unregistered' then 5 when 'unused' then 6 else 4 end, consumed_amount desc, "
    "purchase_order_key",
    "No purchase orders registered: add reference/purchase_orders.csv to see utilisation.",
)
HOURS = Table(
    "hours",
    "Hours per PO",
    "Hours worked by PO and contract; an empty PO is work without one.",
    ("hours_per_po",),
    "marts.hours_per_po",
    (
        COMPANY_ID,
        COMPANY,
        PO,
        Column("contract_name", "Contract", is_internal=True),
        Column("total_hours_worked", "Hours worked", "hours"),
        Column("total_billable_hours", "Billable hours", "hours"),
        _money("total_billing_amount", "Labour"),
        _count("time_entry_count", "Entries"),
        Column("last_date_worked", "Last worked", "date"),
    ),
    "total_hours_worked desc, company_id, purchase_order_key, contract_id",
    "No time entries: deliver autotask/time_entries to see hours.",
)
INVOICES = Table(
    "invoices",
    "Proposed invoices",
    "One invoice per company and PO, as Autotask splits them. Blocked ones come first.",
    ("invoice_preview",),
    "marts.invoice_preview",
    (
        COMPANY_ID,
        COMPANY,
        PO,
        Column("is_blocked", "Blocked", "flag"),
        Column("blocked_reason", "Why", "code", is_internal=True),
        _money("total_amount", "Total"),
        _money("charges_amount", "Charges"),
        _money("labor_amount", "Labour"),
        _money("milestone_amount", "Milestones"),
        _count("charge_lines_to_update", "Type PO on"),
        Column("po_status", "PO status", "code"),
        _count("contract_count", "Contracts"),
        Column("contract_names", "Contract names", is_hidden=True, is_internal=True),
    ),
    "is_blocked desc, total_amount desc, company_id, purchase_order_key",
    "There is nothing to invoice up to the as-of date.",
)
MILESTONES = Table(
    "milestones",
    "Milestones",
    "All milestones, those nearest to an invoice first.",
    ("fct_milestones",),
    "marts.fct_milestones",
    (
        COMPANY_ID,
        COMPANY,
        Column("title", "Milestone"),
        Column("project_name", "Project", is_internal=True),
        PO,
        Column("billing_stage", "Stage", "code", "stage"),
        _money("amount", "Amount"),
        Column("date_due", "Due", "date"),
        Column("is_overdue", "Overdue", "flag"),
    ),
    "stage_rank, amount desc, milestone_id",
    "No milestones: deliver autotask/contract_milestones to see them.",
)

PO_TRACKING = Page(
    "index.html",
    "PO tracking",
    "What is about to be invoiced without a purchase order, for whom, why, and what to do.",
    (
        Section(
            "overview",
            "At a glance",
            cards=(
                Card(
                    "po_overview",
                    "exposed_amount",
                    "Exposed charges",
                    "money",
                    "can be billed today, no PO",
                    is_alarming=True,
                ),
                Card(
                    "po_overview",
                    "exposed_amount_po_required",
                    "Exposed, PO required",
                    "money",
                    "clients that send such invoices back",
                    is_alarming=True,
                ),
                Card("po_overview", "exposed_labor_amount", "Exposed labour", "money"),
                Card(
                    "po_overview",
                    "exposed_milestone_amount",
                    "Exposed milestones",
                    "money",
                    "may overlap with charges: do not add",
                ),
                Card(
                    "po_overview",
                    "direct_coverage_pct",
                    "Charges with their own PO",
                    "pct",
                    "before inheritance",
                ),
                Card(
                    "po_overview",
                    "coverage_pct",
                    "Charges with a PO",
                    "pct",
                    "after inheritance",
                ),
                Card("po_overview", "amount_coverage_pct", "Their amount with a PO", "pct"),
                Card("po_overview", "total_charge_records", "Charges", "int"),
                Card("po_overview", "hours_with_po", "Hours with a PO", "hours"),
                Card("po_overview", "total_hours", "All hours", "hours", "internal time apart"),
            ),
        ),
        Section(
            "where",
            "Where it is exposed, and why",
            charts=("exposure", "gaps"),
            tables=(EXPOSURE, EXPOSED_CHARGES),
        ),
        Section(
            "why",
            "Why POs are missing",
            tables=(
                Table(
                    "gaps",
                    "Gap reasons",
                    "Each line without a PO has one reason. Exposed is what can still be billed.",
                    ("po_gap_summary",),
                    "(select *, po_gap_reason as advice from marts.po_gap_summary)",
                    (
                        Column("po_gap_reason", "Reason", "code"),
                        Column("line_kind", "Lines are", "code"),
                        _count("line_count", "Lines"),
                        _money("amount", "Amount"),
                        Column("hours", "Hours", "hours"),
                        _count("exposed_lines", "Exposed lines"),
                        _money("exposed_amount", "Exposed"),
                        Column("advice", "What to do", "advice"),
                    ),
                    "exposed_amount desc, line_count desc, po_gap_reason",
                    "Every line has a PO.",
                ),
                Table(
                    "mismatches",
                    "Mismatches",
                    "Charges whose own PO is not the one they would inherit. The charge's own "
                    "goes on the invoice: check which is right.",
                    ("fct_charges_po_resolved",),
                    "marts.fct_charges_po_resolved",
                    (
                        COMPANY_ID,
                        COMPANY,
                        Column("date_purchased", "Date", "date"),
                        Column("name", "Charge"),
                        Column("charge_po", "Its own PO", role="po"),
                        Column("task_po", "Task's"),
                        Column("ticket_po", "Ticket's"),
                        Column("project_po", "Project's"),
                        Column("contract_po", "Contract's"),
                        _money("billable_amount", "Amount"),
                        Column("is_invoiced", "Invoiced", "flag"),
                        Column("charge_key", "Charge key", is_hidden=True),
                    ),
                    "is_invoiced, billable_amount desc, charge_key",
                    "No charge carries another PO than its parents.",
                    "has_po_mismatch",
                ),
            ),
        ),
        Section(
            "coverage",
            "Coverage",
            charts=("coverage",),
            tables=(
                Table(
                    "coverage",
                    "Coverage per object",
                    "Charges before and after they inherit a PO from task, ticket, project or "
                    "contract.",
                    ("po_coverage_by_object",),
                    "marts.po_coverage_by_object",
                    (
                        Column("object_name", "Object", "code"),
                        _count("total_records", "Records"),
                        _count("records_with_po", "With PO"),
                        Column("coverage_pct", "Coverage %", "pct"),
                    ),
                    "case object_name when 'charges' then 1 when 'charges_resolved' then 2 "
                    "when 'time_entries_resolved' then 3 when 'contracts' then 4 when "
                    "'projects' then 5 when 'tickets' then 6 else 7 end",
                    "No records: deliver the autotask tables.",
                ),
                Table(
                    "materials",
                    "Charges by material code",
                    "Which kinds of charges POs cover badly, and which to chase first.",
                    ("charges_by_material_code",),
                    "marts.charges_by_material_code",
                    (
                        MATERIAL,
                        Column("po_priority", "PO priority"),
                        _count("charge_lines", "Charges"),
                        _money("billable_amount", "Amount"),
                        Column("share_pct", "Share %", "pct"),
                        Column("coverage_pct", "Coverage %", "pct"),
                        Column("amount_coverage_pct", "of amount %", "pct"),
                        _count("exposed_lines", "Exposed lines"),
                        _money("exposed_amount", "Exposed"),
                    ),
                    "exposed_amount desc, billable_amount desc, material_code_name",
                    "No charges: deliver autotask/charges.",
                ),
            ),
        ),
        Section(
            "use",
            "How POs are used up",
            charts=("burn_down",),
            tables=(UTILIZATION, HOURS),
        ),
    ),
)

BILLING_READINESS = Page(
    "billing_readiness.html",
    "Billing readiness",
    "Which milestones can be invoiced as they are, and what to fix in which order.",
    (
        Section(
            "overview",
            "At a glance",
            cards=(
                Card(
                    "milestone_conflict_summary",
                    "revenue_at_risk",
                    "Revenue at risk",
                    "money",
                    "of milestones in conflict",
                    is_alarming=True,
                ),
                Card(
                    "milestone_conflict_summary",
                    "conflicts_found",
                    "Milestones in conflict",
                    "int",
                    is_alarming=True,
                ),
                Card("milestone_conflict_summary", "conflict_rate_pct", "Share in conflict", "pct"),
                Card("milestone_conflict_summary", "total_milestones", "Milestones", "int"),
                Card("milestone_conflict_summary", "open_milestones", "Not billed yet", "int"),
                Card("milestone_conflict_summary", "total_amount", "All milestones", "money"),
                Card(
                    "milestone_conflict_summary",
                    "charges_conflicts",
                    "Charges on another contract",
                    "int",
                ),
            ),
        ),
        Section(
            "fix",
            "What to fix first",
            tables=(
                Table(
                    "conflicts",
                    "Conflicts in fix order",
                    "Work from the top: approved milestones are on the next invoice.",
                    ("milestone_conflicts",),
                    "marts.milestone_conflicts",
                    (
                        _count("fix_order", "Order"),
                        COMPANY_ID,
                        COMPANY,
                        Column("title", "Milestone"),
                        Column("billing_stage", "Stage", "code", "stage"),
                        Column("billing_urgency", "Urgency", "code", is_hidden=True),
                        Column("conflict_type", "Conflict", "code"),
                        Column("detail", "Detail", "code"),
                        _money("amount", "Amount"),
                        Column("date_due", "Due", "date"),
                        Column("resolution", "What to do", "long"),
                        Column("waiver_reason", "Waived because"),
                        Column("project_name", "Project", is_hidden=True),
                    ),
                    "fix_order",
                    "No milestone is in conflict.",
                ),
            ),
        ),
        Section(
            "stages",
            "Milestones by stage",
            charts=("stages",),
            tables=(
                Table(
                    "breakdown",
                    "Status breakdown",
                    "What each status means for billing.",
                    ("milestone_status_breakdown",),
                    "marts.milestone_status_breakdown",
                    (
                        Column("status_name", "Status"),
                        Column("billing_stage", "Stage", "code", "stage"),
                        _count("milestone_count", "Milestones"),
                        Column("share_pct", "Share %", "pct"),
                        _money("total_amount", "Amount"),
                        _count("conflicted_count", "In conflict"),
                        _money("revenue_at_risk", "At risk"),
                        Column("billing_implication", "What it means", "long"),
                    ),
                    "stage_rank, status_name",
                    "No milestones: deliver autotask/contract_milestones to see them.",
                ),
                Table(
                    "projects",
                    "By project",
                    "Projects with the most revenue at risk first.",
                    ("project_milestone_conflicts",),
                    "marts.project_milestone_conflicts",
                    (
                        Column("project_id", "Project id", "id"),
                        Column("project_name", "Project"),
                        _count("milestone_count", "Milestones"),
                        _count("conflicted_count", "In conflict"),
                        _count("conflict_count", "Conflicts"),
                        _money("revenue_at_risk", "At risk"),
                    ),
                    "revenue_at_risk desc, conflict_count desc, project_id",
                    "No project has milestones.",
                ),
                MILESTONES,
            ),
        ),
    ),
)

INVOICE_PREVIEW = Page(
    "invoice_preview.html",
    "Invoice preview",
    "What Autotask would invoice today. Not in it: expenses, subscriptions, recurring services and "
    "bill-to parents.",
    (
        Section(
            "overview",
            "At a glance",
            cards=(
                Card(
                    "invoice_preview",
                    "coalesce(sum(total_amount) filter (is_blocked), 0)",
                    "Blocked",
                    "money",
                    is_alarming=True,
                ),
                Card(
                    "invoice_preview",
                    "count(*) filter (is_blocked)",
                    "Blocked invoices",
                    "int",
                    is_alarming=True,
                ),
                Card("invoice_preview", "coalesce(sum(total_amount), 0)", "Proposed", "money"),
                Card("invoice_preview", "count(*)", "Proposed invoices", "int"),
                Card(
                    "invoice_preview",
                    "coalesce(sum(charge_lines_to_update), 0)",
                    "Charges to type a PO on",
                    "int",
                    "their PO is inherited; Autotask prints it only from the charge",
                ),
            ),
        ),
        Section("invoices", "Proposed invoices", tables=(INVOICES,)),
    ),
)

TRUST = Page(
    "trust.html",
    "Can I trust these numbers?",
    "What came in, what was set aside, and what does not fit together.",
    (
        Section(
            "overview",
            "At a glance",
            cards=(
                Card("po_overview", "data_as_of", "Newest extract", "time"),
                Card(
                    "ingest_accounting",
                    "coalesce(sum(delivered), 0)",
                    "Rows delivered",
                    "int",
                ),
                Card("ingest_accounting", "coalesce(sum(loaded), 0)", "Rows loaded", "int"),
                Card(
                    "ingest_accounting",
                    "coalesce(sum(quarantined), 0)",
                    "Rows quarantined",
                    "int",
                    is_alarming=True,
                ),
                Card(
                    "ingest_accounting",
                    "count(*) filter (is_refused)",
                    "Files refused",
                    "int",
                    is_alarming=True,
                ),
                Card("orphan_references", "count(*)", "References to missing records", "int"),
                Card("schema_drift", "count(*)", "Columns gained or lost", "int"),
            ),
        ),
        Section(
            "rows",
            "Rows per table",
            tables=(
                Table(
                    "ingest",
                    "Delivered, loaded, quarantined",
                    "All deliveries ever; delivered is loaded, quarantined and duplicates.",
                    ("ingest_accounting",),
                    "(select source, table_name, count(*) as batches, sum(delivered) as "
                    "delivered, sum(loaded) as loaded, sum(quarantined) as quarantined, "
                    "sum(duplicates) as duplicates, max(extracted_at) as extracted_at "
                    "from marts.ingest_accounting where not is_refused group by all)",
                    (
                        Column("source", "Source"),
                        Column("table_name", "Table"),
                        _count("batches", "Files"),
                        _count("delivered", "Delivered"),
                        _count("loaded", "Loaded"),
                        _count("quarantined", "Quarantined"),
                        _count("duplicates", "Duplicates"),
                        Column("extracted_at", "Newest extract", "time"),
                    ),
                    "source, table_name",
                    "Nothing was delivered.",
                ),
                Table(
                    "tables",
                    "Where loaded rows have gone",
                    "Loaded rows are current, superseded by a later delivery, or deleted at the "
                    "source.",
                    ("table_accounting",),
                    "marts.table_accounting",
                    (
                        Column("source", "Source"),
                        Column("table_name", "Table"),
                        _count("loaded", "Loaded"),
                        _count("current_rows", "Current"),
                        _count("superseded", "Superseded"),
                        _count("deleted", "Deleted"),
                    ),
                    "source, table_name",
                    "Nothing was loaded.",
                ),
            ),
        ),
        Section(
            "findings",
            "What does not fit",
            tables=(
                Table(
                    "refused",
                    "Refused files",
                    "Not loaded at all; the table keeps its last good state.",
                    ("ingest_accounting",),
                    "marts.ingest_accounting",
                    (
                        Column("source", "Source"),
                        Column("batch", "File"),
                        _count("delivered", "Delivered"),
                        Column("refusal_reason", "Why"),
                    ),
                    "source, batch",
                    "No file was refused.",
                    "is_refused",
                ),
                Table(
                    "quarantined",
                    "Quarantined rows",
                    "Set aside until they are corrected in Autotask and delivered again.",
                    ("quarantined_rows",),
                    "marts.quarantined_rows",
                    (
                        Column("source", "Source"),
                        Column("batch", "File"),
                        _count("row_number", "Row"),
                        Column("column_name", "Column"),
                        Column("rule", "Rule"),
                        Column("offending_value", "Value"),
                    ),
                    "source, batch, row_number, column_name",
                    "No row is quarantined.",
                ),
                Table(
                    "drift",
                    "Columns gained or lost",
                    "New columns are ignored; a missing optional one is empty in the marts.",
                    ("schema_drift",),
                    "marts.schema_drift",
                    (
                        Column("source", "Source"),
                        Column("batch", "File"),
                        Column("column_name", "Column"),
                        Column("drift", "Change", "code"),
                    ),
                    "source, batch, column_name",
                    "All files have the columns that they should have.",
                ),
                Table(
                    "orphans",
                    "References to records that are not there",
                    "Deleted at the source or left out of the extract. Their lines are kept.",
                    ("orphan_references",),
                    "marts.orphan_references",
                    (
                        Column("child_table", "In table"),
                        Column("child_key", "Record"),
                        Column("parent_table", "Points to"),
                        Column("parent_id", "Id", "id"),
                    ),
                    "child_table, parent_table, parent_id, child_key",
                    "Every reference leads to a record.",
                ),
            ),
        ),
    ),
)

PAGES = (PO_TRACKING, BILLING_READINESS, INVOICE_PREVIEW, TRUST)

COMPANY_PAGE = Page(
    "company.html",
    "Purchase orders and billing",
    "Open charges, purchase orders, hours and milestones.",
    (
        Section(
            "overview",
            "At a glance",
            cards=(
                Card(
                    "company_po_profile",
                    "exposed_amount",
                    "Charges that wait for a PO",
                    "money",
                    is_alarming=True,
                ),
                Card("company_po_profile", "exposed_labor_amount", "Labour without a PO", "money"),
                Card("company_po_profile", "coverage_pct", "Charges with a PO", "pct"),
                Card("company_po_profile", "value_coverage_pct", "Their amount with a PO", "pct"),
            ),
        ),
        Section("open", "Waiting for a PO", tables=(EXPOSURE, EXPOSED_CHARGES)),
        Section("use", "Purchase orders", charts=("burn_down",), tables=(UTILIZATION, HOURS)),
        Section("bill", "Billing", tables=(INVOICES, MILESTONES)),
    ),
)
