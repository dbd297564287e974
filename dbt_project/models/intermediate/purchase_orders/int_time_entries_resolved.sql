with

-- A time entry has no PO of its own.
time_entries as (
    select
        *,
        cast(null as string) as charge_po,
        false as has_own_placeholder
    from {{ ref('int_time_entries_parented') }}
),

time_entries_with_all_pos as (
    {{ inheritable_pos('time_entries', line_date='date_worked') }}
),

final as (
    {{ resolved_pos('time_entries_with_all_pos') }}
)

select * from final
