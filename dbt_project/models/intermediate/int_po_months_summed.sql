with

charges as (
    select * from {{ ref('fct_charges_po_resolved') }}
),

time_entries as (
    select * from {{ ref('fct_time_entries_po_resolved') }}
),

milestones as (
    select * from {{ ref('fct_milestones') }}
),

-- A charge that claims a milestone is the milestone's own bill: counting both would bill it twice.
lines as (
    select
        charges.purchase_order_key,
        charges.po_company_id,
        charges.po_number,
        charges.date_purchased as activity_date,
        'charge' as line_kind,
        charges.is_billable and milestones.milestone_id is null as is_counted,
        charges.billable_amount as amount,
        cast(0 as decimal(12, 4)) as hours_worked,
        cast(0 as decimal(12, 4)) as billable_hours
    from charges
    left join milestones
        on charges.milestone_id = milestones.milestone_id
    where charges.has_po

    union all

    select
        purchase_order_key,
        po_company_id,
        po_number,
        date_worked as activity_date,
        'time_entry' as line_kind,
        true as is_counted,
        labor_amount as amount,
        hours_worked,
        billable_hours
    from time_entries
    where has_po

    union all

    select
        purchase_order_key,
        po_company_id,
        po_number,
        coalesce(date_due, {{ as_of_date() }}) as activity_date,
        'milestone' as line_kind,
        billing_stage in ('approved_for_billing', 'billed') as is_counted,
        amount,
        cast(0 as decimal(12, 4)) as hours_worked,
        cast(0 as decimal(12, 4)) as billable_hours
    from milestones
    where purchase_order_key is not null
),

final as (
    select
        purchase_order_key,
        po_company_id,
        po_number,
        {{ first_day_of_month('activity_date') }} as activity_month,
        count(*) filter (where line_kind = 'charge') as charge_count,
        count(*) filter (where line_kind = 'charge' and is_counted) as counted_charge_count,
        count(*) filter (where line_kind = 'time_entry') as time_entry_count,
        count(*) filter (where line_kind = 'milestone' and is_counted) as counted_milestone_count,
        coalesce(sum(amount) filter (where line_kind = 'charge' and is_counted), 0)
            as charges_amount,
        coalesce(sum(amount) filter (where line_kind = 'time_entry'), 0) as labor_amount,
        coalesce(sum(amount) filter (where line_kind = 'milestone' and is_counted), 0)
            as milestone_amount,
        sum(hours_worked) as hours_worked,
        sum(billable_hours) as billable_hours,
        min(activity_date) filter (where line_kind <> 'milestone') as first_line_date,
        max(activity_date) filter (where line_kind <> 'milestone') as last_line_date
    from lines
    group by
        purchase_order_key, po_company_id, po_number, {{ first_day_of_month('activity_date') }}
)

select * from final
