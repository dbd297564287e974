-- Rules: MRT-12.
with

-- Imported twice, because what two steps read in common is written down whole before either.
time_entries as (
    select * from {{ ref('fct_time_entries_po_resolved') }}
),

time_entries_of_people as (
    select * from {{ ref('fct_time_entries_po_resolved') }}
),

hours as (
    select
        company_id,
        purchase_order_key,
        contract_id,
        company_name,
        po_number,
        contract_name,
        sum(hours_worked) as total_hours_worked,
        coalesce(sum(hours_worked) filter (where is_internal), 0) as internal_hours,
        sum(billable_hours) as total_billable_hours,
        sum(labor_amount) as total_billing_amount,
        count(*) as time_entry_count,
        min(date_worked) as first_date_worked,
        max(date_worked) as last_date_worked
    from time_entries
    group by company_id, purchase_order_key, contract_id, company_name, po_number, contract_name
),

-- Apart from the sums, because distinct counts beside them take three times as long.
resources as (
    select
        company_id,
        purchase_order_key,
        contract_id,
        count(distinct resource_id) as resource_count
    from time_entries_of_people
    group by company_id, purchase_order_key, contract_id
),

final as (
    select
        hours.company_id,
        hours.purchase_order_key,
        hours.contract_id,
        hours.company_name,
        hours.po_number,
        hours.contract_name,
        {{ as_amount('hours.total_hours_worked') }} as total_hours_worked,
        {{ as_amount('hours.internal_hours') }} as internal_hours,
        {{ as_amount('hours.total_billable_hours') }} as total_billable_hours,
        {{ as_amount('hours.total_billing_amount') }} as total_billing_amount,
        hours.time_entry_count,
        resources.resource_count,
        hours.first_date_worked,
        hours.last_date_worked
    from hours
    inner join resources
        on
            hours.company_id is not distinct from resources.company_id
            and hours.purchase_order_key is not distinct from resources.purchase_order_key
            and hours.contract_id is not distinct from resources.contract_id
)

select * from final
