with

exposure as (
    select * from {{ ref('po_exposure') }}
),

-- Nobody can be asked on behalf of an unknown company.
final as (
    select
        company_id,
        company_name,
        material_code_name,
        total_billable_exposed as amount,
        row_number() over (
            order by
                total_billable_exposed desc,
                company_id asc,
                material_code_name asc nulls last
        ) as fix_order
    from exposure
    where po_required and total_billable_exposed > 0 and company_id is not null
)

select * from final
