-- Rules: MIL-12.
with

conflicts as (
    select * from {{ ref('int_milestone_conflicts') }}
),

milestones as (
    select * from {{ ref('fct_milestones') }}
),

resolutions as (
    select * from {{ ref('conflict_resolutions') }}
),

final as (
    select
        cast(conflicts.milestone_id as string) || '-' || conflicts.conflict_type as conflict_key,
        conflicts.milestone_id,
        milestones.company_id,
        milestones.project_id,
        milestones.target_contract_id,
        conflicts.conflict_type,
        conflicts.detail,
        milestones.title,
        milestones.company_name,
        milestones.project_name,
        milestones.status_name,
        milestones.billing_stage,
        case milestones.billing_stage
            when 'approved_for_billing' then 'immediate'
            when 'completed' then 'next'
            else 'lead_time'
        end as billing_urgency,
        resolutions.resolution,
        conflicts.waiver_reason,
        milestones.amount,
        row_number() over (
            order by
                conflicts.is_waived asc,
                case milestones.billing_stage
                    when 'approved_for_billing' then 1
                    when 'completed' then 2
                    else 3
                end asc,
                milestones.amount desc,
                conflicts.milestone_id asc,
                conflicts.conflict_type asc
        ) as fix_order,
        conflicts.is_waived,
        milestones.date_due
    from conflicts
    inner join milestones
        on conflicts.milestone_id = milestones.milestone_id
    left join resolutions
        on conflicts.conflict_type = resolutions.conflict_type
)

select * from final
