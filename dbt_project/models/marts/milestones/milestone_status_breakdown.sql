-- Rules: MIL-13.
with

milestones as (
    select * from {{ ref('fct_milestones') }}
),

-- Each status as delivered, with what its stage means.
statuses as (
    select distinct
        status_name,
        billing_implication
    from {{ ref('int_milestone_targets') }}
),

totals as (
    select
        status_name,
        billing_stage,
        stage_rank,
        count(*) as milestone_count,
        count(*) filter (where has_conflict) as conflicted_count,
        sum(amount) as total_amount,
        sum(revenue_at_risk) as revenue_at_risk
    from milestones
    group by status_name, billing_stage, stage_rank
),

whole as (
    select sum(milestone_count) as milestone_count
    from totals
),

final as (
    select
        totals.status_name,
        totals.billing_stage,
        statuses.billing_implication,
        totals.stage_rank,
        totals.milestone_count,
        {{ percentage('totals.milestone_count', 'whole.milestone_count') }} as share_pct,
        {{ as_amount('totals.total_amount') }} as total_amount,
        totals.conflicted_count,
        {{ as_amount('totals.revenue_at_risk') }} as revenue_at_risk
    from totals
    cross join whole
    inner join statuses
        on totals.status_name = statuses.status_name
)

select * from final
