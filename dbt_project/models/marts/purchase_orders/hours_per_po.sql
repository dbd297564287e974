with

time_entries as (
    select * from {{ ref('fct_time_entries_po_resolved') }}
),

final as (
    select
        company_id,
        purchase_order_key,
        contract_id,
        company_name,
        po_number,
        contract_name,
        sum(hours_worked) as total_hours_worked,
        sum(billable_hours) as total_billable_hours,
        sum(labor_amount) as total_billing_amount,
        count(*) as time_entry_count,
        count(distinct resource_id) as resource_count,
        min(date_worked) as first_date_worked,
        max(date_worked) as last_date_worked
    from time_entries
    group by company_id, purchase_order_key, contract_id, company_name, po_number, contract_name
)

select * from final
