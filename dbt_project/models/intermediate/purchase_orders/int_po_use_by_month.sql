-- Rules: MRT-13, MRT-15.
with

lines as (
    select * from {{ ref('int_po_lines_by_month') }}
),

milestones as (
    select * from {{ ref('fct_milestones') }}
),

milestone_months as (
    select
        purchase_order_key,
        po_company_id,
        po_number,
        {{ first_day_of_month("coalesce(date_due, " ~ as_of_date() ~ ")") }} as activity_month,
        count(*) filter (where billing_stage in ('approved_for_billing', 'billed'))
            as counted_milestone_count,
        coalesce(sum(amount) filter (where billing_stage in ('approved_for_billing', 'billed')), 0)
            as milestone_amount
    from milestones
    where purchase_order_key is not null
    group by
        purchase_order_key,
        po_company_id,
        po_number,
        {{ first_day_of_month("coalesce(date_due, " ~ as_of_date() ~ ")") }}
),

final as (
    select
        coalesce(lines.purchase_order_key, milestone_months.purchase_order_key)
            as purchase_order_key,
        coalesce(lines.po_company_id, milestone_months.po_company_id) as po_company_id,
        coalesce(lines.po_number, milestone_months.po_number) as po_number,
        coalesce(lines.activity_month, milestone_months.activity_month) as activity_month,
        coalesce(lines.charge_count, 0) as charge_count,
        coalesce(lines.counted_charge_count, 0) as counted_charge_count,
        coalesce(lines.time_entry_count, 0) as time_entry_count,
        coalesce(milestone_months.counted_milestone_count, 0) as counted_milestone_count,
        coalesce(lines.charges_amount, 0) as charges_amount,
        coalesce(lines.labor_amount, 0) as labor_amount,
        coalesce(milestone_months.milestone_amount, 0) as milestone_amount,
        coalesce(lines.hours_worked, 0) as hours_worked,
        coalesce(lines.internal_hours, 0) as internal_hours,
        coalesce(lines.billable_hours, 0) as billable_hours,
        lines.first_line_date,
        lines.last_line_date
    from lines
    full join milestone_months
        on
            lines.purchase_order_key = milestone_months.purchase_order_key
            and lines.activity_month = milestone_months.activity_month
)

select * from final
