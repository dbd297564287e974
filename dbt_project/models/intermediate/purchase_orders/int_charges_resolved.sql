with

charges as (
    select * from {{ ref('int_charges_parented') }}
),

po_texts as (
    select * from {{ ref('int_po_texts_cleaned') }}
),

charges_with_own_po as (
    select
        charges.*,
        {{ if_level_counts("'charge'", 'po_texts.po_number', 'null') }} as charge_po,
        {{ if_level_counts(
            "'charge'", 'coalesce(po_texts.is_placeholder, false)', 'false'
        ) }} as has_own_placeholder
    from charges
    left join po_texts
        on charges.purchase_order_number = po_texts.po_text
),

charges_with_all_pos as (
    {{ inheritable_pos('charges_with_own_po', line_date='date_purchased') }}
),

final as (
    {{ resolved_pos('charges_with_all_pos') }}
)

select * from final
