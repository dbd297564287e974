-- Rules: MIL-13.
with

milestones as (
    select * from {{ ref('fct_milestones') }}
),

final as (
    select
        project_id,
        project_name,
        count(*) as milestone_count,
        count(*) filter (where has_conflict) as conflicted_count,
        cast(sum(conflict_count) as bigint) as conflict_count,
        {{ as_amount('sum(revenue_at_risk)') }} as revenue_at_risk
    from milestones
    group by project_id, project_name
)

select * from final
