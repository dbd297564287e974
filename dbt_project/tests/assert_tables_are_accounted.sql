-- Of every table, each row and each cent that was ever loaded is current, superseded or deleted.
-- (VAL-7)
{{ config(meta={'dagster': {'ref': {'name': 'table_accounting'}}}) }}

with

contents as (
    select
        source,
        table_name,
        sum(loaded) as loaded,
        sum(measure_loaded) as measure_loaded
    from {{ ref('ingest_accounting') }}
    where batch_kind <> 'deleted'
    group by source, table_name
),

accounting as (
    select * from {{ ref('table_accounting') }}
)

select
    accounting.*,
    contents.loaded as loaded_by_content,
    contents.measure_loaded as measure_loaded_by_content
from accounting
left join contents
    on accounting.source = contents.source and accounting.table_name = contents.table_name
where
    accounting.loaded <> coalesce(contents.loaded, 0)
    or accounting.loaded <> accounting.current_rows + accounting.superseded + accounting.deleted
    or coalesce(contents.measure_loaded, 0)
    <> coalesce(
        accounting.measure_current + accounting.measure_superseded + accounting.measure_deleted, 0
    )
