"""The oracle: an independent reference implementation of the marts, slow and obvious.

It is written from the rules alone (dbt_project/docs/rules), row by row, in plain Python. It shares
no code with the pipeline, so every number that the pipeline publishes can be checked against it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from tests.oracle import core, coverage, invoices, milestones, posted, review, state, utilization
from tests.oracle import purchase_orders as po
from tests.oracle.comparison import Marts, compare
from tests.oracle.landing import Landing
from tests.oracle.postings import postings_of
from tests.oracle.state import State

__all__ = ["State", "compare", "compute", "compute_from", "load"]


def load(landing: Path | Landing, as_of_date: date, **settings: Any) -> State:
    """What a landing directory says, with the billing items of each line (see `state.load`)."""
    loaded = state.load(landing, as_of_date, **settings)
    return replace(loaded, postings=postings_of(loaded))


def compute(landing: Path | Landing, as_of_date: date, **settings: Any) -> Marts:
    """All marts of this package for one landing directory.

    Args:
        landing: the landing folder as one refresh takes it in, or a `Landing` that
            has taken in several states of it.
        as_of_date: the day on which ages are counted.
        **settings: the keyword arguments of `load`; the placeholders default to the seed.

    Returns:
        Mart name -> rows with the columns of `MART_COLUMNS`. Decimals are `Decimal`, timestamps
        are naive and in UTC.
    """
    return compute_from(load(landing, as_of_date, **settings))


def compute_from(loaded: State) -> Marts:
    """All marts of one state, as `compute` returns them."""
    charges = core.fct_charges_po_resolved(loaded)
    entries = core.fct_time_entries_po_resolved(loaded)
    stones = milestones.fct_milestones(loaded, charges)
    used = utilization.po_utilization(loaded, charges, entries, stones)
    to_invoice = invoices.lines_to_invoice(loaded, charges, entries, stones)
    as_posted = posted.lines_as_posted(charges, entries)
    preview = invoices.invoice_preview(loaded, to_invoice, used)
    return {
        "dim_companies": core.dim_companies(loaded),
        "dim_contracts": core.dim_contracts(loaded),
        "dim_projects": core.dim_projects(loaded),
        "dim_purchase_orders": utilization.dim_purchase_orders(loaded, charges, entries, stones),
        "fct_charges_po_resolved": charges,
        "fct_time_entries_po_resolved": entries,
        "po_exposure": coverage.po_exposure(loaded, charges),
        "hours_per_po": po.hours_per_po(loaded, entries),
        "po_overview": coverage.po_overview(loaded, charges, entries, stones),
        "po_coverage": coverage.po_coverage(loaded, charges, entries),
        "po_coverage_by_object": coverage.po_coverage_by_object(loaded, charges, entries),
        "po_gap_summary": coverage.po_gap_summary(charges, entries),
        "charges_per_po": po.charges_per_po(charges),
        "charges_by_material_code": po.charges_by_material_code(loaded, charges),
        "hours_via_contract_po": po.hours_via_contract_po(loaded, entries),
        "charge_allocation": po.charge_allocation(loaded),
        "company_po_profile": po.company_po_profile(loaded, charges, entries),
        "problem_effort": po.problem_effort(loaded, entries),
        "po_utilization": used,
        "po_monthly_activity": utilization.po_monthly_activity(loaded, charges, entries, stones),
        "posted_po_check": posted.posted_po_check(as_posted),
        "posted_po_agreement": posted.posted_po_agreement(as_posted),
        "po_number_review": review.po_number_review(loaded, charges, entries),
        "invoice_preview": preview,
        "invoice_preview_items": invoices.invoice_preview_items(to_invoice, preview),
        "fct_milestones": stones,
        "milestone_conflicts": milestones.milestone_conflicts(loaded, charges, stones),
        "milestone_charge_links": milestones.milestone_charge_links(loaded, charges, stones),
        "milestone_status_breakdown": milestones.milestone_status_breakdown(loaded, stones),
        "milestone_conflict_summary": milestones.milestone_conflict_summary(
            loaded, charges, stones
        ),
        "project_milestone_conflicts": milestones.project_milestone_conflicts(stones),
    }
