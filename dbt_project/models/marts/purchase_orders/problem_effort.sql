-- Rules: MRT-22.
with

tickets as (
    select * from {{ ref('int_psa__tickets') }}
),

parents as (
    select * from {{ ref('int_po_parents') }}
),

time_entries as (
    select * from {{ ref('fct_time_entries_po_resolved') }}
),

incidents as (
    select
        ticket_id,
        problem_ticket_id
    from tickets
    where problem_ticket_id is not null
),

problems as (
    select
        problem_ticket_id,
        count(*) as incident_count
    from incidents
    group by problem_ticket_id
),

tickets_of_problems as (
    select
        problem_ticket_id,
        problem_ticket_id as ticket_id,
        true as is_problem
    from problems

    union all

    select
        problem_ticket_id,
        ticket_id,
        false as is_problem
    from incidents
),

efforts as (
    select
        tickets_of_problems.problem_ticket_id,
        sum(time_entries.hours_worked) as total_hours,
        sum(time_entries.hours_worked) filter (where tickets_of_problems.is_problem)
            as problem_hours,
        sum(time_entries.hours_worked) filter (where not tickets_of_problems.is_problem)
            as incident_hours,
        sum(time_entries.labor_amount) as total_billing_amount
    from tickets_of_problems
    inner join time_entries
        on tickets_of_problems.ticket_id = time_entries.ticket_id
    group by tickets_of_problems.problem_ticket_id
),

final as (
    select
        problems.problem_ticket_id,
        tickets.company_id,
        tickets.ticket_number,
        tickets.title,
        parents.po_number,
        problems.incident_count,
        {{ as_amount('coalesce(efforts.problem_hours, 0)') }} as problem_hours,
        {{ as_amount('coalesce(efforts.incident_hours, 0)') }} as incident_hours,
        {{ as_amount('coalesce(efforts.total_hours, 0)') }} as total_hours,
        {{ as_amount('coalesce(efforts.total_billing_amount, 0)') }} as total_billing_amount
    from problems
    inner join tickets
        on problems.problem_ticket_id = tickets.ticket_id
    left join parents
        on problems.problem_ticket_id = parents.parent_id and parents.parent_level = 'ticket'
    left join efforts
        on problems.problem_ticket_id = efforts.problem_ticket_id
)

select * from final
