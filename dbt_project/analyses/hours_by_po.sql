-- Which hours and how much labour went to which PO? Hours without a PO come last.
select
    purchase_order_key,
    po_number,
    sum(total_hours_worked) as total_hours_worked,
    sum(total_billable_hours) as total_billable_hours,
    sum(total_billing_amount) as total_billing_amount,
    sum(time_entry_count) as time_entry_count,
    min(first_date_worked) as first_date_worked,
    max(last_date_worked) as last_date_worked
from {{ ref('hours_per_po') }}
group by purchase_order_key, po_number
order by purchase_order_key is null asc, total_hours_worked desc, purchase_order_key asc
