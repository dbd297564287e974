-- What uses POs up is the same in the facts, by PO and by month: no line, cent or quarter of an
-- hour is lost or doubled, and the last running total of a PO is what it has consumed.
-- (MRT-4, MRT-13, MRT-15)
{{ config(meta={'dagster': {'ref': {'name': 'po_utilization'}}}) }}

with

charges as (
    select
        count(*) as charge_count,
        coalesce(sum(charges.billable_amount) filter (
            where charges.is_billable and milestones.milestone_id is null
        ), 0) as charges_amount
    from {{ ref('fct_charges_po_resolved') }} as charges
    left join {{ ref('int_psa__milestones') }} as milestones
        on charges.milestone_id = milestones.milestone_id
    where charges.po_number is not null
),

time_entries as (
    select
        count(*) as time_entry_count,
        coalesce(sum(labor_amount), 0) as labor_amount,
        coalesce(sum(billable_hours), 0) as billable_hours
    from {{ ref('fct_time_entries_po_resolved') }}
    where po_number is not null
),

milestones as (
    select coalesce(sum(amount), 0) as milestone_amount
    from {{ ref('fct_milestones') }}
    where po_number is not null and billing_stage in ('approved_for_billing', 'billed')
),

facts as (
    select
        charges.charge_count,
        time_entries.time_entry_count,
        charges.charges_amount,
        time_entries.labor_amount,
        milestones.milestone_amount,
        time_entries.billable_hours
    from charges
    cross join time_entries
    cross join milestones
),

by_po as (
    select
        coalesce(sum(charges_amount), 0) as charges_amount,
        coalesce(sum(labor_amount), 0) as labor_amount,
        coalesce(sum(milestone_amount), 0) as milestone_amount,
        coalesce(sum(consumed_hours), 0) as billable_hours
    from {{ ref('po_utilization') }}
),

by_month as (
    select
        coalesce(sum(charges_amount), 0) as charges_amount,
        coalesce(sum(labor_amount), 0) as labor_amount,
        coalesce(sum(milestone_amount), 0) as milestone_amount,
        coalesce(sum(billable_hours), 0) as billable_hours
    from {{ ref('po_monthly_activity') }}
),

dimension as (
    select
        coalesce(sum(charge_count), 0) as charge_count,
        coalesce(sum(time_entry_count), 0) as time_entry_count
    from {{ ref('dim_purchase_orders') }}
),

last_months as (
    select
        purchase_order_key,
        cumulative_amount,
        cumulative_hours,
        row_number() over (
            partition by purchase_order_key order by activity_month desc
        ) as months_ago
    from {{ ref('po_monthly_activity') }}
)

select
    'sums' as mistake,
    cast(null as string) as purchase_order_key
from facts
cross join by_po
cross join by_month
cross join dimension
where
    facts.charges_amount <> by_po.charges_amount
    or facts.labor_amount <> by_po.labor_amount
    or facts.milestone_amount <> by_po.milestone_amount
    or facts.billable_hours <> by_po.billable_hours
    or facts.charges_amount <> by_month.charges_amount
    or facts.labor_amount <> by_month.labor_amount
    or facts.milestone_amount <> by_month.milestone_amount
    or facts.billable_hours <> by_month.billable_hours
    or facts.charge_count <> dimension.charge_count
    or facts.time_entry_count <> dimension.time_entry_count

union all

select
    'running total' as mistake,
    utilization.purchase_order_key
from {{ ref('po_utilization') }} as utilization
left join last_months
    on
        utilization.purchase_order_key = last_months.purchase_order_key
        and last_months.months_ago = 1
where
    utilization.consumed_amount <> coalesce(last_months.cumulative_amount, 0)
    or utilization.consumed_hours <> coalesce(last_months.cumulative_hours, 0)

union all

select
    'not in dim_purchase_orders' as mistake,
    utilization.purchase_order_key
from {{ ref('po_utilization') }} as utilization
left join {{ ref('dim_purchase_orders') }} as pos
    on
        utilization.purchase_order_key = pos.purchase_order_key
        and utilization.is_registered = pos.is_registered
where pos.purchase_order_key is null
