-- No charge and no cent of a known company is lost or doubled between the facts and the profiles.
-- (MRT-4, MRT-20)
{{ config(meta={'dagster': {'ref': {'name': 'company_po_profile'}}}) }}

with

charges as (
    select
        count(*) as line_count,
        count(distinct company_id) as company_count,
        coalesce(sum(billable_amount), 0) as amount,
        coalesce(sum(billable_amount) filter (where is_exposed), 0) as exposed_amount
    from {{ ref('fct_charges_po_resolved') }}
    where company_id is not null
),

time_entries as (
    select coalesce(sum(labor_amount) filter (where is_exposed), 0) as exposed_labor_amount
    from {{ ref('fct_time_entries_po_resolved') }}
    where company_id is not null
),

profiles as (
    select
        coalesce(sum(charge_lines), 0) as line_count,
        count(*) filter (where charge_lines > 0) as company_count,
        coalesce(sum(billable_amount), 0) as amount,
        coalesce(sum(exposed_amount), 0) as exposed_amount,
        coalesce(sum(exposed_labor_amount), 0) as exposed_labor_amount
    from {{ ref('company_po_profile') }}
)

select
    charges.*,
    time_entries.exposed_labor_amount,
    profiles.line_count as profile_line_count,
    profiles.company_count as profile_company_count,
    profiles.amount as profile_amount,
    profiles.exposed_amount as profile_exposed_amount,
    profiles.exposed_labor_amount as profile_exposed_labor_amount
from charges
cross join time_entries
cross join profiles
where
    charges.line_count <> profiles.line_count
    or charges.company_count <> profiles.company_count
    or charges.amount <> profiles.amount
    or charges.exposed_amount <> profiles.exposed_amount
    or time_entries.exposed_labor_amount <> profiles.exposed_labor_amount
