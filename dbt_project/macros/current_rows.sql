{#-
    Current rows of a raw table (LND-5, LND-6): of each key the row of the latest batch. A key that
    neither the newest full batch nor a later one holds was deleted at the source, and so was one
    that a later deleted batch names (LND-14); a row that was quarantined in the newest full batch
    counts as held, so that the key keeps its last good row, unless an earlier batch had deleted it.
-#}
{% macro current_rows(source_name, table_name) %}
    {%- set key = raw_tables()[source_name][table_name]['key'] %}
    with

    batches as (
        select *
        from {{ ref('stg_ingest__batches') }}
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
            or (
                batches.extracted_at = newest_full.extracted_at
                and (batches.batch > newest_full.batch or batches.batch_kind = 'deleted')
            )
    ),

    rejected_keys as (
        select distinct
            {{ as_key_columns(key) }},
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
        select {{ as_key_columns(key) }}
        from {{ source(source_name, table_name) }} as delivered
        inner join newest_full
            on
                delivered._extracted_at = newest_full.extracted_at
                and delivered._batch = newest_full.batch
    ),

    ranked_rejected_keys as (
        select
            *,
            row_number() over (
                partition by {{ key_columns(key) }} order by full_number desc
            ) as recency
        from rejected_keys
    ),

    -- The unbroken run of full batches, up to the newest, that each such key was rejected in.
    rejected_until_now as (
        select
            {{ key_columns(key) }},
            min(ranked_rejected_keys.full_number) as first_rejected,
            max(ranked_rejected_keys.full_number) as full_number
        from ranked_rejected_keys
        inner join newest_full
            on
                ranked_rejected_keys.full_number + ranked_rejected_keys.recency
                = newest_full.full_number + 1
        group by {{ key_columns(key) }}
    ),

    held_keys as (
        select *
        from rejected_until_now
        where
            not exists (
                select 1
                from loaded_by_newest_full
                where {{ keys_are_equal(key, 'loaded_by_newest_full', 'rejected_until_now') }}
            )
    ),

    -- With those that only say that a key is gone.
    later_rows as (
        select
            delivered.*,
            later_batches.batch_kind = 'deleted' as is_deletion
        from {{ source(source_name, table_name) }} as delivered
        inner join later_batches
            on
                delivered._extracted_at = later_batches.extracted_at
                and delivered._batch = later_batches.batch
    ),

    later_keys as (
        select distinct {{ as_key_columns(key) }}
        from later_rows
    ),

    -- Most rows of most tables: no need to look for the latest of a key that no later batch has.
    uncontested_rows as (
        select
            delivered.*,
            false as is_deletion,
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
                where {{ has_key_of(key, 'later_keys') }}
            )
    ),

    deleted_keys as (
        select
            {{ as_key_columns(key) }},
            delivered._extracted_at as deleted_at
        from {{ source(source_name, table_name) }} as delivered
        inner join batches
            on
                delivered._extracted_at = batches.extracted_at
                and delivered._batch = batches.batch
        where batches.batch_kind = 'deleted'
    ),

    held_until_newest_full as (
        select
            delivered.*,
            false as is_deletion
        from {{ source(source_name, table_name) }} as delivered
        inner join held_keys
            on {{ has_key_of(key, 'held_keys') }}
        inner join batches
            on
                delivered._extracted_at = batches.extracted_at
                and delivered._batch = batches.batch
                and batches.batch_kind <> 'deleted'
                -- Every full batch since has held the key, too.
                and batches.full_number + 1 between held_keys.first_rejected
                and held_keys.full_number
        where
            not exists (
                select 1
                from deleted_keys
                where
                    deleted_keys.deleted_at >= delivered._extracted_at
                    and {{ keys_are_equal(key, 'deleted_keys', 'held_keys') }}
            )
    ),

    ranked_rows as (
        select
            *,
            row_number() over (
                partition by {{ key | join(', ') }}
                order by _extracted_at desc, is_deletion desc, _batch desc
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
    where recency = 1 and not is_deletion
{% endmacro %}
