with

companies_accounted as (
    {{ rows_accounted(
        'autotask', 'companies', key=['id'],
        current='stg_autotask__companies', current_key=['company_id']
    ) }}
),

contracts_accounted as (
    {{ rows_accounted(
        'autotask', 'contracts', key=['id'],
        current='stg_autotask__contracts', current_key=['contract_id']
    ) }}
),

projects_accounted as (
    {{ rows_accounted(
        'autotask', 'projects', key=['id'],
        current='stg_autotask__projects', current_key=['project_id']
    ) }}
),

tasks_accounted as (
    {{ rows_accounted(
        'autotask', 'tasks', key=['id'],
        current='stg_autotask__tasks', current_key=['task_id']
    ) }}
),

charges_accounted as (
    {{ rows_accounted(
        'autotask', 'charges', key=['charge_kind', 'id'],
        current='stg_autotask__charges', current_key=['charge_kind', 'charge_id'],
        measure='billable_amount'
    ) }}
),

time_entries_accounted as (
    {{ rows_accounted(
        'autotask', 'time_entries', key=['id'],
        current='stg_autotask__time_entries', current_key=['time_entry_id'],
        measure='hours_worked'
    ) }}
),

contract_milestones_accounted as (
    {{ rows_accounted(
        'autotask', 'contract_milestones', key=['id'],
        current='stg_autotask__contract_milestones', current_key=['milestone_id'],
        measure='amount'
    ) }}
),

tickets_accounted as (
    {{ rows_accounted(
        'autotask', 'tickets', key=['id'],
        current='stg_autotask__tickets', current_key=['ticket_id']
    ) }}
),

po_required_companies_accounted as (
    {{ rows_accounted(
        'reference', 'po_required_companies', key=['company_id'],
        current='stg_reference__po_required_companies', current_key=['company_id']
    ) }}
),

milestone_conflict_waivers_accounted as (
    {{ rows_accounted(
        'reference', 'milestone_conflict_waivers', key=['milestone_id', 'conflict_type'],
        current='stg_reference__milestone_conflict_waivers', current_key=['milestone_id', 'conflict_type']
    ) }}
),

purchase_orders_accounted as (
    {{ rows_accounted(
        'reference', 'purchase_orders', key=['company_id', tidy_po('purchase_order_number')],
        current='stg_reference__purchase_orders',
        current_key=['company_id', tidy_po('purchase_order_number')]
    ) }}
),

final as (
    select * from companies_accounted
    union all
    select * from contracts_accounted
    union all
    select * from projects_accounted
    union all
    select * from tasks_accounted
    union all
    select * from charges_accounted
    union all
    select * from time_entries_accounted
    union all
    select * from contract_milestones_accounted
    union all
    select * from tickets_accounted
    union all
    select * from po_required_companies_accounted
    union all
    select * from milestone_conflict_waivers_accounted
    union all
    select * from purchase_orders_accounted
)

select * from final
