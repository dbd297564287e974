"""What to fix first: the head of each work list, in words for the page *PO tracking*."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from orchestration.reports.cells import NOTHING, cell
from orchestration.reports.words import words_of
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
        key: columns that tell the record that the page shows; by default it shows a company.
    """

    work_list: str
    sentence: str
    amount: str
    reason: str
    page: str
    key: tuple[str, ...] = ()


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
        "invoice.html",
        ("company_id", "purchase_order_key"),
    ),
    Fix(
        "milestone_conflicts",
        "Settle the milestone {title} of {company}, {currency} {amount}: {reason}.",
        "amount",
        "conflict_type",
        "milestone.html",
        ("milestone_id",),
    ),
)


@dataclass(frozen=True)
class Item:
    """What to do, and the page that shows more of it."""

    sentence: str
    link: str
    shows: str


@dataclass(frozen=True)
class Fixes:
    """What stands at the head of a page; nothing where there are no items."""

    title: str
    items: list[Item]
    source: str


def fixes_of(page: str, work_lists: Mapping[str, WorkList], currency: str) -> Fixes:
    """What to fix first, as the page of this name says it."""
    if page == "index.html":
        items = _heads(work_lists, currency)
        return Fixes("Fix first", items, "po_exposure, invoice_preview, milestone_conflicts")
    items = _removals(work_lists["removals"], currency) if page == "trust.html" else []
    return Fixes("Much was taken away", items, "deliveries of the last seven days")


def _heads(work_lists: Mapping[str, WorkList], currency: str) -> list[Item]:
    """A sentence for the head of each work list that is not empty."""
    items = []
    for fix in FIXES:
        row = work_lists[fix.work_list].first
        if row is None:
            continue
        company, reason = row["company_name"], row[fix.reason] or NOTHING
        sentence = fix.sentence.format(
            company="an unknown company" if company is None else company,
            currency=currency,
            amount=cell(row[fix.amount], "money").text,
            reason=words_of(reason),
            title=row.get("title"),
        )
        asked = {"company": row["company_id"] or ""}
        if fix.key:
            asked = {"key": "/".join(row[name] or "" for name in fix.key)}
        link = f"{fix.page}#{urlencode(asked)}"
        items.append(Item(sentence, link, "Show the lines"))
    return items


def _removals(work_list: WorkList, currency: str) -> list[Item]:
    """A sentence for each of the newest deliveries that took much of a table away (LND-15)."""
    items = []
    for row in work_list.first_rows:
        removed, removed_of = (cell(row[name], "int").text for name in ("removed", "removed_of"))
        sentence = f"{row['source']}/{row['batch']} took {removed} of {removed_of} records away"
        if row["amount"] is not None:
            sentence += f", and {currency} {cell(row['amount'], 'money').text} with them"
        elif row["hours"] is not None:
            sentence += f", and {cell(row['hours'], 'hours').text} hours with them"
        sentence += "; see whether they are gone in Autotask."
        items.append(Item(sentence, "#tables", "Show the tables"))
    return items
