with

projects as (
    select * from {{ ref('int_psa__projects') }}
),

parents as (
    select * from {{ ref('int_po_parents') }}
),

final as (
    select
        projects.project_id,
        projects.company_id,
        projects.contract_id,
        projects.project_name,
        projects.project_number,
        projects.status_name,
        parents.po_number
    from projects
    left join parents
        on projects.project_id = parents.parent_id and parents.parent_level = 'project'
)

select * from final
