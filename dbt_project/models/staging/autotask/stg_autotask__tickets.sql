with

current_tickets as (
    {{ current_rows('autotask', 'tickets') }}
),

final as (
    select
        id as ticket_id,
        company_id,
        contract_id,
        project_id,
        problem_ticket_id,
        ticket_number,
        title,
        status_name,
        purchase_order_number,
        last_modified_at
    from current_tickets
)

select * from final
