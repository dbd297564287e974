-- Invoices are the sums of their lines, and what waits for an invoice in the facts is on one: no
-- line and no cent is lost or doubled between them. (MRT-4, MRT-16, MRT-24)
{{ config(meta={'dagster': {'ref': {'name': 'invoice_preview'}}}) }}

with

waiting as (
    select
        'charge' as item_type,
        count(*) as item_count,
        coalesce(sum(charges.billable_amount), 0) as amount
    from {{ ref('fct_charges_po_resolved') }} as charges
    left join {{ ref('fct_milestones') }} as milestones
        on charges.milestone_id = milestones.milestone_id
    where
        charges.is_billable
        and not charges.is_invoiced
        and milestones.milestone_id is null
        and charges.company_id is distinct from 0
        and charges.date_purchased <= {{ as_of_date() }}

    union all

    select
        'time_entry' as item_type,
        count(*) as item_count,
        coalesce(sum(time_entries.labor_amount), 0) as amount
    from {{ ref('fct_time_entries_po_resolved') }} as time_entries
    cross join {{ ref('int_labor_tracking') }} as labor_tracking
    where
        labor_tracking.is_labor_tracked
        and time_entries.labor_amount <> 0
        and not time_entries.is_internal
        and not time_entries.is_invoiced
        and time_entries.date_worked <= {{ as_of_date() }}

    union all

    select
        'milestone' as item_type,
        count(*) as item_count,
        coalesce(sum(amount), 0) as amount
    from {{ ref('fct_milestones') }}
    where
        billing_stage = 'approved_for_billing'
        and company_id is distinct from 0
        and coalesce(date_due <= {{ as_of_date() }}, true)

    union all

    select
        'posted_item' as item_type,
        count(*) as item_count,
        coalesce(sum(items.extended_price), 0) as amount
    from {{ ref('stg_autotask__billing_items') }} as items
    left join {{ ref('stg_autotask__invoices') }} as invoices
        on items.invoice_id = invoices.invoice_id
    where
        (items.invoice_id is null or invoices.is_voided)
        and coalesce(
            items.contract_charge_id,
            items.project_charge_id,
            items.ticket_charge_id,
            items.time_entry_id,
            items.milestone_id
        ) is null
        and items.company_id is distinct from 0
        and coalesce(items.item_date <= {{ as_of_date() }}, true)
),

items as (
    select * from {{ ref('invoice_preview_items') }}
),

sums_by_type as (
    select
        item_type,
        count(*) as item_count,
        sum(amount) as amount
    from items
    group by item_type
),

sums as (
    select
        company_id,
        purchase_order_key,
        is_blocked,
        count(*) filter (where item_type = 'charge') as charge_lines,
        count(*) filter (where item_type = 'time_entry') as labor_entries,
        count(*) filter (where item_type = 'milestone') as milestone_count,
        count(*) filter (where item_type = 'posted_item') as posted_item_count,
        sum(amount) as total_amount
    from items
    group by company_id, purchase_order_key, is_blocked
)

select
    waiting.item_type as mistake,
    cast(null as bigint) as company_id,
    cast(null as string) as purchase_order_key,
    waiting.amount as expected_amount,
    sums_by_type.amount
from waiting
left join sums_by_type
    on waiting.item_type = sums_by_type.item_type
where
    waiting.item_count <> coalesce(sums_by_type.item_count, 0)
    or waiting.amount <> coalesce(sums_by_type.amount, 0)

union all

select
    'invoice' as mistake,
    coalesce(sums.company_id, invoices.company_id) as company_id,
    coalesce(sums.purchase_order_key, invoices.purchase_order_key) as purchase_order_key,
    sums.total_amount as expected_amount,
    invoices.total_amount as amount
from sums
full join {{ ref('invoice_preview') }} as invoices
    on
        sums.company_id is not distinct from invoices.company_id
        and sums.purchase_order_key is not distinct from invoices.purchase_order_key
where
    sums.is_blocked is distinct from invoices.is_blocked
    or sums.charge_lines is distinct from invoices.charge_lines
    or sums.labor_entries is distinct from invoices.labor_entries
    or sums.milestone_count is distinct from invoices.milestone_count
    or sums.posted_item_count is distinct from invoices.posted_item_count
    or sums.total_amount is distinct from invoices.total_amount
