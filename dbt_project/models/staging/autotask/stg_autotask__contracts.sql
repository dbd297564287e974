with

current_contracts as (
    {{ current_rows('autotask', 'contracts') }}
),

final as (
    select
        id as contract_id,
        company_id,
        renewed_contract_id,
        contract_name,
        contract_number,
        contract_type_name,
        status_name,
        purchase_order_number,
        start_date,
        end_date,
        last_modified_at
    from current_contracts
)

select * from final
