-- Rules: MRT-15.
with

months as (
    select * from {{ ref('int_po_use_by_month') }}
),

final as (
    select
        purchase_order_key,
        po_company_id as company_id,
        po_number,
        counted_charge_count as charge_lines,
        charges_amount,
        hours_worked,
        internal_hours,
        billable_hours,
        labor_amount,
        milestone_amount,
        sum(charges_amount + labor_amount + milestone_amount) over so_far as cumulative_amount,
        sum(billable_hours) over so_far as cumulative_hours,
        activity_month
    from months
    where counted_charge_count + time_entry_count + counted_milestone_count > 0
    window so_far as (
        partition by po_company_id, po_number
        order by activity_month
        rows between unbounded preceding and current row
    )
)

select * from final
