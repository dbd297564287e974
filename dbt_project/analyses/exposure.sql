-- What is about to be invoiced without a PO, for which client, and how long has it been waiting?
-- Clients that require POs come first.
select
    company_name,
    po_required,
    sum(uninvoiced_lines_no_po) as uninvoiced_lines_no_po,
    sum(total_billable_exposed) as total_billable_exposed,
    sum(exposed_0_30) as exposed_0_30,
    sum(exposed_31_60) as exposed_31_60,
    sum(exposed_61_90) as exposed_61_90,
    sum(exposed_over_90) as exposed_over_90,
    min(oldest_date_purchased) as oldest_date_purchased
from {{ ref('po_exposure') }}
where uninvoiced_lines_no_po > 0
group by company_id, company_name, po_required
order by po_required desc, total_billable_exposed desc, company_name asc
