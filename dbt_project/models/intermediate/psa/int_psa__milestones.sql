-- Rules: MIL-3.
with

milestones as (
    select * from {{ ref('stg_autotask__contract_milestones') }}
),

milestone_statuses as (
    select * from {{ ref('milestone_statuses') }}
),

statuses as (
    select distinct
        {{ label('status_name') }} as status_label,
        billing_stage,
        stage_rank,
        billing_implication
    from milestone_statuses
),

final as (
    select
        milestones.milestone_id,
        milestones.contract_id,
        milestones.project_id,
        milestones.project_number,
        milestones.title,
        milestones.status_name,
        coalesce(statuses.billing_stage, 'unknown') as billing_stage,
        statuses.billing_implication,
        coalesce(statuses.stage_rank, 4) as stage_rank,
        milestones.amount,
        milestones.date_due
    from milestones
    left join statuses
        on {{ label('milestones.status_name') }} = statuses.status_label
)

select * from final
