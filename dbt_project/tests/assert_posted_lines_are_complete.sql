-- Every line that a billing item names is compared once with what was posted, and what differs in
-- the check is what does not agree in the summary. (MRT-4, MRT-25, MRT-26)
{{ config(meta={'dagster': {'ref': {'name': 'posted_po_agreement'}}}) }}

with

facts as (
    select
        'charge' as line_kind,
        charges.billable_amount as amount
    from {{ ref('fct_charges_po_resolved') }} as charges
    inner join {{ ref('int_postings') }} as posted
        on {{ are_postings_of('posted', 'charges') }}

    union all

    select
        'time_entry' as line_kind,
        time_entries.labor_amount as amount
    from {{ ref('fct_time_entries_po_resolved') }} as time_entries
    inner join {{ ref('int_postings') }} as posted
        on time_entries.time_entry_id = posted.time_entry_id
),

posted_totals as (
    select
        line_kind,
        count(*) as posted_lines,
        sum(amount) as amount
    from facts
    group by line_kind
),

check_totals as (
    select
        line_kind,
        count(*) as differing_lines,
        sum(amount) as differing_amount
    from {{ ref('posted_po_check') }}
    group by line_kind
),

agreement_totals as (
    select
        line_kind,
        sum(posted_lines) as posted_lines,
        sum(amount) as amount,
        sum(posted_lines - agreeing_lines) as differing_lines,
        sum(amount - agreeing_amount) as differing_amount
    from {{ ref('posted_po_agreement') }}
    group by line_kind
)

select
    posted_totals.*,
    agreement_totals.posted_lines as agreement_lines,
    agreement_totals.amount as agreement_amount,
    check_totals.differing_lines,
    check_totals.differing_amount
from posted_totals
left join agreement_totals
    on posted_totals.line_kind = agreement_totals.line_kind
left join check_totals
    on posted_totals.line_kind = check_totals.line_kind
where
    agreement_totals.line_kind is null
    or posted_totals.posted_lines <> agreement_totals.posted_lines
    or posted_totals.amount <> agreement_totals.amount
    or agreement_totals.differing_lines <> coalesce(check_totals.differing_lines, 0)
    or agreement_totals.differing_amount <> coalesce(check_totals.differing_amount, 0)
