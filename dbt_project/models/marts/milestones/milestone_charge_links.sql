-- Rules: MIL-6.
with

claims as (
    select * from {{ ref('int_milestone_claims') }}
),

final as (
    select
        milestone_id,
        charge_key,
        charge_contract_id,
        target_contract_id,
        charge_amount,
        milestone_amount,
        is_contract_match
    from claims
)

select * from final
