-- Rules: MIL-13.
with

milestones as (
    select * from {{ ref('fct_milestones') }}
),

claims as (
    select * from {{ ref('int_milestone_claims') }}
),

milestone_totals as (
    select
        count(*) as total_milestones,
        count(*) filter (where billing_stage <> 'billed') as open_milestones,
        count(*) filter (where has_conflict) as conflicts_found,
        coalesce(sum(amount), 0) as total_amount,
        coalesce(sum(revenue_at_risk), 0) as revenue_at_risk
    from milestones
),

claim_totals as (
    select count(*) as charges_conflicts
    from claims
    where is_contract_mismatch and billing_stage <> 'billed'
),

final as (
    select
        milestone_totals.total_milestones,
        milestone_totals.open_milestones,
        milestone_totals.conflicts_found,
        {{ percentage('milestone_totals.conflicts_found', 'milestone_totals.total_milestones') }}
            as conflict_rate_pct,
        {{ as_amount('milestone_totals.total_amount') }} as total_amount,
        {{ as_amount('milestone_totals.revenue_at_risk') }} as revenue_at_risk,
        claim_totals.charges_conflicts
    from milestone_totals
    cross join claim_totals
)

select * from final
