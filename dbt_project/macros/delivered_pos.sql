{#-
    What every loaded batch said about the PO of a parent, deleted ones included: the raw material
    of the PO versions (RES-7).

    Parents that never had a text in the PO field are left out: they have no version worth a row.

    level: of the parent; its table is called the same in plural. period: the columns with the first
    and the last day that a PO is good for, if it has such.
-#}
{% macro delivered_pos(level, period=['cast(null as date)', 'cast(null as date)']) %}
    {%- set table_name = level ~ 's' %}
    select
        '{{ level }}' as parent_level,
        delivered.id as parent_id,
        batches.batch,
        delivered.purchase_order_number,
        {{ period[0] }} as start_date,
        {{ period[1] }} as end_date,
        delivered.last_modified_at,
        batches.extracted_at,
        batches.previous_extracted_at
    from {{ source('autotask', table_name) }} as delivered
    inner join (
        select
            extracted_at,
            batch,
            lag(extracted_at) over (order by extracted_at, batch) as previous_extracted_at
        from {{ ref('stg_ingest__batches') }}
        where
            source = 'autotask'
            and table_name = '{{ table_name }}'
            and batch_kind <> 'deleted'
    ) as batches
        on delivered._extracted_at = batches.extracted_at and delivered._batch = batches.batch
    where
        delivered.id in (
            select id from {{ source('autotask', table_name) }} where purchase_order_number is not null
        )
{% endmacro %}
