-- Rules: RAW-14.
with

current_projects as (
    {{ current_rows('autotask', 'projects') }}
),

project_types as (
    {{ picklist('Projects', 'projectType') }}
),

statuses as (
    {{ picklist('Projects', 'status') }}
),

final as (
    select
        current_projects.id as project_id,
        current_projects.company_id,
        current_projects.contract_id,
        current_projects.project_name,
        current_projects.project_number,
        coalesce(project_types.label, current_projects.project_type_name) as project_type_name,
        coalesce(statuses.label, current_projects.status_name) as status_name,
        current_projects.purchase_order_number,
        current_projects.start_date,
        current_projects.end_date,
        current_projects.last_modified_at
    from current_projects
    left join project_types
        on {{ label('current_projects.project_type_name') }} = project_types.value_label
    left join statuses
        on {{ label('current_projects.status_name') }} = statuses.value_label
)

select * from final
