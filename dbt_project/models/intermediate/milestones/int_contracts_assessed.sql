-- Rules: MIL-5.
with

contracts as (
    select * from {{ ref('int_psa__contracts') }}
),

-- Some record the renewal on the old contract, some on the new one: the dates tell which is which.
renewals as (
    select
        contract_id,
        renewed_contract_id as other_contract_id
    from contracts
    union
    select
        renewed_contract_id as contract_id,
        contract_id as other_contract_id
    from contracts
),

replaced_contracts as (
    select distinct contracts.contract_id
    from renewals
    inner join contracts
        on renewals.contract_id = contracts.contract_id
    inner join contracts as other_contracts
        on renewals.other_contract_id = other_contracts.contract_id
    where
        other_contracts.start_date > contracts.start_date
        and other_contracts.start_date <= {{ as_of_date() }}
),

final as (
    select
        contracts.contract_id,
        contracts.is_active,
        replaced_contracts.contract_id is not null as is_replaced,
        contracts.end_date
    from contracts
    left join replaced_contracts
        on contracts.contract_id = replaced_contracts.contract_id
)

select * from final
