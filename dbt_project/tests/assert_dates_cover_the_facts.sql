-- A line whose day is not in the table of dates would drop out of every report by month; nor may a
-- day be missing between the first of January and the last of December. (MRT-6)
{{ config(meta={'dagster': {'ref': {'name': 'dim_dates'}}}) }}

with

line_days as (
    select date_purchased as date_day from {{ ref('fct_charges_po_resolved') }}
    union
    select date_worked as date_day from {{ ref('fct_time_entries_po_resolved') }}
),

bounds as (
    select
        min(date_day) as first_day,
        max(date_day) as last_day,
        count(*) as day_count
    from {{ ref('dim_dates') }}
),

missing_days as (
    select line_days.date_day
    from line_days
    left join {{ ref('dim_dates') }} as dim_dates
        on line_days.date_day = dim_dates.date_day
    where dim_dates.date_day is null
)

select
    'not in dim_dates' as mistake,
    date_day
from missing_days

union all

select
    'not in whole years' as mistake,
    first_day as date_day
from bounds
where
    extract(month from first_day) <> 1
    or extract(day from first_day) <> 1
    or extract(month from last_day) <> 12
    or extract(day from last_day) <> 31
    or {{ days_between('first_day', 'last_day') }} + 1 <> day_count
