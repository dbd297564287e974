with

companies as (
    select * from {{ ref('stg_autotask__companies') }}
),

final as (
    select
        company_id,
        parent_company_id,
        company_name,
        is_active,
        po_required
    from companies
)

select * from final
