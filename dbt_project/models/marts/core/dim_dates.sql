-- Rules: MRT-6.
with

days as (
    select * from {{ ref('int_psa__days') }}
),

days_with_parts as (
    select
        date_day,
        {{ weekday_number('date_day') }} as weekday_number,
        cast(extract(year from date_day) as integer) as year_number,
        cast(extract(quarter from date_day) as integer) as quarter_number,
        cast(extract(month from date_day) as integer) as month_number,
        cast(extract(day from date_day) as integer) as day_of_month,
        cast(extract(week from date_day) as integer) as iso_week_number
    from days
),

final as (
    select
        date_day,
        cast(year_number as string) || '-Q' || cast(quarter_number as string) as quarter_label,
        cast(year_number as string) || '-' || lpad(cast(month_number as string), 2, '0')
            as month_label,
        {{ month_name('date_day') }} as month_name,
        {{ weekday_name('date_day') }} as weekday_name,
        year_number,
        quarter_number,
        month_number,
        day_of_month,
        -- A week belongs to the year that its Thursday lies in.
        cast(
            extract(year from {{ add_days('date_day', '4 - weekday_number') }}) as integer
        ) as iso_year_number,
        iso_week_number,
        weekday_number,
        weekday_number >= 6 as is_weekend,
        make_date(year_number, 1, 1) as first_day_of_year,
        make_date(year_number, 3 * quarter_number - 2, 1) as first_day_of_quarter,
        make_date(year_number, month_number, 1) as first_day_of_month,
        {{ add_days('date_day', '1 - weekday_number') }} as first_day_of_week
    from days_with_parts
)

select * from final
