-- Every line without a PO has a reason, and no line, cent or quarter of an hour is lost or doubled
-- between the facts and the summary of the reasons. (MRT-4, MRT-9, RES-13)
{{ config(meta={'dagster': {'ref': {'name': 'po_gap_summary'}}}) }}

with

facts as (
    select
        'charge' as line_kind,
        count(*) as line_count,
        coalesce(sum(billable_amount), 0) as amount,
        0 as hours,
        count(*) filter (where is_exposed) as exposed_lines,
        coalesce(sum(billable_amount) filter (where is_exposed), 0) as exposed_amount
    from {{ ref('fct_charges_po_resolved') }}
    where po_number is null

    union all

    select
        'time_entry' as line_kind,
        count(*) as line_count,
        coalesce(sum(labor_amount), 0) as amount,
        coalesce(sum(hours_worked), 0) as hours,
        count(*) filter (where is_exposed) as exposed_lines,
        coalesce(sum(labor_amount) filter (where is_exposed), 0) as exposed_amount
    from {{ ref('fct_time_entries_po_resolved') }}
    where po_number is null
),

summary as (
    select
        line_kind,
        sum(line_count) as line_count,
        sum(amount) as amount,
        sum(hours) as hours,
        sum(exposed_lines) as exposed_lines,
        sum(exposed_amount) as exposed_amount
    from {{ ref('po_gap_summary') }}
    group by line_kind
)

select
    facts.*,
    summary.line_count as summary_line_count,
    summary.amount as summary_amount,
    summary.hours as summary_hours,
    summary.exposed_lines as summary_exposed_lines,
    summary.exposed_amount as summary_exposed_amount
from facts
left join summary
    on facts.line_kind = summary.line_kind
where
    facts.line_count <> coalesce(summary.line_count, 0)
    or facts.amount <> coalesce(summary.amount, 0)
    or facts.hours <> coalesce(summary.hours, 0)
    or facts.exposed_lines <> coalesce(summary.exposed_lines, 0)
    or facts.exposed_amount <> coalesce(summary.exposed_amount, 0)
