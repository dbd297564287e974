with

lines as (
    select * from {{ ref('int_po_lines_summed') }}
),

milestones as (
    select * from {{ ref('fct_milestones') }}
),

lines_and_milestones as (
    select
        *,
        0 as counted_milestone_count,
        0 as milestone_amount
    from lines

    union all

    select
        purchase_order_key,
        po_company_id,
        po_number,
        {{ first_day_of_month("coalesce(date_due, " ~ as_of_date() ~ ")") }} as activity_month,
        0 as charge_count,
        0 as counted_charge_count,
        0 as time_entry_count,
        0 as charges_amount,
        0 as labor_amount,
        0 as hours_worked,
        0 as billable_hours,
        cast(null as date) as first_line_date,
        cast(null as date) as last_line_date,
        case when billing_stage in ('approved_for_billing', 'billed') then 1 else 0 end
            as counted_milestone_count,
        case when billing_stage in ('approved_for_billing', 'billed') then amount else 0 end
            as milestone_amount
    from milestones
    where purchase_order_key is not null
),

final as (
    select
        purchase_order_key,
        any_value(po_company_id) as po_company_id,
        any_value(po_number) as po_number,
        activity_month,
        cast(sum(charge_count) as bigint) as charge_count,
        cast(sum(counted_charge_count) as bigint) as counted_charge_count,
        cast(sum(time_entry_count) as bigint) as time_entry_count,
        cast(sum(counted_milestone_count) as bigint) as counted_milestone_count,
        sum(charges_amount) as charges_amount,
        sum(labor_amount) as labor_amount,
        sum(milestone_amount) as milestone_amount,
        sum(hours_worked) as hours_worked,
        sum(billable_hours) as billable_hours,
        min(first_line_date) as first_line_date,
        max(last_line_date) as last_line_date
    from lines_and_milestones
    group by purchase_order_key, activity_month
)

select * from final
