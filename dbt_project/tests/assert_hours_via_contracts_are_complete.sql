-- No hour and no cent is lost or doubled between the time entries and what is summed from them by
-- contract: those of all contracts with a PO, and no others. (MRT-4, MRT-12)
{{ config(meta={'dagster': {'ref': {'name': 'hours_via_contract_po'}}}) }}

with

fact as (
    select
        coalesce(sum(time_entries.hours_worked), 0) as hours,
        coalesce(sum(time_entries.billable_hours), 0) as billable_hours,
        coalesce(sum(time_entries.labor_amount), 0) as labor_amount
    from {{ ref('fct_time_entries_po_resolved') }} as time_entries
    left join {{ ref('int_po_parents') }} as contracts
        on
            contracts.parent_level = 'contract'
            and time_entries.contract_id = contracts.parent_id
    where contracts.po_number is not null
),

via_contract as (
    select
        coalesce(sum(total_hours_worked), 0) as hours,
        coalesce(sum(total_billable_hours), 0) as billable_hours,
        coalesce(sum(total_billing_amount), 0) as labor_amount
    from {{ ref('hours_via_contract_po') }}
)

select
    fact.*,
    via_contract.hours as via_contract_hours,
    via_contract.billable_hours as via_contract_billable_hours,
    via_contract.labor_amount as via_contract_labor_amount
from fact
cross join via_contract
where
    fact.hours <> via_contract.hours
    or fact.billable_hours <> via_contract.billable_hours
    or fact.labor_amount <> via_contract.labor_amount
