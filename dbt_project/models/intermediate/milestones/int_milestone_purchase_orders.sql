-- Rules: MIL-4.
with

milestones as (
    select
        *,
        company_id as effective_company_id,
        coalesce(date_due, {{ as_of_date() }}) as billing_date
    from {{ ref('int_milestone_targets') }}
),

periods as (
    select * from {{ ref('int_parent_po_periods') }}
),

milestones_with_candidates as (
    select
        milestones.*,
        case
            when {{ company_fits('milestones', 'project_periods') }}
                then project_periods.po_number
        end as project_po,
        case
            when {{ company_fits('milestones', 'contract_periods') }}
                then contract_periods.po_number
        end as contract_po,
        project_periods.company_id as project_company_id,
        contract_periods.company_id as contract_company_id
    from milestones
    left join periods as project_periods
        on
            project_periods.parent_level = 'project'
            and milestones.project_id = project_periods.parent_id
            and milestones.billing_date between project_periods.valid_from
            and project_periods.valid_to
    left join periods as contract_periods
        on
            contract_periods.parent_level = 'contract'
            and milestones.target_contract_id = contract_periods.parent_id
            and milestones.billing_date between contract_periods.valid_from
            and contract_periods.valid_to
),

final as (
    select
        *,
        case
            when project_po is not null then project_company_id
            when contract_po is not null then contract_company_id
        end as po_company_id,
        coalesce(project_po, contract_po) as po_number
    from milestones_with_candidates
)

select * from final
