{#-
    Current rows of a raw table (LND-5, LND-6): of each key the row of the latest batch. A key that
    neither the newest full batch nor a later one holds was deleted at the source; a row that was
    quarantined there counts as held, so that the key keeps its last good row, unless an earlier
    full batch had deleted it.

    key: the expressions that tell one record from another.
-#}
{% macro current_rows(source_name, table_name, key) %}
    with

    batches as (
        select *
        from {{ rows_due(ref('stg_ingest__batches')) }}
        where source = '{{ source_name }}' and table_name = '{{ table_name }}'
    ),

    newest_full as (
        select *
        from batches
        where batch_kind = 'full'
        order by full_number desc
        limit 1
    ),

    later_batches as (
        select batches.*
        from batches
        left join newest_full on true
        where
            newest_full.batch is null
            or batches.extracted_at > newest_full.extracted_at
            or (batches.extracted_at = newest_full.extracted_at and batches.batch > newest_full.batch)
    ),

    rejected_keys as (
        select distinct
            {%- for value in key %}
            {{ value }} as key_{{ loop.index }},
            {%- endfor %}
            batches.full_number
        from {{ ref('stg_ingest__quarantined_rows') }} as quarantined_rows
        inner join batches
            on
                quarantined_rows.batch = batches.batch
                and quarantined_rows.content_hash = batches.content_hash
        where
            quarantined_rows.source = '{{ source_name }}'
            and quarantined_rows.table_name = '{{ table_name }}'
            and batches.batch_kind = 'full'
    ),

    loaded_by_newest_full as (
        select
            {%- for value in key %}
            {{ value }} as key_{{ loop.index }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ source(source_name, table_name) }} as delivered
        inner join newest_full
            on
                delivered._extracted_at = newest_full.extracted_at
                and delivered._batch = newest_full.batch
    ),

    held_keys as (
        select rejected_keys.*
        from rejected_keys
        inner join newest_full on rejected_keys.full_number = newest_full.full_number
        where
            not exists (
                select 1
                from loaded_by_newest_full
                where
                    {%- for _ in key %}
                    {% if not loop.first %}and {% endif -%}
                    loaded_by_newest_full.key_{{ loop.index }} = rejected_keys.key_{{ loop.index }}
                    {%- endfor %}
            )
    ),

    later_rows as (
        select delivered.*
        from {{ source(source_name, table_name) }} as delivered
        inner join later_batches
            on
                delivered._extracted_at = later_batches.extracted_at
                and delivered._batch = later_batches.batch
    ),

    later_keys as (
        select distinct
            {%- for value in key %}
            {{ value }} as key_{{ loop.index }}{{ ',' if not loop.last }}
            {%- endfor %}
        from later_rows
    ),

    -- Most rows of most tables: no need to look for the latest of a key that no later batch has.
    uncontested_rows as (
        select
            delivered.*,
            1 as recency
        from {{ source(source_name, table_name) }} as delivered
        inner join newest_full
            on
                delivered._extracted_at = newest_full.extracted_at
                and delivered._batch = newest_full.batch
        where
            not exists (
                select 1
                from later_keys
                where
                    {%- for value in key %}
                    {% if not loop.first %}and {% endif %}{{ value }} = later_keys.key_{{ loop.index }}
                    {%- endfor %}
            )
    ),

    held_until_newest_full as (
        select delivered.*
        from {{ source(source_name, table_name) }} as delivered
        inner join held_keys
            on
                {%- for value in key %}
                {% if not loop.first %}and {% endif %}{{ value }} = held_keys.key_{{ loop.index }}
                {%- endfor %}
        inner join batches
            on
                delivered._extracted_at = batches.extracted_at
                and delivered._batch = batches.batch
                and batches.full_number < held_keys.full_number
        where
            -- Every full batch since has held the key, too.
            held_keys.full_number - batches.full_number = (
                select count(*)
                from rejected_keys
                where
                    rejected_keys.full_number > batches.full_number
                    {%- for _ in key %}
                    and rejected_keys.key_{{ loop.index }} = held_keys.key_{{ loop.index }}
                    {%- endfor %}
            )
    ),

    ranked_rows as (
        select
            *,
            row_number() over (
                partition by {{ key | join(', ') }} order by _extracted_at desc, _batch desc
            ) as recency
        from (
            select * from later_rows
            union all
            select * from held_until_newest_full
        ) as contested_rows
    )

    select * from uncontested_rows
    union all
    select * from ranked_rows
    where recency = 1
{% endmacro %}
