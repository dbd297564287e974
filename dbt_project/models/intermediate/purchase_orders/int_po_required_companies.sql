-- Rules: RES-20.
with

companies as (
    select * from {{ ref('int_psa__companies') }}
),

po_required_companies as (
    select * from {{ ref('stg_reference__po_required_companies') }}
),

final as (
    select company_id from companies
    where po_required
    union
    select company_id from po_required_companies
)

select * from final
