with

current_invoices as (
    {{ current_rows('autotask', 'invoices') }}
),

final as (
    select
        id as invoice_id,
        company_id,
        invoice_number,
        order_number,
        is_voided,
        invoice_date
    from current_invoices
)

select * from final
