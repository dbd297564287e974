with

rejects as (
    select * from {{ source('quarantine', 'rejects') }}
),

contents as (
    select * from {{ ref('stg_ingest__contents') }}
),

final as (
    select
        rejects.source,
        rejects.table_name,
        rejects.batch,
        rejects.content_hash,
        rejects.column_name,
        rejects.rule,
        rejects.offending_value,
        rejects.row_json,
        {{ all_key_columns('rejects') }},
        rejects.row_number,
        rejects.measure
    from rejects
    -- What a load that died has written beside its content does not count.
    inner join contents
        on
            rejects.source = contents.source
            and rejects.table_name = contents.table_name
            and rejects.batch = contents.batch
            and rejects.content_hash = contents.content_hash
            and rejects.schema_version = contents.schema_version
    where not contents.is_refused
)

select * from final
