-- Rules: MRT-20.
with

charges as (
    select * from {{ ref('fct_charges_po_resolved') }}
),

time_entries as (
    select * from {{ ref('fct_time_entries_po_resolved') }}
),

lines as (
    select
        company_id,
        1 as charge_lines,
        billable_amount,
        cast(0 as decimal(18, 4)) as labor_amount,
        has_po,
        is_exposed
    from charges

    union all

    select
        company_id,
        0 as charge_lines,
        cast(0 as decimal(18, 4)) as billable_amount,
        labor_amount,
        has_po,
        is_exposed
    from time_entries
),

final as (
    select
        company_id,
        cast(sum(charge_lines) as bigint) as charge_lines,
        coalesce(sum(charge_lines) filter (where has_po), 0) as charge_lines_with_po,
        sum(billable_amount) as billable_amount,
        coalesce(sum(billable_amount) filter (where has_po), 0) as amount_with_po,
        coalesce(sum(billable_amount) filter (where is_exposed), 0) as exposed_amount,
        coalesce(sum(labor_amount) filter (where is_exposed), 0) as exposed_labor_amount,
        {{ bool_or('has_po') }} as has_line_with_po,
        {{ bool_or('is_exposed') }} as has_exposed_line
    from lines
    where company_id is not null
    group by company_id
)

select * from final
