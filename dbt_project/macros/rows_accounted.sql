{#-
    Where the loaded rows of a raw table have gone (VAL-7): one row with the number, and the sum of
    the measure, of those that are current, superseded by a later row of their key, or deleted. A
    row that a table a kind overrules counts as superseded (RAW-10).

    Rows of the newest full batch whose key no other content has are current, or overruled, and
    nothing else; only the keys of all other contents have to be followed, those that only say that
    a key is gone among them.
-#}
{% macro rows_accounted_of(source_name, table_name, table) %}
    {%- set whole = table.part_of or table_name -%}
    {%- set is_set = parts_of(source_name, whole) -%}
    {%- set staged = staged_rows_of(source_name, table_name) if is_set
        else ref('stg_' ~ source_name ~ '__' ~ table_name) -%}
    {%- set overruled = ref('stg_' ~ source_name ~ '__' ~ table_name ~ '_overruled')
        if is_set and not table.part_of -%}
    {%- set nothing = '0' if table.control_total else 'cast(null as decimal(38, 4))' -%}
    {%- set measure = table.control_total or 'cast(null as decimal(38, 4))' -%}
    select
        '{{ source_name }}' as source,
        '{{ table_name }}' as table_name,
        current_total.row_count as current_rows,
        contested_total.superseded{{ ' + overruled_total.row_count' if overruled }} as superseded,
        contested_total.deleted,
        coalesce(current_total.measure, {{ nothing }}) as measure_current,
        coalesce(contested_total.measure_superseded, {{ nothing }})
        {{- ' + coalesce(overruled_total.measure, 0)' if overruled }} as measure_superseded,
        coalesce(contested_total.measure_deleted, {{ nothing }}) as measure_deleted
    from (
        select
            count(*) as row_count,
            sum({{ measure }}) as measure
        from {{ staged }} as staged_rows
    ) as current_total
    {%- if overruled %}
    cross join (
        select
            count(*) as row_count,
            sum({{ measure }}) as measure
        from {{ overruled }}
    ) as overruled_total
    {%- endif %}
    cross join (
        with

        newest_full as (
            select *
            from {{ ref('stg_ingest__batches') }}
            where
                source = '{{ source_name }}'
                and table_name = '{{ table_name }}'
                and batch_kind = 'full'
            order by full_number desc
            limit 1
        ),

        ever_loaded as (
            select
                {{ as_key_columns(table.key) }},
                cast({{ measure }} as decimal(38, 4)) as measure,
                is_replaced,
                _batch_kind = 'deleted' as is_deletion,
                _extracted_at,
                _batch,
                coalesce(
                    not is_replaced
                    and _batch = newest_full.batch
                    and _extracted_at = newest_full.extracted_at,
                    false
                ) as is_newest_full
            from {{ rows_ever_loaded(source_name, table_name) }} as delivered
            left join newest_full on true
        ),

        other_rows as (
            select *
            from ever_loaded
            where not is_newest_full
        ),

        contested_rows as (
            select *
            from other_rows
            where not is_deletion
            union all
            select *
            from ever_loaded
            where
                is_newest_full
                and exists (
                    select 1
                    from other_rows
                    where {{ keys_are_equal(table.key, 'ever_loaded', 'other_rows') }}
                )
        ),

        ranked_rows as (
            select
                *,
                row_number() over (
                    partition by {{ key_columns(table.key) }}
                    order by is_replaced asc, _extracted_at desc, _batch desc
                ) as recency
            from contested_rows
        ),

        followed_rows as (
            select
                ranked_rows.measure,
                ranked_rows.recency > 1 as is_superseded,
                ranked_rows.recency = 1 and not exists (
                    select 1
                    from {{ staged }} as current_row
                    where {{ has_key_of(table.staged_key, 'ranked_rows') }}
                )
                {%- if overruled %}
                and not exists (
                    select 1
                    from {{ overruled }} as overruled_row
                    where {{ has_key_of(table.staged_key, 'ranked_rows') }}
                )
                {%- endif %} as is_deleted
            from ranked_rows
        )

        select
            count(*) filter (where is_superseded) as superseded,
            count(*) filter (where is_deleted) as deleted,
            sum(measure) filter (where is_superseded) as measure_superseded,
            sum(measure) filter (where is_deleted) as measure_deleted
        from followed_rows
    ) as contested_total
{% endmacro %}


{#- The same of all raw tables. -#}
{% macro rows_accounted() %}
    {%- set selects = [] -%}
    {%- for source_name, tables in raw_tables().items() -%}
        {%- for table_name, table in tables.items() -%}
            {%- do selects.append(rows_accounted_of(source_name, table_name, table)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ selects | join(' union all ') }}
{% endmacro %}
