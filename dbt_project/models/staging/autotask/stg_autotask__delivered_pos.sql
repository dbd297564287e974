with

delivered_by_tasks as (
    {{ delivered_pos('task') }}
),

delivered_by_tickets as (
    {{ delivered_pos('ticket') }}
),

delivered_by_projects as (
    {{ delivered_pos('project') }}
),

delivered_by_contracts as (
    {{ delivered_pos('contract', period=['start_date', 'end_date']) }}
),

final as (
    select * from delivered_by_tasks
    union all
    select * from delivered_by_tickets
    union all
    select * from delivered_by_projects
    union all
    select * from delivered_by_contracts
)

select * from final
