-- Rules: MRT-26.
with

lines as (
    select * from {{ ref('int_lines_as_posted') }}
),

totals as (
    select
        line_kind,
        po_source,
        count(*) as posted_lines,
        count(*) filter (where is_agreeing) as agreeing_lines,
        sum(amount) as amount,
        coalesce(sum(amount) filter (where is_agreeing), 0) as agreeing_amount
    from lines
    group by line_kind, po_source
),

final as (
    select
        line_kind,
        po_source,
        posted_lines,
        agreeing_lines,
        {{ percentage('agreeing_lines', 'posted_lines') }} as agreement_pct,
        {{ as_amount('amount') }} as amount,
        {{ as_amount('agreeing_amount') }} as agreeing_amount
    from totals
)

select * from final
