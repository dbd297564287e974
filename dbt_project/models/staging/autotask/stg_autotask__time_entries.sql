with

current_time_entries as (
    {{ current_rows('autotask', 'time_entries') }}
),

final as (
    select
        id as time_entry_id,
        resource_id,
        contract_id,
        task_id,
        ticket_id,
        invoice_number,
        _batch as batch,
        hours_worked,
        hours_to_bill,
        billing_amount,
        is_non_billable,
        is_billed,
        date_worked,
        last_modified_at,
        _extracted_at as extracted_at
    from current_time_entries
)

select * from final
