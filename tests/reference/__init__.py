"""A second, slow and obvious way to compute the marts from a landing directory.

It is written from SPEC alone, row by row, in plain Python, so that every number of the SQL models
can be checked against something that shares none of their code. It expects clean input: CSV files
of valid rows, every batch accepted; quarantine, guards and the other formats are tested elsewhere.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from tests.reference import purchase_orders as po
from tests.reference.comparison import Marts, compare

__all__ = ["compare", "compute"]


def compute(landing: Path, as_of_date: date, **settings: Any) -> Marts:
    """All marts of this module for one landing directory.

    Args:
        landing: the landing directory of SPEC 1, CSV files only.
        as_of_date: the day on which ages are counted.
        **settings: the keyword arguments of `load`; the placeholders default to the seed.

    Returns:
        Mart name -> rows with the columns of `MART_COLUMNS`. Decimals are `Decimal`, timestamps
        are naive and in UTC.
    """
    state = po.load(landing, as_of_date, **settings)
    charges = po.fct_charges_po_resolved(state)
    entries = po.fct_time_entries_po_resolved(state)
    return {
        "dim_companies": po.dim_companies(state),
        "dim_contracts": po.dim_contracts(state),
        "dim_projects": po.dim_projects(state),
        "fct_charges_po_resolved": charges,
        "fct_time_entries_po_resolved": entries,
        "po_exposure": po.po_exposure(state, charges),
        "hours_per_po": po.hours_per_po(state, entries),
        "po_overview": po.po_overview(state, charges, entries),
        "po_coverage": po.po_coverage(state, charges, entries),
        "po_coverage_by_object": po.po_coverage_by_object(state, charges, entries),
        "po_gap_summary": po.po_gap_summary(charges, entries),
        "charges_per_po": po.charges_per_po(charges),
        "charges_by_material_code": po.charges_by_material_code(state, charges),
        "hours_via_contract_po": po.hours_via_contract_po(state, entries),
        "charge_allocation": po.charge_allocation(state),
        "company_po_profile": po.company_po_profile(state, charges, entries),
        "problem_effort": po.problem_effort(state, entries),
    }
