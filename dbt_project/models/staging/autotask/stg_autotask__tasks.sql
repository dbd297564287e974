with

current_tasks as (
    {{ current_rows('autotask', 'tasks') }}
),

final as (
    select
        id as task_id,
        project_id,
        title,
        task_number,
        status_name,
        purchase_order_number,
        last_modified_at
    from current_tasks
)

select * from final
