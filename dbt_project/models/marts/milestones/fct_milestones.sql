-- Rules: MIL-10, MIL-11.
with

milestones as (
    select * from {{ ref('int_milestone_purchase_orders') }}
),

claims as (
    select * from {{ ref('int_milestone_claims') }}
),

conflicts as (
    select * from {{ ref('int_milestone_conflicts') }}
),

claim_totals as (
    select
        milestone_id,
        count(*) as claim_count
    from claims
    group by milestone_id
),

conflict_totals as (
    select
        milestone_id,
        count(*) filter (where not is_waived) as conflict_count,
        {{ bool_or("conflict_type = 'contract_reference_mismatch'") }}
            as has_contract_reference_mismatch,
        {{ bool_or("conflict_type = 'project_without_contract'") }} as has_project_without_contract,
        {{ bool_or("conflict_type = 'missing_billing_target'") }} as has_missing_billing_target,
        {{ bool_or("conflict_type = 'missing_charge_allocation'") }}
            as has_missing_charge_allocation,
        {{ bool_or("conflict_type = 'duplicate_allocation'") }} as has_duplicate_allocation,
        {{ bool_or("conflict_type = 'charge_contract_mismatch'") }} as has_charge_contract_mismatch
    from conflicts
    group by milestone_id
),

final as (
    select
        milestones.milestone_id,
        {{ purchase_order_key('milestones.po_company_id', 'milestones.po_number') }}
            as purchase_order_key,
        milestones.po_company_id,
        milestones.company_id,
        milestones.project_id,
        milestones.contract_id,
        milestones.target_contract_id,
        milestones.title,
        milestones.company_name,
        milestones.project_name,
        milestones.project_number,
        milestones.project_status_name,
        milestones.target_contract_name,
        milestones.status_name,
        milestones.billing_stage,
        milestones.po_number,
        milestones.stage_rank,
        milestones.amount,
        case
            when conflict_totals.conflict_count > 0 then milestones.amount
            else cast(0 as decimal(18, 4))
        end as revenue_at_risk,
        coalesce(claim_totals.claim_count, 0) as allocated_charge_count,
        coalesce(conflict_totals.conflict_count, 0) as conflict_count,
        coalesce(conflict_totals.conflict_count > 0, false) as has_conflict,
        coalesce(conflict_totals.has_contract_reference_mismatch, false)
            as has_contract_reference_mismatch,
        coalesce(conflict_totals.has_project_without_contract, false)
            as has_project_without_contract,
        coalesce(conflict_totals.has_missing_billing_target, false) as has_missing_billing_target,
        coalesce(conflict_totals.has_missing_charge_allocation, false)
            as has_missing_charge_allocation,
        coalesce(conflict_totals.has_duplicate_allocation, false) as has_duplicate_allocation,
        coalesce(conflict_totals.has_charge_contract_mismatch, false)
            as has_charge_contract_mismatch,
        coalesce(
            milestones.date_due < {{ as_of_date() }} and milestones.billing_stage <> 'billed',
            false
        ) as is_overdue,
        milestones.date_due
    from milestones
    left join claim_totals
        on milestones.milestone_id = claim_totals.milestone_id
    left join conflict_totals
        on milestones.milestone_id = conflict_totals.milestone_id
)

select * from final
