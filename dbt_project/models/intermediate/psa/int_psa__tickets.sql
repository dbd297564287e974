-- Rules: MRT-22.
with

tickets as (
    select * from {{ ref('stg_autotask__tickets') }}
),

final as (
    select
        ticket_id,
        company_id,
        -- A ticket that names itself is not an incident of its own.
        nullif(problem_ticket_id, ticket_id) as problem_ticket_id,
        ticket_number,
        title
    from tickets
)

select * from final
