"""What is on the pages: which mart each figure, table and chart comes from, and in which words.

Declarations only. A figure is a column of a mart, or a sum over one mart; `cells` and the template
decide how it looks.
"""

from orchestration.reports.pages.billing_readiness import BILLING_READINESS
from orchestration.reports.pages.company import COMPANY_PAGE
from orchestration.reports.pages.invoice_preview import INVOICE_PREVIEW
from orchestration.reports.pages.po_tracking import PO_TRACKING
from orchestration.reports.pages.trust import TRUST

PAGES = (PO_TRACKING, BILLING_READINESS, INVOICE_PREVIEW, TRUST)

__all__ = ["COMPANY_PAGE", "PAGES"]
