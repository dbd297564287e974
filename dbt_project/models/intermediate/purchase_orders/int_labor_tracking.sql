-- Rules: RES-18.
with

time_entries as (
    select * from {{ ref('int_psa__time_entries') }}
),

invoice_placeholders as (
    select * from {{ ref('int_invoice_placeholders') }}
),

postings as (
    select * from {{ ref('int_postings') }}
),

invoicing as (
    select
        coalesce(
            {{ bool_or(
                is_invoiced('time_entries', 'invoice_placeholders', 'postings')
            ) }},
            false
        ) as is_any_invoiced
    from time_entries
    left join invoice_placeholders
        on time_entries.invoice_number = invoice_placeholders.invoice_text
    left join postings
        on time_entries.time_entry_id = postings.time_entry_id
),

final as (
    select {{ tracking_setting('labor_invoice_tracking', 'is_any_invoiced') }} as is_labor_tracked
    from invoicing
)

select * from final
