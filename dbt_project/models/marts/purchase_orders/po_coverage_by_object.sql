-- Rules: MRT-8.
with

coverage as (
    select * from {{ ref('po_coverage') }}
),

-- Each object has its row, so that one that was not delivered shows as empty and not as forgotten.
objects as (
    select 'charges' as object_name
    union all
    select 'contracts' as object_name
    union all
    select 'projects' as object_name
    union all
    select 'tasks' as object_name
    union all
    select 'tickets' as object_name
    union all
    select 'charges_resolved' as object_name
    union all
    select 'time_entries_resolved' as object_name
),

totals as (
    select
        objects.object_name,
        cast(coalesce(sum(coverage.total_records), 0) as bigint) as total_records,
        cast(coalesce(sum(coverage.records_with_po), 0) as bigint) as records_with_po
    from objects
    left join coverage
        on objects.object_name = coverage.object_name
    group by objects.object_name
),

final as (
    select
        object_name,
        total_records,
        records_with_po,
        {{ percentage('records_with_po', 'total_records') }} as coverage_pct
    from totals
)

select * from final
