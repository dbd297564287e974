-- Rules: RES-4.
with

purchase_orders as (
    select * from {{ ref('stg_reference__purchase_orders') }}
),

po_texts as (
    select * from {{ ref('int_po_texts_cleaned') }}
),

final as (
    select
        {{ purchase_order_key('purchase_orders.company_id', 'po_texts.po_number') }}
            as purchase_order_key,
        purchase_orders.company_id as po_company_id,
        po_texts.po_number,
        purchase_orders.authorized_amount,
        purchase_orders.authorized_hours,
        purchase_orders.valid_from,
        purchase_orders.valid_to
    from purchase_orders
    inner join po_texts
        on purchase_orders.purchase_order_number = po_texts.po_text
    where po_texts.po_number is not null
)

select * from final
