-- No charge and no cent is lost or doubled between staging, the fact and what is summed from it:
-- joins to parents and PO periods must neither drop nor multiply a line. (MRT-4, RES-6)
{{ config(meta={'dagster': {'ref': {'name': 'fct_charges_po_resolved'}}}) }}

with

staging as (
    select
        count(*) as line_count,
        coalesce(sum(billable_amount), 0) as amount
    from {{ ref('stg_autotask__charges') }}
),

fact as (
    select
        count(*) as line_count,
        coalesce(sum(billable_amount), 0) as amount,
        count(*) filter (where is_exposed) as exposed_line_count,
        coalesce(sum(billable_amount) filter (where is_exposed), 0) as exposed_amount
    from {{ ref('fct_charges_po_resolved') }}
),

overview as (
    select
        total_charge_records as line_count,
        total_billable_amount as amount,
        exposed_lines as exposed_line_count,
        exposed_amount
    from {{ ref('po_overview') }}
    where charges_with_po + charges_without_po = total_charge_records
),

exposure as (
    select
        coalesce(sum(uninvoiced_lines_no_po), 0) as exposed_line_count,
        coalesce(sum(total_billable_exposed), 0) as exposed_amount,
        coalesce(sum(exposed_0_30 + exposed_31_60 + exposed_61_90 + exposed_over_90), 0)
            as amount_in_buckets
    from {{ ref('po_exposure') }}
)

select
    staging.line_count as staging_line_count,
    staging.amount as staging_amount,
    fact.*,
    exposure.exposed_line_count as exposure_line_count,
    exposure.exposed_amount as exposure_amount,
    exposure.amount_in_buckets
from staging
cross join fact
cross join exposure
left join overview
    on
        fact.line_count = overview.line_count
        and fact.amount = overview.amount
        and fact.exposed_line_count = overview.exposed_line_count
        and fact.exposed_amount = overview.exposed_amount
where
    overview.line_count is null
    or staging.line_count <> fact.line_count
    or staging.amount <> fact.amount
    or fact.exposed_line_count <> exposure.exposed_line_count
    or fact.exposed_amount <> exposure.exposed_amount
    or fact.exposed_amount <> exposure.amount_in_buckets
