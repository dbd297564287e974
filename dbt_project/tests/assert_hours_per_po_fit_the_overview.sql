-- Hours by PO, and hours without one, are those of the overview once internal time is left out
-- (MRT-7, MRT-9, MRT-12)
{{ config(meta={'dagster': {'ref': {'name': 'hours_per_po'}}}) }}

with

hours as (
    select * from {{ ref('hours_per_po') }}
),

gaps as (
    select * from {{ ref('po_gap_summary') }}
),

overview as (
    select * from {{ ref('po_overview') }}
),

totals as (
    select
        coalesce(sum(total_hours_worked - internal_hours), 0) as total_hours,
        coalesce(
            sum(total_hours_worked - internal_hours) filter (where po_number is not null), 0
        ) as hours_with_po
    from hours
),

gap_totals as (
    select coalesce(sum(hours - internal_hours), 0) as hours_without_po
    from gaps
)

select
    totals.total_hours,
    totals.hours_with_po,
    gap_totals.hours_without_po,
    overview.total_hours as total_hours_of_overview,
    overview.hours_with_po as hours_with_po_of_overview
from totals
cross join gap_totals
cross join overview
where
    totals.total_hours <> overview.total_hours
    or totals.hours_with_po <> overview.hours_with_po
    or gap_totals.hours_without_po <> overview.total_hours - overview.hours_with_po
