-- Rules: VAL-1.
with

quarantined as (
    select * from {{ ref('stg_ingest__quarantined_rows') }}
),

final as (
    select
        source,
        table_name,
        batch,
        content_hash,
        column_name,
        rule,
        offending_value,
        row_json,
        row_number
    from quarantined
)

select * from final
