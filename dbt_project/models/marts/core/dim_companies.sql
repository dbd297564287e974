-- Rules: RES-20.
with

companies as (
    select * from {{ ref('int_psa__companies') }}
),

po_required_companies as (
    select * from {{ ref('int_po_required_companies') }}
),

final as (
    select
        companies.company_id,
        companies.parent_company_id,
        companies.company_name,
        companies.is_active,
        po_required_companies.company_id is not null as po_required
    from companies
    left join po_required_companies
        on companies.company_id = po_required_companies.company_id
)

select * from final
