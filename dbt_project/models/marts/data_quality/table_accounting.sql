-- Rules: VAL-7.
with

contents as (
    select * from {{ ref('stg_ingest__contents') }}
),

accounted as (
    select * from {{ ref('int_rows_accounted') }}
),

loaded_rows as (
    select
        source,
        table_name,
        sum(loaded) as loaded
    from contents
    where not is_refused and batch_kind <> 'deleted'
    group by source, table_name
),

final as (
    select
        accounted.source,
        accounted.table_name,
        cast(coalesce(loaded_rows.loaded, 0) as bigint) as loaded,
        accounted.current_rows,
        accounted.superseded,
        accounted.deleted,
        {{ as_amount('accounted.measure_current') }} as measure_current,
        {{ as_amount('accounted.measure_superseded') }} as measure_superseded,
        {{ as_amount('accounted.measure_deleted') }} as measure_deleted
    from accounted
    left join loaded_rows
        on
            accounted.source = loaded_rows.source
            and accounted.table_name = loaded_rows.table_name
)

select * from final
