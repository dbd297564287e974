-- Of every file, each row and each cent was loaded, quarantined or counted as a duplicate; and what
-- was counted at the ingest is what lies in the quarantine. (VAL-6)
{{ config(meta={'dagster': {'ref': {'name': 'ingest_accounting'}}}) }}

with

contents as (
    select *
    from {{ ref('stg_ingest__contents') }}
    where not is_refused
),

accounting as (
    select * from {{ ref('ingest_accounting') }}
),

set_aside as (
    select
        source,
        table_name,
        batch,
        content_hash,
        count(*) as row_count,
        sum(measure) as measure
    from (
        select distinct
            source,
            table_name,
            batch,
            content_hash,
            row_number,
            measure
        from {{ ref('stg_ingest__quarantined_rows') }}
    ) as quarantined_rows
    group by source, table_name, batch, content_hash
)

select
    contents.source,
    contents.table_name,
    contents.batch,
    accounting.delivered,
    accounting.loaded,
    accounting.quarantined,
    accounting.duplicates,
    set_aside.row_count as rows_in_quarantine,
    contents.measure_delivered
from contents
left join accounting
    on
        contents.source = accounting.source
        and contents.table_name = accounting.table_name
        and contents.batch = accounting.batch
        and contents.content_hash = accounting.content_hash
left join set_aside
    on
        contents.source = set_aside.source
        and contents.table_name = set_aside.table_name
        and contents.batch = set_aside.batch
        and contents.content_hash = set_aside.content_hash
where
    accounting.batch is null
    or accounting.delivered
    <> accounting.loaded + accounting.quarantined + accounting.duplicates
    or contents.measure_delivered
    <> accounting.measure_loaded + accounting.measure_quarantined + accounting.measure_duplicates
    or accounting.quarantined <> coalesce(set_aside.row_count, 0)
    or accounting.measure_quarantined <> coalesce(set_aside.measure, 0)
