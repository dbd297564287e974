with

parents as (
    select * from {{ ref('int_psa__parents') }}
),

po_texts as (
    select * from {{ ref('int_po_texts_cleaned') }}
),

final as (
    select
        parents.parent_level,
        parents.parent_id,
        parents.company_id,
        parents.parent_company_id,
        parents.project_id,
        parents.contract_id,
        parents.parent_number,
        parents.parent_name,
        {{ if_level_counts('parents.parent_level', 'po_texts.po_number', 'null') }} as po_number,
        {{ if_level_counts(
            'parents.parent_level', 'coalesce(po_texts.is_placeholder, false)', 'false'
        ) }} as has_placeholder
    from parents
    left join po_texts
        on parents.purchase_order_number = po_texts.po_text
)

select * from final
