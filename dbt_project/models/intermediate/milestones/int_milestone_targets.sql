-- Rules: MIL-1, MIL-2.
with

milestones as (
    select * from {{ ref('int_psa__milestones') }}
),

projects as (
    select * from {{ ref('int_psa__projects') }}
),

contracts as (
    select * from {{ ref('int_psa__contracts') }}
),

companies as (
    select * from {{ ref('int_psa__companies') }}
),

-- A number that two projects share names neither.
projects_by_number as (
    select
        {{ stripped('project_number') }} as project_number,
        min(project_id) as project_id
    from projects
    group by {{ stripped('project_number') }}
    having count(*) = 1
),

milestones_with_project as (
    select
        milestones.*,
        coalesce(milestones.project_id, projects_by_number.project_id) as effective_project_id
    from milestones
    left join projects_by_number
        on {{ stripped('milestones.project_number') }} = projects_by_number.project_number
),

final as (
    select
        milestones.milestone_id,
        milestones.contract_id,
        milestones.effective_project_id as project_id,
        projects.contract_id as project_contract_id,
        projects.project_id as existing_project_id,
        coalesce(milestones.contract_id, projects.contract_id) as target_contract_id,
        coalesce(contracts.company_id, projects.company_id) as company_id,
        companies.parent_company_id,
        milestones.title,
        projects.project_name,
        projects.project_number,
        projects.status_name as project_status_name,
        contracts.contract_name as target_contract_name,
        companies.company_name,
        milestones.status_name,
        milestones.billing_stage,
        milestones.billing_implication,
        milestones.stage_rank,
        milestones.amount,
        milestones.date_due
    from milestones_with_project as milestones
    left join projects
        on milestones.effective_project_id = projects.project_id
    left join contracts
        on coalesce(milestones.contract_id, projects.contract_id) = contracts.contract_id
    left join companies
        on coalesce(contracts.company_id, projects.company_id) = companies.company_id
)

select * from final
