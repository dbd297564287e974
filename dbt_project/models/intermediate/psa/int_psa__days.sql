-- Rules: MRT-6.
with

charges as (
    select * from {{ ref('stg_autotask__charges') }}
),

time_entries as (
    select * from {{ ref('stg_autotask__time_entries') }}
),

milestones as (
    select * from {{ ref('stg_autotask__contract_milestones') }}
),

spans as (
    select
        min(date_purchased) as first_date,
        max(date_purchased) as last_date
    from charges

    union all

    select
        min(date_worked) as first_date,
        max(date_worked) as last_date
    from time_entries

    union all

    select
        min(date_due) as first_date,
        max(date_due) as last_date
    from milestones

    union all

    -- What has no date of its own counts on this day, and it is there when nothing else is.
    select
        {{ as_of_date() }} as first_date,
        {{ as_of_date() }} as last_date
),

whole_years as (
    select
        make_date(extract(year from min(first_date)), 1, 1) as first_date,
        make_date(extract(year from max(last_date)), 12, 31) as last_date
    from spans
),

final as (
    select {{ each_day('first_date', 'last_date') }} as date_day
    from whole_years
)

select * from final
