-- Rules: RAW-3.
with

contents as (
    select *
    from {{ ref('stg_ingest__contents') }}
    where not is_refused and not is_replaced
),

new_columns as (
    select
        source,
        table_name,
        batch,
        {{ each_element('new_columns') }} as column_name,
        'new' as drift
    from contents
),

missing_columns as (
    select
        source,
        table_name,
        batch,
        {{ each_element('missing_columns') }} as column_name,
        'missing_optional' as drift
    from contents
),

final as (
    select * from new_columns
    union
    select * from missing_columns
)

select * from final
