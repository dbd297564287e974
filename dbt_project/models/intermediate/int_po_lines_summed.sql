with

charges as (
    select * from {{ ref('fct_charges_po_resolved') }}
),

time_entries as (
    select * from {{ ref('fct_time_entries_po_resolved') }}
),

milestones as (
    select * from {{ ref('stg_autotask__contract_milestones') }}
),

-- Each kind is summed before they meet, and by the key of the PO alone, because many lines share a
-- month and comparing fewer texts is what takes the time. Company and number follow from the key.
-- A charge that claims a milestone is the milestone's own bill: counting both would bill it twice.
charge_months as (
    select
        charges.purchase_order_key,
        any_value(charges.po_company_id) as po_company_id,
        any_value(charges.po_number) as po_number,
        {{ first_day_of_month('charges.date_purchased') }} as activity_month,
        count(*) as charge_count,
        count(*) filter (where charges.is_billable and milestones.milestone_id is null)
            as counted_charge_count,
        0 as time_entry_count,
        coalesce(sum(charges.billable_amount) filter (
            where charges.is_billable and milestones.milestone_id is null
        ), 0) as charges_amount,
        0 as labor_amount,
        0 as hours_worked,
        0 as billable_hours,
        min(charges.date_purchased) as first_line_date,
        max(charges.date_purchased) as last_line_date
    from charges
    left join milestones
        on charges.milestone_id = milestones.milestone_id
    where charges.has_po
    group by charges.purchase_order_key, {{ first_day_of_month('charges.date_purchased') }}
),

time_entry_months as (
    select
        purchase_order_key,
        any_value(po_company_id) as po_company_id,
        any_value(po_number) as po_number,
        {{ first_day_of_month('date_worked') }} as activity_month,
        0 as charge_count,
        0 as counted_charge_count,
        count(*) as time_entry_count,
        0 as charges_amount,
        sum(labor_amount) as labor_amount,
        sum(hours_worked) as hours_worked,
        sum(billable_hours) as billable_hours,
        min(date_worked) as first_line_date,
        max(date_worked) as last_line_date
    from time_entries
    where has_po
    group by purchase_order_key, {{ first_day_of_month('date_worked') }}
),

final as (
    select * from charge_months
    union all
    select * from time_entry_months
)

select * from final
