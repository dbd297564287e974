-- Rules: RAW-14.
with

current_tasks as (
    {{ current_rows('autotask', 'tasks') }}
),

statuses as (
    {{ picklist('Tasks', 'status') }}
),

final as (
    select
        current_tasks.id as task_id,
        current_tasks.project_id,
        current_tasks.title,
        current_tasks.task_number,
        coalesce(statuses.label, current_tasks.status_name) as status_name,
        current_tasks.purchase_order_number,
        current_tasks.last_modified_at
    from current_tasks
    left join statuses
        on {{ label('current_tasks.status_name') }} = statuses.value_label
)

select * from final
