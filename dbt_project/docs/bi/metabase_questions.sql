-- Questions for Metabase, or any tool that asks in SQL. Each is a question of its own: New > SQL query.
-- They run alike on DuckDB and Postgres.

-- Question: What is about to be invoiced without a PO, and for whom?
select
    company_name,
    sum(uninvoiced_lines_no_po) as lines,
    sum(total_billable_exposed) as exposed,
    sum(exposed_over_90) as exposed_over_90_days,
    min(oldest_date_purchased) as oldest
from marts.po_exposure
where po_required
group by company_id, company_name
having sum(total_billable_exposed) <> 0
order by exposed desc, company_id;

-- Question: Which POs are about to run out?
select
    company_name,
    po_number,
    utilization_status,
    authorized_amount,
    consumed_amount,
    remaining_amount,
    consumed_pct,
    valid_to
from marts.po_utilization
where utilization_status in ('over_budget', 'expired', 'near_limit')
order by
    case utilization_status when 'over_budget' then 1 when 'expired' then 2 else 3 end,
    remaining_amount,
    purchase_order_key;

-- Question: Which invoices must wait, and why?
select
    company_name,
    po_number,
    blocked_reason,
    total_amount
from marts.invoice_preview
where is_blocked
order by total_amount desc, company_id, purchase_order_key;

-- Question: What is on those invoices?
-- The key is (company_id, purchase_order_key); a null in either is a group of its own.
select
    invoices.company_name,
    invoices.po_number,
    items.item_type,
    items.item_key,
    items.item_date,
    items.description,
    items.amount
from marts.invoice_preview as invoices
inner join marts.invoice_preview_items as items
    on
        invoices.company_id is not distinct from items.company_id
        and invoices.purchase_order_key is not distinct from items.purchase_order_key
where invoices.is_blocked
order by items.amount desc, items.item_type, items.item_key;

-- Question: How fast is each PO used up?
select
    activity.activity_month,
    pos.company_name,
    activity.po_number,
    activity.cumulative_amount,
    pos.authorized_amount
from marts.po_monthly_activity as activity
inner join marts.po_utilization as pos
    on activity.purchase_order_key = pos.purchase_order_key
where pos.is_registered
order by activity.purchase_order_key, activity.activity_month;

-- Question: Where is coverage worst, and how much money is behind it?
select
    company_name,
    coverage_pct,
    value_coverage_pct,
    billable_amount,
    exposed_amount,
    recommendation
from marts.company_po_profile
order by exposed_amount desc, company_id;

-- Question: Which milestones hold up money, and what is to be done about each?
select
    fix_order,
    company_name,
    project_name,
    title,
    conflict_type,
    resolution,
    amount,
    date_due
from marts.milestone_conflicts
where not is_waived
order by fix_order;
