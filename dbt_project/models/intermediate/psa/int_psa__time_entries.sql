-- Rules: RES-14, RES-17.
with

time_entries as (
    select * from {{ ref('stg_autotask__time_entries') }}
),

final as (
    select
        time_entry_id,
        resource_id,
        contract_id,
        task_id,
        ticket_id,
        invoice_number,
        batch,
        hours_worked,
        cast(
            case when is_non_billable then 0 else coalesce(hours_to_bill, hours_worked) end
            as decimal(12, 4)
        ) as billable_hours,
        billing_amount,
        coalesce(is_non_billable, false) as is_non_billable,
        coalesce(is_billed, false) as is_billed,
        date_worked,
        extracted_at
    from time_entries
)

select * from final
