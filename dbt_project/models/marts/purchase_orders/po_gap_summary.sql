-- Rules: MRT-9.
with

charges as (
    select * from {{ ref('fct_charges_po_resolved') }}
),

time_entries as (
    select * from {{ ref('fct_time_entries_po_resolved') }}
),

lines_without_po as (
    select
        'charge' as line_kind,
        po_gap_reason,
        billable_amount as amount,
        cast(0 as decimal(12, 4)) as hours,
        cast(0 as decimal(12, 4)) as internal_hours,
        is_exposed
    from charges
    where not has_po

    union all

    select
        'time_entry' as line_kind,
        po_gap_reason,
        labor_amount as amount,
        hours_worked as hours,
        case when is_internal then hours_worked else 0 end as internal_hours,
        is_exposed
    from time_entries
    where not has_po
),

final as (
    select
        line_kind,
        po_gap_reason,
        count(*) as line_count,
        {{ as_amount('sum(amount)') }} as amount,
        {{ as_amount('sum(hours)') }} as hours,
        {{ as_amount('sum(internal_hours)') }} as internal_hours,
        count(*) filter (where is_exposed) as exposed_lines,
        {{ as_amount('coalesce(sum(amount) filter (where is_exposed), 0)') }} as exposed_amount
    from lines_without_po
    group by line_kind, po_gap_reason
)

select * from final
