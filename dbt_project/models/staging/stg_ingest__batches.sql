with

final as (
    select
        source,
        table_name,
        batch,
        content_hash,
        batch_kind,
        row_count,
        extracted_at
    from {{ source('ingest', 'batches') }}
)

select * from final
