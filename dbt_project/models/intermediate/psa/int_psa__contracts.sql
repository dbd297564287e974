-- Rules: MIL-5.
with

contracts as (
    select * from {{ ref('stg_autotask__contracts') }}
),

contract_statuses as (
    select * from {{ ref('contract_statuses') }}
),

statuses as (
    select distinct
        {{ label('status_name') }} as status_label,
        is_active
    from contract_statuses
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
        coalesce(statuses.is_active, true) as is_active,
        contracts.start_date,
        contracts.end_date
    from contracts
    left join statuses
        on {{ label('contracts.status_name') }} = statuses.status_label
)

select * from final
