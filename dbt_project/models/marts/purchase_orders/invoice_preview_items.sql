-- Rules: MRT-18.
with

items as (
    select * from {{ ref('int_invoice_items') }}
),

invoices as (
    select * from {{ ref('invoice_preview') }}
),

final as (
    select
        items.item_type,
        items.item_key,
        items.company_id,
        items.purchase_order_key,
        items.contract_id,
        items.po_number,
        items.description,
        items.amount,
        invoices.is_blocked,
        items.item_date
    from items
    inner join invoices
        on
            items.company_id is not distinct from invoices.company_id
            and items.purchase_order_key is not distinct from invoices.purchase_order_key
)

select * from final
