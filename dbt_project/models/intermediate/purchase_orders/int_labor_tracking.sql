-- Rules: RES-18.
with

time_entries as (
    select * from {{ ref('stg_autotask__time_entries') }}
),

invoicing as (
    select
        coalesce(
            bool_or({{ is_invoiced('invoice_number') }} or coalesce(is_billed, false)), false
        ) as is_any_invoiced
    from time_entries
),

final as (
    select {{ tracking_setting('labor_invoice_tracking', 'is_any_invoiced') }} as is_labor_tracked
    from invoicing
)

select * from final
