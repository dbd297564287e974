-- Which POs are there, whose are they, and on which objects and lines do they stand?
select
    pos.purchase_order_key,
    companies.company_name,
    pos.po_number,
    pos.contract_count,
    pos.project_count,
    pos.task_count,
    pos.ticket_count,
    pos.charge_count,
    pos.time_entry_count,
    pos.is_registered,
    pos.first_activity_date,
    pos.last_activity_date
from {{ ref('dim_purchase_orders') }} as pos
left join {{ ref('dim_companies') }} as companies
    on pos.company_id = companies.company_id
order by pos.charge_count + pos.time_entry_count desc, pos.purchase_order_key asc
