-- Rules: RES-18.
with

time_entries as (
    select * from {{ ref('stg_autotask__time_entries') }}
),

invoice_placeholders as (
    select * from {{ ref('int_invoice_placeholders') }}
),

posted_time_entries as (
    select * from {{ ref('int_posted_time_entries') }}
),

invoicing as (
    select
        coalesce(
            {{ bool_or(
                is_invoiced('time_entries', 'invoice_placeholders', 'posted_time_entries')
            ) }},
            false
        ) as is_any_invoiced
    from time_entries
    left join invoice_placeholders
        on time_entries.invoice_number = invoice_placeholders.invoice_text
    left join posted_time_entries
        on time_entries.time_entry_id = posted_time_entries.time_entry_id
),

final as (
    select {{ tracking_setting('labor_invoice_tracking', 'is_any_invoiced') }} as is_labor_tracked
    from invoicing
)

select * from final
