-- Rules: RAW-3, LND-20.
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

lines_above as (
    select
        source,
        table_name,
        batch,
        above_header as column_name,
        'above_header' as drift
    from contents
    where above_header is not null
),

final as (
    select * from new_columns
    union
    select * from missing_columns
    union
    select * from lines_above
)

select * from final
