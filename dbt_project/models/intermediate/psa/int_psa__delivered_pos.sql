with

delivered_pos as (
    select * from {{ ref('stg_autotask__delivered_pos') }}
),

final as (
    select
        parent_level,
        parent_id,
        batch,
        purchase_order_number,
        start_date,
        end_date,
        last_modified_at,
        extracted_at,
        previous_extracted_at
    from delivered_pos
)

select * from final
