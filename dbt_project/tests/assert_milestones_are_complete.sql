-- No milestone and no cent is lost or doubled between staging, the fact and what is summed from it:
-- the money at risk is the same in all five marts that carry it, each milestone counted once.
-- (MRT-4, MIL-11)
{{ config(meta={'dagster': {'ref': {'name': 'fct_milestones'}}}) }}

with

staging as (
    select
        'stg_autotask__contract_milestones' as model_name,
        count(*) as milestone_count,
        coalesce(sum(amount), 0) as amount
    from {{ ref('stg_autotask__contract_milestones') }}
),

fact as (
    select
        count(*) as milestone_count,
        coalesce(sum(amount), 0) as amount,
        count(*) filter (where has_conflict) as conflicted_count,
        coalesce(sum(conflict_count), 0) as conflict_count,
        coalesce(sum(revenue_at_risk), 0) as revenue_at_risk
    from {{ ref('fct_milestones') }}
),

conflicted_milestones as (
    select distinct
        milestone_id,
        amount
    from {{ ref('milestone_conflicts') }}
    where not is_waived
),

sums as (
    select
        'milestone_status_breakdown' as model_name,
        coalesce(sum(milestone_count), 0) as milestone_count,
        coalesce(sum(total_amount), 0) as amount,
        coalesce(sum(conflicted_count), 0) as conflicted_count,
        coalesce(sum(revenue_at_risk), 0) as revenue_at_risk
    from {{ ref('milestone_status_breakdown') }}

    union all

    select
        'milestone_conflict_summary' as model_name,
        total_milestones as milestone_count,
        total_amount as amount,
        conflicts_found as conflicted_count,
        revenue_at_risk
    from {{ ref('milestone_conflict_summary') }}

    union all

    select
        'project_milestone_conflicts' as model_name,
        coalesce(sum(projects.milestone_count), 0) as milestone_count,
        max(fact.amount) as amount,
        coalesce(sum(projects.conflicted_count), 0) as conflicted_count,
        coalesce(sum(projects.revenue_at_risk), 0) as revenue_at_risk
    from fact
    left join {{ ref('project_milestone_conflicts') }} as projects on true

    union all

    select
        'milestone_conflicts' as model_name,
        max(fact.milestone_count) as milestone_count,
        max(fact.amount) as amount,
        count(conflicts.milestone_id) as conflicted_count,
        coalesce(sum(conflicts.amount), 0) as revenue_at_risk
    from fact
    left join conflicted_milestones as conflicts on true

    union all

    select
        staging.model_name,
        staging.milestone_count,
        staging.amount,
        fact.conflicted_count,
        fact.revenue_at_risk
    from staging
    cross join fact
),

conflict_counts as (
    select
        'milestone_conflicts' as model_name,
        count(*) filter (where not is_waived) as conflict_count
    from {{ ref('milestone_conflicts') }}

    union all

    select
        'project_milestone_conflicts' as model_name,
        coalesce(sum(conflict_count), 0) as conflict_count
    from {{ ref('project_milestone_conflicts') }}
)

select
    sums.*,
    fact.conflict_count,
    fact.milestone_count as fact_milestone_count,
    fact.amount as fact_amount,
    fact.conflicted_count as fact_conflicted_count,
    fact.revenue_at_risk as fact_revenue_at_risk,
    conflict_counts.conflict_count as listed_conflict_count
from sums
cross join fact
left join conflict_counts
    on sums.model_name = conflict_counts.model_name
where
    sums.milestone_count <> fact.milestone_count
    or sums.amount <> fact.amount
    or sums.conflicted_count <> fact.conflicted_count
    or sums.revenue_at_risk <> fact.revenue_at_risk
    or conflict_counts.conflict_count <> fact.conflict_count
