with

-- A time entry knows its project and company only through its parents.
time_entries as (
    select
        *,
        cast(null as bigint) as company_id,
        cast(null as bigint) as project_id
    from {{ ref('stg_autotask__time_entries') }}
    {% if is_updated('fct_time_entries_po_resolved') %}
    where time_entry_id in (select due.time_entry_id from {{ ref('int_time_entries_due') }} as due)
    {% endif %}
),

final as (
    {{ effective_parents('time_entries') }}
)

select * from final
