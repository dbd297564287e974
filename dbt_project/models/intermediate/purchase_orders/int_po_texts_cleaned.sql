with

charges as (
    select * from {{ ref('int_psa__charges') }}
),

delivered_pos as (
    select * from {{ ref('int_psa__delivered_pos') }}
),

purchase_orders as (
    select * from {{ ref('stg_reference__purchase_orders') }}
),

billing_items as (
    select * from {{ ref('int_psa__billing_items') }}
),

-- Few texts stand on many rows: cleaning each text once is what makes the rule cheap.
po_texts as (
    select purchase_order_number as po_text from charges
    union
    select purchase_order_number as po_text from delivered_pos
    union
    select purchase_order_number as po_text from purchase_orders
    union
    select purchase_order_number as po_text from billing_items
),

cleaned as (
    {{ cleaned_texts('po_texts', 'po_text') }}
),

final as (
    select
        po_text,
        clean_text as po_number,
        clean_text is null and not {{ is_blank('po_text') }} as is_placeholder
    from cleaned
    where po_text is not null
)

select * from final
