"""The oracle: an independent reference implementation of the marts, slow and obvious.

It is written from the rules alone (dbt_project/docs/rules), row by row, in plain Python. It shares
no code with the pipeline, so every number that the pipeline publishes can be checked against it.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from tests.oracle import core, coverage, invoices, milestones, review, utilization
from tests.oracle import purchase_orders as po
from tests.oracle.comparison import Marts, compare
from tests.oracle.landing import Landing
from tests.oracle.state import State, load

__all__ = ["State", "compare", "compute", "compute_from", "load"]


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


def compute_from(state: State) -> Marts:
    """All marts of one state, as `compute` returns them."""
    charges = core.fct_charges_po_resolved(state)
    entries = core.fct_time_entries_po_resolved(state)
    stones = milestones.fct_milestones(state, charges)
    used = utilization.po_utilization(state, charges, entries, stones)
    to_invoice = invoices.lines_to_invoice(state, charges, entries, stones)
    preview = invoices.invoice_preview(state, to_invoice, used)
    return {
        "dim_companies": core.dim_companies(state),
        "dim_contracts": core.dim_contracts(state),
        "dim_projects": core.dim_projects(state),
        "dim_purchase_orders": utilization.dim_purchase_orders(state, charges, entries, stones),
        "fct_charges_po_resolved": charges,
        "fct_time_entries_po_resolved": entries,
        "po_exposure": coverage.po_exposure(state, charges),
        "hours_per_po": po.hours_per_po(state, entries),
        "po_overview": coverage.po_overview(state, charges, entries, stones),
        "po_coverage": coverage.po_coverage(state, charges, entries),
        "po_coverage_by_object": coverage.po_coverage_by_object(state, charges, entries),
        "po_gap_summary": coverage.po_gap_summary(charges, entries),
        "charges_per_po": po.charges_per_po(charges),
        "charges_by_material_code": po.charges_by_material_code(state, charges),
        "hours_via_contract_po": po.hours_via_contract_po(state, entries),
        "charge_allocation": po.charge_allocation(state),
        "company_po_profile": po.company_po_profile(state, charges, entries),
        "problem_effort": po.problem_effort(state, entries),
        "po_utilization": used,
        "po_monthly_activity": utilization.po_monthly_activity(state, charges, entries, stones),
        "po_number_review": review.po_number_review(state, charges, entries),
        "invoice_preview": preview,
        "invoice_preview_items": invoices.invoice_preview_items(to_invoice, preview),
        "fct_milestones": stones,
        "milestone_conflicts": milestones.milestone_conflicts(state, charges, stones),
        "milestone_charge_links": milestones.milestone_charge_links(state, charges, stones),
        "milestone_status_breakdown": milestones.milestone_status_breakdown(state, stones),
        "milestone_conflict_summary": milestones.milestone_conflict_summary(state, charges, stones),
        "project_milestone_conflicts": milestones.project_milestone_conflicts(stones),
    }
