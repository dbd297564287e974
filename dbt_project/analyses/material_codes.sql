-- Which kinds of charges carry the money, how well do POs cover them, and which to chase first?
select
    material_code_name,
    po_priority,
    charge_lines,
    billable_amount,
    share_pct,
    coverage_pct,
    amount_coverage_pct,
    exposed_lines,
    exposed_amount
from {{ ref('charges_by_material_code') }}
order by billable_amount desc, material_code_name asc
