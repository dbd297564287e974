-- Rules: LND-15.
with

contents as (
    select * from {{ ref('stg_ingest__contents') }}
),

newest_extract as (
    select * from {{ ref('int_psa__data_as_of') }}
),

removals as (
    select
        contents.source,
        contents.table_name,
        contents.batch,
        contents.removed,
        contents.removed_of,
        case
            when contents.table_name <> 'time_entries' then contents.measure_removed
        end as amount,
        case
            when contents.table_name = 'time_entries' then contents.measure_removed
        end as hours,
        contents.extracted_at
    from contents
    cross join newest_extract
    where
        not contents.is_replaced
        and not contents.is_refused
        and contents.removed >= 10
        and contents.removed > 0.05 * contents.removed_of
        and {{ days_between('contents.extracted_at', 'newest_extract.data_as_of') }} <= 7
),

final as (
    select
        *,
        row_number() over (
            order by
                extracted_at desc,
                removed desc,
                source asc,
                batch asc
        ) as fix_order
    from removals
)

select * from final
