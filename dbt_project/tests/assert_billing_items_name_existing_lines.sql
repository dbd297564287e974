-- A billing item that names a charge, a time entry or a milestone which is not there cannot say
-- anything of it, and is on no preview either: deliver the line, or find out why it is gone.
-- Only a warning since 2026-11-26: the other lines are right without it. (RES-21, MRT-24)
{{ config(
    severity='warn',
    meta={'dagster': {'ref': {'name': 'int_psa__billing_items'}}},
) }}

with

items as (
    select * from {{ ref('int_psa__billing_items') }}
),

charges as (
    select * from {{ ref('int_psa__charges') }}
),

charges_with_company as (
    select * from {{ ref('fct_charges_po_resolved') }}
),

missing_lines as (
    select
        items.*,
        case
            when items.contract_charge_id is not null and contract_charges.charge_id is null
                then 'contract_charge_id'
            when
                items.project_charge_id is not null
                and project_charges.charge_id is null
                and change_orders.charge_id is null
                then 'project_charge_id'
            when items.ticket_charge_id is not null and ticket_charges.charge_id is null
                then 'ticket_charge_id'
            when items.time_entry_id is not null and time_entries.time_entry_id is null
                then 'time_entry_id'
            when items.milestone_id is not null and milestones.milestone_id is null
                then 'milestone_id'
        end as missing_line
    from items
    left join charges as contract_charges
        on
            items.contract_charge_id = contract_charges.charge_id
            and contract_charges.charge_kind = 'contract'
    left join charges as project_charges
        on
            items.project_charge_id = project_charges.charge_id
            and project_charges.charge_kind = 'project'
    left join charges_with_company as change_orders
        on
            items.project_charge_id = change_orders.charge_id
            and change_orders.charge_kind = 'change_order'
            and items.company_id = change_orders.company_id
    left join charges as ticket_charges
        on
            items.ticket_charge_id = ticket_charges.charge_id
            and ticket_charges.charge_kind = 'ticket'
    left join {{ ref('int_psa__time_entries') }} as time_entries
        on items.time_entry_id = time_entries.time_entry_id
    left join {{ ref('int_psa__milestones') }} as milestones
        on items.milestone_id = milestones.milestone_id
)

select
    missing_line,
    count(*) as item_count,
    min(billing_item_id) as first_billing_item_id,
    coalesce(sum(amount), 0) as amount
from missing_lines
where missing_line is not null
group by missing_line
