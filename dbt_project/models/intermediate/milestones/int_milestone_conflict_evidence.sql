-- Rules: MIL-8, MIL-11.
with

milestones as (
    select * from {{ ref('int_milestone_targets') }}
),

contracts as (
    select * from {{ ref('int_contracts_assessed') }}
),

claims as (
    select * from {{ ref('int_milestone_claims') }}
),

allocation_tracking as (
    select * from {{ ref('int_allocation_tracking') }}
),

claim_totals as (
    select
        milestone_id,
        count(*) as claim_count,
        {{ sorted_list('charge_key') }} as charge_keys,
        {{ sorted_list('case when is_contract_mismatch then charge_key end') }}
            as mismatching_charge_keys
    from claims
    group by milestone_id
),

-- What is billed needs no preparation any more, so it has no conflicts.
final as (
    select
        milestones.*,
        coalesce(claim_totals.claim_count, 0) as claim_count,
        claim_totals.charge_keys,
        claim_totals.mismatching_charge_keys,
        allocation_tracking.is_allocation_tracked,
        case
            when milestones.target_contract_id is null then null
            when contracts.contract_id is null then 'contract_missing'
            when not contracts.is_active then 'contract_inactive'
            when contracts.is_replaced then 'contract_replaced'
            when contracts.end_date < coalesce(milestones.date_due, {{ as_of_date() }})
                then 'contract_expired'
            when milestones.contract_id <> milestones.project_contract_id
                then 'project_contract_differs'
        end as contract_mistake
    from milestones
    cross join allocation_tracking
    left join contracts
        on milestones.target_contract_id = contracts.contract_id
    left join claim_totals
        on milestones.milestone_id = claim_totals.milestone_id
    where milestones.billing_stage <> 'billed'
)

select * from final
