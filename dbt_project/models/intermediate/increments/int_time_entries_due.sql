-- Rules: PUB-6.
{% if is_updated('fct_time_entries_po_resolved') %}
with

time_entries as (
    select * from {{ ref('int_psa__time_entries') }}
),

time_entries_before as (
    select * from {{ before('fct_time_entries_po_resolved') }}
),

changed_batches as (
    {{ changed('stg_ingest__batches', 'table_name, batch, content_hash, extracted_at') }}
),

changed_postings as (
    {{ changed('int_postings') }}
),

changed_tracking as (
    {{ changed('int_labor_tracking') }}
),

parents_changed as (
    select * from {{ ref('int_parents_changed') }}
),

final as (
    select
        'delivered' as reason,
        time_entries.time_entry_id
    from time_entries
    inner join changed_batches
        on
            changed_batches.table_name = 'time_entries'
            and time_entries.batch = changed_batches.batch
            and time_entries.extracted_at = changed_batches.extracted_at

    union all

    select
        'gone' as reason,
        time_entry_id
    from time_entries_before
    where
        not exists (
            select 1
            from time_entries
            where time_entries_before.time_entry_id = time_entries.time_entry_id
        )

    union all

    select
        'posting' as reason,
        time_entry_id
    from changed_postings
    where time_entry_id is not null

    union all

    -- Of all or of none.
    select
        'labor tracking' as reason,
        time_entries.time_entry_id
    from time_entries
    cross join changed_tracking
    where changed_tracking.is_labor_tracked

    union all

    -- By the ids that it had: as long as all that they led to say the same, it has them still.
    select
        'parent' as reason,
        time_entry_id
    from time_entries_before
    where
        task_id in (select parents_changed.task_id from parents_changed)
        or ticket_id in (select parents_changed.ticket_id from parents_changed)
        or project_id in (select parents_changed.project_id from parents_changed)
        or contract_id in (select parents_changed.contract_id from parents_changed)
        or company_id in (select parents_changed.company_id from parents_changed)
)

select * from final
{% else %}
select
    cast(null as string) as reason,
    cast(null as bigint) as time_entry_id
where false
{% endif %}
