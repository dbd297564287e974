-- Rules: RAW-14.
with

current_tickets as (
    {{ current_rows('autotask', 'tickets') }}
),

statuses as (
    {{ picklist('Tickets', 'status') }}
),

final as (
    select
        current_tickets.id as ticket_id,
        current_tickets.company_id,
        current_tickets.contract_id,
        current_tickets.project_id,
        current_tickets.problem_ticket_id,
        current_tickets.ticket_number,
        current_tickets.title,
        coalesce(statuses.label, current_tickets.status_name) as status_name,
        current_tickets.purchase_order_number,
        current_tickets.last_modified_at
    from current_tickets
    left join statuses
        on {{ label('current_tickets.status_name') }} = statuses.value_label
)

select * from final
