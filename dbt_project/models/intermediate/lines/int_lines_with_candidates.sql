-- Rules: RES-1, RES-9, RES-10, RES-11.
with

lines as (
    select * from {{ ref('int_lines_with_parents') }}
),

po_texts as (
    select * from {{ ref('int_po_texts_cleaned') }}
),

periods as (
    select * from {{ ref('int_parent_po_periods') }}
),

lines_with_periods as (
    select
        lines.*,
        {{ if_level_counts("'charge'", 'po_texts.po_number', 'null') }} as charge_po,
        {{ if_level_counts("'charge'", 'coalesce(po_texts.is_placeholder, false)', 'false') }}
            as has_own_placeholder,
        task_periods.po_number as po_of_task,
        task_periods.po_basis as basis_of_task,
        task_periods.company_id as company_of_task,
        {{ company_fits('lines', 'task_periods') }} as is_task_fitting,
        ticket_periods.po_number as po_of_ticket,
        ticket_periods.po_basis as basis_of_ticket,
        ticket_periods.company_id as company_of_ticket,
        {{ company_fits('lines', 'ticket_periods') }} as is_ticket_fitting,
        project_periods.po_number as po_of_project,
        project_periods.po_basis as basis_of_project,
        project_periods.company_id as company_of_project,
        {{ company_fits('lines', 'project_periods') }} as is_project_fitting,
        contract_periods.po_number as po_of_contract,
        contract_periods.po_basis as basis_of_contract,
        contract_periods.company_id as company_of_contract,
        {{ company_fits('lines', 'contract_periods') }} as is_contract_fitting,
        coalesce(contract_periods.is_out_of_period, false) as is_out_of_period
    from lines
    left join po_texts
        on lines.purchase_order_number = po_texts.po_text
    left join periods as task_periods
        on
            task_periods.parent_level = 'task'
            and lines.task_id = task_periods.parent_id
            and lines.line_date between task_periods.valid_from and task_periods.valid_to
    left join periods as ticket_periods
        on
            ticket_periods.parent_level = 'ticket'
            and lines.ticket_id = ticket_periods.parent_id
            and lines.line_date between ticket_periods.valid_from and ticket_periods.valid_to
    left join periods as project_periods
        on
            project_periods.parent_level = 'project'
            and lines.effective_project_id = project_periods.parent_id
            and lines.line_date between project_periods.valid_from and project_periods.valid_to
    left join periods as contract_periods
        on
            contract_periods.parent_level = 'contract'
            and lines.effective_contract_id = contract_periods.parent_id
            and lines.line_date between contract_periods.valid_from and contract_periods.valid_to
),

-- A PO of another company is none; what stood in the way is told.
final as (
    select
        *,
        case when charge_po is not null then 'direct' end as charge_basis,
        effective_company_id as charge_po_company_id,
        case when is_task_fitting then po_of_task end as task_po,
        case when is_task_fitting then basis_of_task end as task_basis,
        coalesce(company_of_task, effective_company_id) as task_po_company_id,
        case when is_ticket_fitting then po_of_ticket end as ticket_po,
        case when is_ticket_fitting then basis_of_ticket end as ticket_basis,
        coalesce(company_of_ticket, effective_company_id) as ticket_po_company_id,
        case when is_project_fitting then po_of_project end as project_po,
        case when is_project_fitting then basis_of_project end as project_basis,
        coalesce(company_of_project, effective_company_id) as project_po_company_id,
        case when is_contract_fitting then po_of_contract end as contract_po,
        case when is_contract_fitting then basis_of_contract end as contract_basis,
        coalesce(company_of_contract, effective_company_id) as contract_po_company_id,
        is_contract_fitting and is_out_of_period as is_contract_out_of_period,
        (po_of_task is not null and not is_task_fitting)
        or (po_of_ticket is not null and not is_ticket_fitting)
        or (po_of_project is not null and not is_project_fitting)
        or (po_of_contract is not null and not is_contract_fitting) as has_po_of_other_company
    from lines_with_periods
)

select * from final
