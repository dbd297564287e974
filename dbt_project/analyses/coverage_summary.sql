-- How well do POs cover the charges, before and after inheritance, and what waits for one?
select
    total_charge_records,
    charges_with_direct_po,
    direct_coverage_pct,
    charges_with_po,
    coverage_pct,
    amount_coverage_pct,
    total_billable_amount,
    unique_po_numbers,
    charges_with_internal_po,
    exposed_lines,
    exposed_amount,
    data_as_of
from {{ ref('po_overview') }}
