-- Rules: MIL-6, MIL-9.
with

charges as (
    select * from {{ ref('int_psa__charges') }}
),

resolved_charges as (
    select * from {{ ref('fct_charges_po_resolved') }}
),

milestones as (
    select * from {{ ref('int_milestone_targets') }}
),

cancelled_statuses as (
    select * from {{ ref('int_psa__cancelled_statuses') }}
),

final as (
    select
        milestones.milestone_id,
        charges.charge_key,
        resolved_charges.contract_id as charge_contract_id,
        milestones.target_contract_id,
        milestones.billing_stage,
        charges.billable_amount as charge_amount,
        milestones.amount as milestone_amount,
        coalesce(resolved_charges.contract_id = milestones.target_contract_id, false)
            as is_contract_match,
        coalesce(resolved_charges.contract_id <> milestones.target_contract_id, false)
            as is_contract_mismatch
    from charges
    inner join milestones
        on charges.milestone_id = milestones.milestone_id
    -- With their effective contracts.
    inner join resolved_charges
        on charges.charge_key = resolved_charges.charge_key
    left join cancelled_statuses
        on
            charges.charge_kind = cancelled_statuses.charge_kind
            and charges.status_name = cancelled_statuses.status_name
    where cancelled_statuses.status_name is null
)

select * from final
