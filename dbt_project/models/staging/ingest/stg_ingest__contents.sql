with

final as (
    select
        source,
        table_name,
        batch,
        batch_kind,
        content_hash,
        schema_version,
        refusal_reason,
        above_header,
        new_columns,
        missing_columns,
        delivered,
        loaded,
        quarantined,
        duplicates,
        measure_delivered,
        measure_loaded,
        measure_quarantined,
        measure_duplicates,
        removed,
        removed_of,
        measure_removed,
        is_replaced,
        is_refused,
        extracted_at
    from {{ source('ingest', 'batches') }}
)

select * from final
