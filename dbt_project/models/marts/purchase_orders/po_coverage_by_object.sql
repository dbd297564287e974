with

coverage as (
    select * from {{ ref('po_coverage') }}
),

totals as (
    select
        object_name,
        cast(sum(total_records) as bigint) as total_records,
        cast(sum(records_with_po) as bigint) as records_with_po
    from coverage
    group by object_name
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
