-- An incident has one problem, so the hours on incidents of existing problems are in the mart once,
-- and so are those on the problems themselves; the total is the two together. (MRT-4, MRT-22)
{{ config(meta={'dagster': {'ref': {'name': 'problem_effort'}}}) }}

with

incidents as (
    select incidents.*
    from {{ ref('stg_autotask__tickets') }} as incidents
    inner join {{ ref('stg_autotask__tickets') }} as problems
        on incidents.problem_ticket_id = problems.ticket_id
    where incidents.problem_ticket_id <> incidents.ticket_id
),

hours_per_ticket as (
    select
        ticket_id,
        sum(hours_worked) as hours,
        sum(labor_amount) as labor_amount
    from {{ ref('fct_time_entries_po_resolved') }}
    group by ticket_id
),

incident_totals as (
    select
        count(*) as incident_count,
        coalesce(sum(hours_per_ticket.hours), 0) as hours,
        coalesce(sum(hours_per_ticket.labor_amount), 0) as labor_amount
    from incidents
    left join hours_per_ticket
        on incidents.ticket_id = hours_per_ticket.ticket_id
),

problem_totals as (
    select
        coalesce(sum(hours_per_ticket.hours), 0) as hours,
        coalesce(sum(hours_per_ticket.labor_amount), 0) as labor_amount
    from hours_per_ticket
    where hours_per_ticket.ticket_id in (select incidents.problem_ticket_id from incidents)
),

mart as (
    select
        coalesce(sum(incident_count), 0) as incident_count,
        coalesce(sum(incident_hours), 0) as incident_hours,
        coalesce(sum(problem_hours), 0) as problem_hours,
        coalesce(sum(total_hours), 0) as total_hours,
        coalesce(sum(total_billing_amount), 0) as labor_amount
    from {{ ref('problem_effort') }}
)

select
    mart.*,
    incident_totals.incident_count as ticket_incident_count,
    incident_totals.hours as ticket_incident_hours,
    problem_totals.hours as ticket_problem_hours,
    incident_totals.labor_amount + problem_totals.labor_amount as ticket_labor_amount
from mart
cross join incident_totals
cross join problem_totals
where
    mart.incident_count <> incident_totals.incident_count
    or mart.incident_hours <> incident_totals.hours
    or mart.problem_hours <> problem_totals.hours
    or mart.total_hours <> incident_totals.hours + problem_totals.hours
    or mart.labor_amount <> incident_totals.labor_amount + problem_totals.labor_amount
