-- Rules: RAW-14.
with

current_contracts as (
    {{ current_rows('autotask', 'contracts') }}
),

contract_types as (
    {{ picklist('Contracts', 'contractType') }}
),

statuses as (
    {{ picklist('Contracts', 'status') }}
),

final as (
    select
        current_contracts.id as contract_id,
        current_contracts.company_id,
        current_contracts.renewed_contract_id,
        current_contracts.contract_name,
        current_contracts.contract_number,
        coalesce(contract_types.label, current_contracts.contract_type_name) as contract_type_name,
        coalesce(statuses.label, current_contracts.status_name) as status_name,
        current_contracts.purchase_order_number,
        current_contracts.start_date,
        current_contracts.end_date,
        current_contracts.last_modified_at
    from current_contracts
    left join contract_types
        on {{ label('current_contracts.contract_type_name') }} = contract_types.value_label
    left join statuses
        on {{ label('current_contracts.status_name') }} = statuses.value_label
)

select * from final
