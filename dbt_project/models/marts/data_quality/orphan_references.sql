-- Rules: RES-6.
with

final as (
    {{ orphans('companies', 'cast(company_id as varchar)', 'parent_company_id', 'companies') }}
    union all
    {{ orphans('contracts', 'cast(contract_id as varchar)', 'company_id', 'companies') }}
    union all
    {{ orphans('contracts', 'cast(contract_id as varchar)', 'renewed_contract_id', 'contracts') }}
    union all
    {{ orphans('projects', 'cast(project_id as varchar)', 'company_id', 'companies') }}
    union all
    {{ orphans('projects', 'cast(project_id as varchar)', 'contract_id', 'contracts') }}
    union all
    {{ orphans('tasks', 'cast(task_id as varchar)', 'project_id', 'projects') }}
    union all
    {{ orphans('tickets', 'cast(ticket_id as varchar)', 'company_id', 'companies') }}
    union all
    {{ orphans('tickets', 'cast(ticket_id as varchar)', 'contract_id', 'contracts') }}
    union all
    {{ orphans('tickets', 'cast(ticket_id as varchar)', 'project_id', 'projects') }}
    union all
    {{ orphans('tickets', 'cast(ticket_id as varchar)', 'problem_ticket_id', 'tickets') }}
    union all
    {{ orphans('charges', 'charge_key', 'company_id', 'companies') }}
    union all
    {{ orphans('charges', 'charge_key', 'contract_id', 'contracts') }}
    union all
    {{ orphans('charges', 'charge_key', 'project_id', 'projects') }}
    union all
    {{ orphans('charges', 'charge_key', 'task_id', 'tasks') }}
    union all
    {{ orphans('charges', 'charge_key', 'ticket_id', 'tickets') }}
    union all
    {{ orphans('charges', 'charge_key', 'milestone_id', 'contract_milestones') }}
    union all
    {{ orphans('time_entries', 'cast(time_entry_id as varchar)', 'contract_id', 'contracts') }}
    union all
    {{ orphans('time_entries', 'cast(time_entry_id as varchar)', 'task_id', 'tasks') }}
    union all
    {{ orphans('time_entries', 'cast(time_entry_id as varchar)', 'ticket_id', 'tickets') }}
    union all
    {{ orphans(
        'contract_milestones', 'cast(milestone_id as varchar)',
        'contract_id', 'contracts'
    ) }}
    union all
    {{ orphans('contract_milestones', 'cast(milestone_id as varchar)', 'project_id', 'projects') }}
    union all
    {{ orphans(
        'po_required_companies', 'cast(company_id as varchar)',
        'company_id', 'companies', source_name='reference'
    ) }}
    union all
    {{ orphans(
        'purchase_orders', purchase_order_key('company_id', tidy_po('purchase_order_number')),
        'company_id', 'companies', source_name='reference'
    ) }}
    union all
    {{ orphans(
        'milestone_conflict_waivers', "cast(milestone_id as varchar) || '-' || conflict_type",
        'milestone_id', 'contract_milestones', source_name='reference'
    ) }}
)

select * from final
