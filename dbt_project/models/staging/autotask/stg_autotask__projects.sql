with

current_projects as (
    {{ current_rows('autotask', 'projects') }}
),

final as (
    select
        id as project_id,
        company_id,
        contract_id,
        project_name,
        project_number,
        project_type_name,
        status_name,
        purchase_order_number,
        start_date,
        end_date,
        last_modified_at
    from current_projects
)

select * from final
