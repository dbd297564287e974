-- Rules: VAL-6.
with

contents as (
    select * from {{ ref('stg_ingest__contents') }}
),

final as (
    select
        source,
        table_name,
        batch,
        batch_kind,
        content_hash,
        nullif(refusal_reason, '') as refusal_reason,
        delivered,
        loaded,
        quarantined,
        duplicates,
        measure_loaded,
        measure_quarantined,
        measure_duplicates,
        is_refused,
        extracted_at
    from contents
)

select * from final
