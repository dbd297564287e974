with

charges as (
    select * from {{ ref('int_charges_parented') }}
),

milestones as (
    select * from {{ ref('int_milestone_targets') }}
),

charge_statuses as (
    select * from {{ ref('charge_statuses') }}
),

cancelled_statuses as (
    select distinct {{ label('status_name') }} as status_label
    from charge_statuses
    where is_cancelled
),

final as (
    select
        milestones.milestone_id,
        charges.charge_key,
        charges.effective_contract_id as charge_contract_id,
        milestones.target_contract_id,
        milestones.billing_stage,
        charges.billable_amount as charge_amount,
        milestones.amount as milestone_amount,
        coalesce(charges.effective_contract_id = milestones.target_contract_id, false)
            as is_contract_match,
        coalesce(charges.effective_contract_id <> milestones.target_contract_id, false)
            as is_contract_mismatch
    from charges
    inner join milestones
        on charges.milestone_id = milestones.milestone_id
    left join cancelled_statuses
        on {{ label('charges.status_name') }} = cancelled_statuses.status_label
    where cancelled_statuses.status_label is null
)

select * from final
