with

projects as (
    select * from {{ ref('stg_autotask__projects') }}
),

final as (
    select
        project_id,
        company_id,
        contract_id,
        project_name,
        project_number,
        status_name
    from projects
)

select * from final
