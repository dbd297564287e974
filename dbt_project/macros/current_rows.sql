{#-
    Current rows of a raw table (SPEC 1): of each key the row of the latest batch, the last one in
    it. A key that neither the newest full batch nor a later one holds was deleted at the source.

    key: the expressions that tell one record from another.
-#}
{% macro current_rows(source_name, table_name, key) %}
    with

    newest_full as (
        select
            extracted_at,
            batch
        from {{ ref('stg_ingest__batches') }}
        where
            source = '{{ source_name }}'
            and table_name = '{{ table_name }}'
            and batch_kind = 'full'
        order by extracted_at desc, batch desc
        limit 1
    ),

    live as (
        select
            delivered.*,
            row_number() over (
                partition by {{ key | join(', ') }}
                order by delivered._extracted_at desc, delivered._batch desc, delivered._row_number desc
            ) as recency
        from {{ source(source_name, table_name) }} as delivered
        left join newest_full on true
        where
            newest_full.batch is null
            or delivered._extracted_at > newest_full.extracted_at
            or (
                delivered._extracted_at = newest_full.extracted_at
                and delivered._batch >= newest_full.batch
            )
    )

    select *
    from live
    where recency = 1
{% endmacro %}
