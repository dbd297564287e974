-- Rules: RAW-14.
with

current_contract_milestones as (
    {{ current_rows('autotask', 'contract_milestones') }}
),

statuses as (
    {{ picklist('ContractMilestones', 'status') }}
),

final as (
    select
        current_contract_milestones.id as milestone_id,
        current_contract_milestones.contract_id,
        current_contract_milestones.project_id,
        current_contract_milestones.project_number,
        current_contract_milestones.title,
        coalesce(statuses.label, current_contract_milestones.status_name) as status_name,
        current_contract_milestones.description,
        current_contract_milestones.amount,
        current_contract_milestones.date_due,
        current_contract_milestones.last_modified_at
    from current_contract_milestones
    left join statuses
        on {{ label('current_contract_milestones.status_name') }} = statuses.value_label
)

select * from final
