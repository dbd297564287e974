with

invoices as (
    select * from {{ ref('invoice_preview') }}
),

final as (
    select
        company_id,
        purchase_order_key,
        company_name,
        po_number,
        blocked_reason,
        charge_lines,
        labor_entries,
        milestone_count,
        total_amount,
        row_number() over (
            order by
                total_amount desc,
                company_id asc nulls last,
                po_number asc nulls last,
                purchase_order_key asc nulls last
        ) as fix_order
    from invoices
    where is_blocked
)

select * from final
