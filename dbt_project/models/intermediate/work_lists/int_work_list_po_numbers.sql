with

po_numbers as (
    select * from {{ ref('po_number_review') }}
),

-- The money of a number counts once, however many reasons there are to doubt it.
doubtful_numbers as (
    select
        po_company_id as company_id,
        company_name,
        po_number,
        {{ sorted_list('reason') }} as reasons,
        max(similar_po_number) as similar_po_number,
        max(carrier_count) as carrier_count,
        max(line_count) as line_count,
        max(amount) as amount
    from po_numbers
    group by po_company_id, company_name, po_number
),

final as (
    select
        *,
        row_number() over (
            order by
                amount desc,
                line_count desc,
                company_id asc nulls last,
                po_number asc
        ) as fix_order
    from doubtful_numbers
)

select * from final
