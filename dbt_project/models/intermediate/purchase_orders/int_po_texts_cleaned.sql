with

charges as (
    select * from {{ ref('stg_autotask__charges') }}
),

delivered_pos as (
    select * from {{ ref('stg_autotask__delivered_pos') }}
),

purchase_orders as (
    select * from {{ ref('stg_reference__purchase_orders') }}
),

po_placeholders as (
    select * from {{ ref('po_placeholders') }}
),

-- Few texts stand on many rows: cleaning each text once is what makes the rule cheap.
po_texts as (
    select purchase_order_number as po_text from charges
    union
    select purchase_order_number as po_text from delivered_pos
    union
    select purchase_order_number as po_text from purchase_orders
),

tidied as (
    select
        po_text,
        {{ tidy_po('po_text') }} as tidy_text
    from po_texts
    where po_text is not null
),

placeholders as (
    select distinct {{ tidy_po('placeholder') }} as tidy_text
    from po_placeholders
),

final as (
    select
        tidied.po_text,
        case
            when placeholders.tidy_text is null then nullif(tidied.tidy_text, '')
        end as po_number,
        placeholders.tidy_text is not null as is_placeholder
    from tidied
    left join placeholders
        on tidied.tidy_text = placeholders.tidy_text
)

select * from final
