with

contracts as (
    select * from {{ ref('int_psa__contracts') }}
),

parents as (
    select * from {{ ref('int_po_parents') }}
),

final as (
    select
        contracts.contract_id,
        contracts.company_id,
        contracts.renewed_contract_id,
        contracts.contract_name,
        contracts.contract_number,
        contracts.contract_type_name,
        contracts.status_name,
        parents.po_number,
        contracts.is_active,
        contracts.start_date,
        contracts.end_date
    from contracts
    left join parents
        on contracts.contract_id = parents.parent_id and parents.parent_level = 'contract'
)

select * from final
