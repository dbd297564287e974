with

current_po_required_companies as (
    {{ current_rows('reference', 'po_required_companies') }}
),

final as (
    select
        company_id,
        notes,
        has_disputed_invoice
    from current_po_required_companies
)

select * from final
