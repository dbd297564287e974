-- Rules: MRT-25.
with

lines as (
    select * from {{ ref('int_lines_as_posted') }}
),

final as (
    select
        line_kind,
        line_key,
        company_id,
        company_name,
        invoice_number,
        po_number,
        po_source,
        posted_po_number,
        case
            when posted_po_number is null then 'posted_without_po'
            when po_number is null then 'posted_unresolved'
            else 'posted_other_po'
        end as finding,
        amount,
        is_invoiced,
        item_date
    from lines
    where not is_agreeing
)

select * from final
