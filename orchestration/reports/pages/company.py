"""The page of one client, which is sent to it: nothing of other clients is on it."""

from orchestration.reports.pages.billing_readiness import MILESTONES
from orchestration.reports.pages.declaration import Card, Page, Section
from orchestration.reports.pages.invoice_preview import INVOICES
from orchestration.reports.pages.po_tracking import EXPOSED_CHARGES, EXPOSURE, HOURS, UTILIZATION

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
