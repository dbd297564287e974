"""Invoice preview: the proposed invoices, blocked ones first."""

from orchestration.reports.pages.declaration import (
    COMPANY,
    COMPANY_ID,
    PO,
    Card,
    Column,
    Page,
    Section,
    Table,
    count,
    money,
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
        money("total_amount", "Total"),
        money("charges_amount", "Charges"),
        money("labor_amount", "Labour"),
        money("milestone_amount", "Milestones"),
        money("posted_item_amount", "Other posted items"),
        count("charge_lines_to_update", "Type PO on"),
        Column("po_status", "PO status", "code"),
        count("contract_count", "Contracts"),
        Column("contract_names", "Contract names", is_hidden=True, is_internal=True),
    ),
    "is_blocked desc, total_amount desc, company_id, purchase_order_key",
    "There is nothing to invoice up to the as-of date.",
)

INVOICE_PREVIEW = Page(
    "invoice_preview.html",
    "Invoice preview",
    "What Autotask would invoice today. Not included: expenses, subscriptions, recurring services "
    "and bill-to parents.",
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
                    "their PO is inherited; Autotask prints only a charge's own PO",
                ),
            ),
        ),
        Section("invoices", "Proposed invoices", tables=(INVOICES,)),
    ),
    "What Autotask would invoice today. Expenses, subscriptions and recurring services are "
    "included once they are posted. Not included: bill-to parents.",
)
