with

-- A time entry knows its project and company only through its parents.
time_entries as (
    select
        *,
        cast(null as bigint) as company_id,
        cast(null as bigint) as project_id
    from {{ rows_due(ref('stg_autotask__time_entries')) }}
),

final as (
    {{ effective_parents('time_entries') }}
)

select * from final
