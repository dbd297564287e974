-- No time entry, hour or cent is lost or doubled between staging, the fact and what is summed from
-- it: joins to parents and PO periods must neither drop nor multiply a line. (MRT-4, RES-6, RES-23)
{{ config(meta={'dagster': {'ref': {'name': 'fct_time_entries_po_resolved'}}}) }}

with

staging as (
    select
        count(*) as line_count,
        coalesce(sum(time_entries.hours_worked), 0) as hours,
        coalesce(sum(coalesce(time_entries.billing_amount, posted.labor_amount)), 0) as amount
    from {{ ref('stg_autotask__time_entries') }} as time_entries
    left join {{ ref('int_postings') }} as posted
        on time_entries.time_entry_id = posted.time_entry_id
),

fact as (
    select
        count(*) as line_count,
        coalesce(sum(hours_worked), 0) as hours,
        coalesce(sum(billing_amount), 0) as amount,
        coalesce(sum(billable_hours), 0) as billable_hours,
        coalesce(sum(labor_amount), 0) as labor_amount,
        coalesce(sum(hours_worked) filter (where not is_internal), 0) as client_hours,
        coalesce(sum(labor_amount) filter (where is_exposed), 0) as exposed_labor_amount
    from {{ ref('fct_time_entries_po_resolved') }}
),

hours_per_po as (
    select
        coalesce(sum(time_entry_count), 0) as line_count,
        coalesce(sum(total_hours_worked), 0) as hours,
        coalesce(sum(total_billable_hours), 0) as billable_hours,
        coalesce(sum(total_billing_amount), 0) as labor_amount
    from {{ ref('hours_per_po') }}
),

overview as (
    select
        total_hours as client_hours,
        exposed_labor_amount
    from {{ ref('po_overview') }}
)

select
    staging.line_count as staging_line_count,
    staging.hours as staging_hours,
    staging.amount as staging_amount,
    fact.*,
    hours_per_po.line_count as hours_per_po_line_count,
    hours_per_po.hours as hours_per_po_hours,
    overview.client_hours as overview_hours
from staging
cross join fact
cross join hours_per_po
cross join overview
where
    staging.line_count <> fact.line_count
    or staging.hours <> fact.hours
    or staging.amount <> fact.amount
    or fact.line_count <> hours_per_po.line_count
    or fact.hours <> hours_per_po.hours
    or fact.billable_hours <> hours_per_po.billable_hours
    or fact.labor_amount <> hours_per_po.labor_amount
    or fact.client_hours <> overview.client_hours
    or fact.exposed_labor_amount <> overview.exposed_labor_amount
