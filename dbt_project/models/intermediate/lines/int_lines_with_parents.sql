-- Rules: RES-5, RES-6.
with

lines as (
    select * from {{ ref('int_lines') }}
),

parents as (
    select * from {{ ref('int_po_parents') }}
),

companies as (
    select * from {{ ref('int_psa__companies') }}
),

-- The first id that is there wins, even when it points to nothing; it then leads no further.
with_project as (
    select
        lines.*,
        parent_tasks.parent_number as task_number,
        parent_tickets.parent_number as ticket_number,
        parent_tickets.company_id as ticket_company_id,
        parent_tickets.contract_id as ticket_contract_id,
        coalesce(lines.project_id, parent_tasks.project_id, parent_tickets.project_id)
            as effective_project_id,
        (lines.task_id is not null and parent_tasks.parent_id is null)
        or (lines.ticket_id is not null and parent_tickets.parent_id is null)
            as has_orphan_task_or_ticket,
        coalesce(parent_tasks.has_placeholder, false)
        or coalesce(parent_tickets.has_placeholder, false) as has_task_or_ticket_with_placeholder
    from lines
    left join parents as parent_tasks
        on parent_tasks.parent_level = 'task' and lines.task_id = parent_tasks.parent_id
    left join parents as parent_tickets
        on parent_tickets.parent_level = 'ticket' and lines.ticket_id = parent_tickets.parent_id
),

with_contract as (
    select
        with_project.*,
        projects.company_id as project_company_id,
        projects.parent_name as project_name,
        projects.parent_number as project_number,
        coalesce(
            with_project.contract_id, with_project.ticket_contract_id, projects.contract_id
        ) as effective_contract_id,
        with_project.effective_project_id is not null and projects.parent_id is null
            as has_orphan_project,
        coalesce(projects.has_placeholder, false) as has_project_with_placeholder
    from with_project
    left join parents as projects
        on
            projects.parent_level = 'project'
            and with_project.effective_project_id = projects.parent_id
),

with_company as (
    select
        with_contract.*,
        contracts.parent_name as contract_name,
        with_contract.effective_contract_id is not null and contracts.parent_id is null
            as has_orphan_contract,
        coalesce(contracts.has_placeholder, false) as has_contract_with_placeholder,
        coalesce(
            with_contract.company_id,
            with_contract.ticket_company_id,
            with_contract.project_company_id,
            contracts.company_id
        ) as effective_company_id
    from with_contract
    left join parents as contracts
        on
            contracts.parent_level = 'contract'
            and with_contract.effective_contract_id = contracts.parent_id
),

final as (
    select
        with_company.*,
        companies.company_name,
        companies.parent_company_id,
        coalesce(
            with_company.task_id,
            with_company.ticket_id,
            with_company.effective_project_id,
            with_company.effective_contract_id
        ) is not null as has_parent,
        with_company.has_orphan_task_or_ticket
        or with_company.has_orphan_project
        or with_company.has_orphan_contract as has_orphan_reference,
        with_company.has_task_or_ticket_with_placeholder
        or with_company.has_project_with_placeholder
        or with_company.has_contract_with_placeholder as has_parent_with_placeholder
    from with_company
    left join companies
        on with_company.effective_company_id = companies.company_id
)

select * from final
