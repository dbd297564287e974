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
        {{ as_amount('charges_amount') }} as charges_amount,
        {{ as_amount('hours_worked') }} as hours_worked,
        {{ as_amount('internal_hours') }} as internal_hours,
        {{ as_amount('billable_hours') }} as billable_hours,
        {{ as_amount('labor_amount') }} as labor_amount,
        {{ as_amount('milestone_amount') }} as milestone_amount,
        {{ as_amount('sum(charges_amount + labor_amount + milestone_amount) over so_far') }}
            as cumulative_amount,
        {{ as_amount('sum(billable_hours) over so_far') }} as cumulative_hours,
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
