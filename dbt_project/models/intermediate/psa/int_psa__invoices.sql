-- Rules: RES-22.
with

invoices as (
    select * from {{ ref('stg_autotask__invoices') }}
),

final as (
    select
        invoice_id,
        invoice_number
    from invoices
)

select * from final
