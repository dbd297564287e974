with

batches as (
    select * from {{ ref('stg_ingest__batches') }}
),

final as (
    select max(extracted_at) as data_as_of
    from batches
    where source = 'autotask' and batch_kind <> 'deleted'
)

select * from final
