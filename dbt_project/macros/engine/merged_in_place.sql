{#-
    A staging table whose raw table grows by deltas: only the rows of those that have come since the
    last build are written, in place of what was there of their keys. A later delta says nothing
    about other keys. In doubt the table is rebuilt, as `updated_in_place` is.

    Config, under `meta.rows`:
        raw_table: where its rows come from, with the tables that are part of it; the model must
            read all of them by `current_rows`.
-#}
{% materialization merged_in_place, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set rows = config.get('meta')['rows'] -%}
    {%- set key = raw_tables()['autotask'][rows['raw_table']]['staged_key'] | join(', ') -%}
    {%- set batches = built('staging', 'stg_ingest__batches') -%}

    {%- if should_full_refresh() or not previous_is_kept() -%}
        {{ return(materialization_table_duckdb()) }}
    {%- endif -%}
    {%- set reason = reason_to_make_anew(existing, rows['raw_table']) -%}
    {%- if not reason -%}
        {#- Were this to fail, so would the build, and the next one would rebuild everything. -#}
        {%- do run_query(
            "create temporary table batches_at_hand as
            select batches.* from " ~ batches ~ " as batches
            inner join (" ~ contents_added(rows['raw_table']) ~ ") as added
                on batches.batch = added.batch and batches.extracted_at = added.extracted_at
                and batches.table_name = added.table_name
            where batches.source = 'autotask';
            set variable " ~ at_hand(batches) ~ " = 'temp.main.batches_at_hand';
            create or replace temporary table rows_at_hand as " ~ compiled_code ~ ";
            reset variable " ~ at_hand(batches) ~ ";
            drop table batches_at_hand"
        ) -%}
        {%- set reason = reason_not_to_update('rows_at_hand') -%}
    {%- endif -%}
    {%- if reason -%}
        {{ return(made_anew(reason)) }}
    {%- endif -%}

    {%- set statements -%}
        delete from {{ this }}
        where ({{ key }}) in (
            select ({{ key }})
            from rows_at_hand
        );

        insert into {{ this }} by name
        select * from rows_at_hand;

        drop table rows_at_hand;
    {%- endset -%}
    {{ return(written_in_place(statements)) }}
{% endmaterialization %}
