with

current_contract_milestones as (
    {{ current_rows('autotask', 'contract_milestones') }}
),

final as (
    select
        id as milestone_id,
        contract_id,
        project_id,
        project_number,
        title,
        status_name,
        description,
        amount,
        date_due,
        last_modified_at
    from current_contract_milestones
)

select * from final
