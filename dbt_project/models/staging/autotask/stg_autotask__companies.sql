with

current_companies as (
    {{ current_rows('autotask', 'companies') }}
),

final as (
    select
        id as company_id,
        parent_company_id,
        company_name,
        is_active,
        po_required,
        last_modified_at
    from current_companies
)

select * from final
