"""What to fix first: the head of each work list, in words for the page *PO tracking*."""

from collections.abc import Mapping
from dataclasses import dataclass

from orchestration.reports.cells import NOTHING, cell
from orchestration.reports.pages.words import WORDS
from orchestration.reports.work_lists import WorkList


@dataclass(frozen=True)
class Fix:
    """How the head of a work list is told.

    Attributes:
        work_list: name of the list.
        sentence: what to do, with gaps for {company}, {currency}, {amount}, {reason} and {title}.
        amount: column that fills in the amount.
        reason: column that fills in the reason.
        page: where the lines are.
    """

    work_list: str
    sentence: str
    amount: str
    reason: str
    page: str


FIXES = (
    Fix(
        "pos_to_request",
        "Ask {company} for a PO: {currency} {amount} of {reason} can be billed today, and this "
        "client sends invoices without one back.",
        "amount",
        "material_code_name",
        "index.html",
    ),
    Fix(
        "blocked_invoices",
        "Unblock the invoice to {company} over {currency} {amount}: {reason}.",
        "total_amount",
        "blocked_reason",
        "invoice_preview.html",
    ),
    Fix(
        "milestone_conflicts",
        "Settle the milestone {title} of {company}, {currency} {amount}: {reason}.",
        "amount",
        "conflict_type",
        "billing_readiness.html",
    ),
)


def fix_first(work_lists: Mapping[str, WorkList], currency: str) -> list[dict[str, str]]:
    """Write a sentence and a link for the head of each work list that is not empty."""
    fixes = []
    for fix in FIXES:
        row = work_lists[fix.work_list].first
        if row is None:
            continue
        company, reason = row["company_name"], row[fix.reason] or NOTHING
        sentence = fix.sentence.format(
            company="an unknown company" if company is None else company,
            currency=currency,
            amount=cell(row[fix.amount], "money").text,
            reason=WORDS.get(reason, reason),
            title=row.get("title"),
        )
        link = f"{fix.page}#company={row['company_id'] or ''}"
        fixes.append({"sentence": sentence, "link": link})
    return fixes
