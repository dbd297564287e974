{#-
    A table of lines that is brought up to date: only those lines are made anew that may say
    something else than in the build before. Writing all of them is most of what the facts cost, and
    of one night to the next few change.

    That is right only when it is known what the table was made from, and when that has changed in a
    way whose effects can be told line by line. In doubt the table is made anew.

    Config, under `meta.lines`:
        staging: the model that holds the lines; those views that lead from it to this table must
            read it by `lines_due`.
        raw_table, raw_key: where its rows come from: a column of its key -> the raw column.
        key: its key, which is the key of this table too.
        alike_while_unchanged: models that every line depends on -> all their columns, none null.
    This table must have the columns that name its parents: see `parent_columns`.
-#}
{% materialization updated_in_place, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set lines = config.get('meta')['lines'] -%}
    {%- set target_relation = this.incorporate(type='table') -%}

    {%- if should_full_refresh() or not previous_is_kept() -%}
        {{ return(materialization_table_duckdb()) }}
    {%- endif -%}
    {%- set reason = reason_to_make_anew(existing, lines) -%}
    {%- if not reason -%}
        {%- do run_query(lines_due_table(lines)) -%}
        {%- set reason = reason_not_to_update(lines) -%}
    {%- endif -%}
    {%- if reason -%}
        {%- do log(this.identifier ~ " is made anew: " ~ reason, info=true) -%}
        {{ return(materialization_table_duckdb()) }}
    {%- endif -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {#- Were this to fail, the table of lines at hand would be gone, and who asks for it would know. -#}
    {%- call statement('main') -%}
        create temporary table lines_at_hand as
        select *
        from {{ built('staging', lines['staging']) }}
        -- Looked up by the key alone: the other columns are read of the few lines only.
        where rowid in (
            select lines.rowid
            from {{ built('staging', lines['staging']) }} as lines
            where lines.{{ lines['key'] }} in (select line_key from keys_of_lines_due)
        );

        delete from {{ this }}
        where {{ lines['key'] }} in (select line_key from keys_of_lines_due);

        set variable {{ lines_at_hand(lines['staging']) }} = 'temp.main.lines_at_hand';

        insert into {{ this }} ({{ model['columns'] | join(', ') }})
        select {{ model['columns'] | join(', ') }}
        from (
            {{ compiled_code }}
        ) as lines_made_anew;

        reset variable {{ lines_at_hand(lines['staging']) }};

        drop table lines_at_hand;
    {%- endcall -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {%- do log(this.identifier ~ " is brought up to date in place", info=true) -%}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{#- The columns of a fact that name its parents, as int_parents_changed calls their levels. -#}
{% macro parent_columns() %}
    {{ return({
        'task': 'task_id',
        'ticket': 'ticket_id',
        'project': 'project_id',
        'contract': 'contract_id',
        'company': 'company_id',
    }) }}
{% endmacro %}


{#- A model that comes before those that name it by `ref`, or one of the build before. -#}
{% macro built(schema, name) %}
    {{ return(adapter.get_relation(database=target.database, schema=schema, identifier=name)) }}
{% endmacro %}


{#-
    At the start of every run: what the schema `previous` holds is good for one build, the one that
    is told of it. Any other run may change the facts, or what they seem to have been made from.
-#}
{% macro claim_previous() %}
    {%- if execute and built('previous', 'token') -%}
        {%- set tokens = run_query('select token from ' ~ built('previous', 'token')) -%}
        {%- if tokens.columns[0].values() | list == [env_var('PSA_PREVIOUS', '')] -%}
            {%- do run_query(
                'update ' ~ built('previous', 'token') ~ " set token = token || ' in use'"
            ) -%}
        {%- else -%}
            {%- do adapter.drop_schema(api.Relation.create(target.database, 'previous')) -%}
        {%- endif -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
{% endmacro %}


{#- Whether this run knows, from the schema `previous`, what the facts were last made from. -#}
{% macro previous_is_kept() %}
    {%- if not execute or not env_var('PSA_PREVIOUS', '') or not built('previous', 'token') -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set tokens = run_query('select token from ' ~ built('previous', 'token')) -%}
    {{ return(tokens.columns[0].values() | list == [env_var('PSA_PREVIOUS') ~ ' in use']) }}
{% endmacro %}


{#-
    A row for each row of a model that is new, gone, or other than in the build before. Joined by
    what tells the rows apart: of millions, to look for whole rows takes four times as long.

    identity: columns that tell its rows apart, none of them null.
    key: what to say of such a row, by the columns of `identity`.
    columns: those that matter; without, all.
-#}
{% macro changed_since_previous(relation, identity, key, columns=none) %}
    {%- if previous_is_kept() -%}
        {%- set columns = columns or adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
        select {{ key | join(', ') }}
        from (
            select
                {% for column in identity -%}
                    coalesce(rows_now.{{ column }}, rows_before.{{ column }}) as {{ column }},
                {% endfor %}
            from {{ relation }} as rows_now
            full outer join {{ built('previous', relation.identifier) }} as rows_before
                on
                    {% for column in identity -%}
                        {{ 'and ' if not loop.first }}rows_now.{{ column }} = rows_before.{{ column }}
                    {% endfor %}
            where
                {% for column in columns -%}
                    {{ 'or ' if not loop.first -}}
                    rows_now.{{ column }} is distinct from rows_before.{{ column }}
                {% endfor %}
        ) as changed_rows
    {%- else -%}
        select {{ key | join(', ') }}
        from {{ relation }}
        where false
    {%- endif -%}
{% endmacro %}


{#- Why a table of lines cannot be brought up to date, as far as is known before its lines are. -#}
{% macro reason_to_make_anew(existing, lines) %}
    {%- if not existing or not existing.is_table -%}
        {{ return('there is none yet') }}
    {%- endif -%}

    {%- set declared = [] -%}
    {%- for column in model['columns'].values() -%}
        {%- do declared.append(column['name'] ~ ' ' ~ column['data_type'] | lower | replace(' ', '')) -%}
    {%- endfor -%}
    {%- set found = run_query(
        "select column_name || ' ' || replace(lower(data_type), ' ', '') from duckdb_columns()
        where database_name = '" ~ this.database ~ "' and schema_name = '" ~ this.schema
        ~ "' and table_name = '" ~ this.identifier ~ "' order by column_index"
    ) -%}
    {%- if found.columns[0].values() | list != declared -%}
        {{ return('its columns have changed') }}
    {%- endif -%}

    {%- for name, columns in lines['alike_while_unchanged'].items() -%}
        {%- set relation = built('intermediate', name) -%}
        {%- if run_query(changed_since_previous(relation, columns, columns)) | length -%}
            {{ return(name ~ ' has changed') }}
        {%- endif -%}
    {%- endfor -%}

    {%- if run_query(deliveries_out_of_turn(lines['raw_table'])) | length -%}
        {{ return('its deliveries have not only grown by later deltas') }}
    {%- endif -%}
    {{ return('') }}
{% endmacro %}


{#- Why it is not worth it or not right, now that it is known how many lines are due. -#}
{% macro reason_not_to_update(lines) %}
    {%- set counts = run_query(
        "select (select count(*) from keys_of_lines_due), count(*), (
            select estimated_size from duckdb_tables() where database_name = '" ~ this.database
            ~ "' and schema_name = '" ~ this.schema ~ "' and table_name = '" ~ this.identifier ~ "'
        ) from " ~ this
    ).rows[0] -%}
    {%- set due, existing, stored = counts[0] | int, counts[1] | int, counts[2] | int -%}
    {%- if due > existing * 0.3 -%}
        {{ return(due ~ ' lines of ' ~ existing ~ ' are due') }}
    {%- endif -%}
    {#- What is deleted stays in the file, and in the way of every scan. -#}
    {%- if stored > existing * 1.2 -%}
        {{ return((stored - existing) ~ ' deleted rows have piled up') }}
    {%- endif -%}
    {{ return('') }}
{% endmacro %}


{#- The contents of a raw table that count, in the build before or now. -#}
{% macro contents_that_count(schema, raw_table) %}
    select batch, batch_kind, content_hash, schema_version, extracted_at
    from {{ built(schema, 'stg_ingest__contents') }}
    where
        source = 'autotask'
        and table_name = '{{ raw_table }}'
        and not is_replaced
        and not is_refused
{% endmacro %}


{% macro contents_added(raw_table) %}
    select * from ({{ contents_that_count('staging', raw_table) }}) as contents
    except
    select * from ({{ contents_that_count('previous', raw_table) }}) as previous_contents
{% endmacro %}


{#-
    Contents that may decide about other rows than their own: those that are gone, that were judged
    by other rules, that are complete snapshots, or that have come before one that was there.
-#}
{% macro deliveries_out_of_turn(raw_table) %}
    select batch
    from (
        select * from ({{ contents_that_count('previous', raw_table) }}) as previous_contents
        except
        select * from ({{ contents_that_count('staging', raw_table) }}) as contents
    ) as gone
    union all
    select batch
    from ({{ contents_added(raw_table) }}) as added
    where
        batch_kind <> 'upsert'
        or exists (
            select 1
            from ({{ contents_that_count('previous', raw_table) }}) as previous_contents
            where
                previous_contents.extracted_at > added.extracted_at
                or (
                    previous_contents.extracted_at = added.extracted_at
                    and previous_contents.batch >= added.batch
                )
        )
{% endmacro %}


{#-
    The keys of all lines that may have changed: those that were delivered since, and those of which
    a parent or the company says something else. The table still has the ids that led to them: when
    all of them say what they said, the ids are the same; of those that do not, the first was found
    by an id that is.
-#}
{% macro lines_due_table(lines) %}
    create or replace temporary table keys_of_lines_due as
    select {{ lines['key'] }} as line_key
    from {{ built('staging', lines['staging']) }}
    where ({{ lines['raw_key'].keys() | join(', ') }}) in (
        select ({{ lines['raw_key'].values() | join(', ') }})
        from {{ source('autotask', lines['raw_table']) }} as delivered
        inner join ({{ contents_added(lines['raw_table']) }}) as added
            on delivered._extracted_at = added.extracted_at and delivered._batch = added.batch
    )
    {% for level, column in parent_columns().items() -%}
        union
        select {{ lines['key'] }} as line_key
        from {{ this }}
        where {{ column }} in (
            select parent_id
            from {{ built('intermediate', 'int_parents_changed') }}
            where parent_level = '{{ level }}'
        )
    {% endfor %}
{% endmacro %}
