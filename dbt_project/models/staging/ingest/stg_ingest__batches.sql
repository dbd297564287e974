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
        count(case when batch_kind = 'full' then batch end) over (
            partition by source, table_name
            order by extracted_at asc, batch asc
        ) as full_number,
        extracted_at
    from contents
    where not is_replaced and not is_refused
)

select * from final
