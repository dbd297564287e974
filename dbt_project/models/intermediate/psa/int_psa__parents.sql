-- Rules: RES-10, RES-11.
with

companies as (
    select * from {{ ref('stg_autotask__companies') }}
),

tasks as (
    select * from {{ ref('stg_autotask__tasks') }}
),

tickets as (
    select * from {{ ref('stg_autotask__tickets') }}
),

projects as (
    select * from {{ ref('stg_autotask__projects') }}
),

contracts as (
    select * from {{ ref('stg_autotask__contracts') }}
),

parents as (
    select
        'task' as parent_level,
        tasks.task_id as parent_id,
        projects.company_id,
        tasks.project_id,
        cast(null as bigint) as contract_id,
        tasks.task_number as parent_number,
        tasks.title as parent_name,
        tasks.purchase_order_number
    from tasks
    left join projects
        on tasks.project_id = projects.project_id

    union all

    select
        'ticket' as parent_level,
        ticket_id as parent_id,
        company_id,
        project_id,
        contract_id,
        ticket_number as parent_number,
        title as parent_name,
        purchase_order_number
    from tickets

    union all

    select
        'project' as parent_level,
        project_id as parent_id,
        company_id,
        project_id,
        contract_id,
        project_number as parent_number,
        project_name as parent_name,
        purchase_order_number
    from projects

    union all

    select
        'contract' as parent_level,
        contract_id as parent_id,
        company_id,
        cast(null as bigint) as project_id,
        contract_id,
        contract_number as parent_number,
        contract_name as parent_name,
        purchase_order_number
    from contracts
),

final as (
    select
        parents.parent_level,
        parents.parent_id,
        parents.company_id,
        companies.parent_company_id,
        parents.project_id,
        parents.contract_id,
        parents.parent_number,
        parents.parent_name,
        parents.purchase_order_number
    from parents
    left join companies
        on parents.company_id = companies.company_id
)

select * from final
