-- Rules: MRT-12.
with

contracts as (
    select * from {{ ref('dim_contracts') }}
),

time_entries as (
    select * from {{ ref('fct_time_entries_po_resolved') }}
),

final as (
    select
        contracts.contract_id,
        contracts.company_id,
        contracts.contract_name,
        contracts.po_number,
        {{ as_amount('sum(time_entries.hours_worked)') }} as total_hours_worked,
        {{ as_amount(
            'coalesce(sum(time_entries.hours_worked) filter (where time_entries.is_internal), 0)'
        ) }} as internal_hours,
        {{ as_amount('sum(time_entries.billable_hours)') }} as total_billable_hours,
        {{ as_amount('sum(time_entries.labor_amount)') }} as total_billing_amount
    from contracts
    inner join time_entries
        on contracts.contract_id = time_entries.contract_id
    where contracts.po_number is not null
    group by
        contracts.contract_id, contracts.company_id, contracts.contract_name, contracts.po_number
)

select * from final
