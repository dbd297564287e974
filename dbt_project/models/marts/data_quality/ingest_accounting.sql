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
        {{ as_amount('measure_loaded') }} as measure_loaded,
        {{ as_amount('measure_quarantined') }} as measure_quarantined,
        {{ as_amount('measure_duplicates') }} as measure_duplicates,
        is_refused,
        extracted_at
    from contents
)

select * from final
