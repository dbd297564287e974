{#-
    A table of lines that is brought up to date: only those lines are rebuilt that may say
    something else than in the build before. Writing all of them is most of what the facts cost, and
    of one night to the next few change.

    That is right only when it is known what the table was made from, and when that has changed in a
    way whose effects can be told line by line. In doubt the table is rebuilt.

    Config, under `meta.lines`:
        staging: the model that holds the lines; those views that lead from it to this table must
            read it by `rows_due`.
        raw_table: where its rows come from, with the tables that are part of it.
        key: its key, which is the key of this table too.
        postings: the model of what billing items say of the lines, by the same key.
        alike_while_unchanged: models that every line depends on -> all their columns, none null.
    This table must have the columns that name its parents and its company: `<level>_id`.
-#}
{% materialization updated_in_place, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set lines = config.get('meta')['lines'] -%}
    {%- set staged = built('staging', lines['staging']) -%}

    {%- if should_full_refresh() or not previous_is_kept() -%}
        {{ return(materialization_table_duckdb()) }}
    {%- endif -%}
    {%- set reason = (
        reason_to_make_anew(existing, lines['raw_table'])
        or reason_to_make_lines_anew(lines['alike_while_unchanged'])
    ) -%}
    {%- if not reason -%}
        {%- do run_query(lines_due_table(lines)) -%}
        {%- set reason = reason_not_to_update('keys_of_lines_due') -%}
    {%- endif -%}
    {%- if reason -%}
        {{ return(made_anew(reason)) }}
    {%- endif -%}

    {#- Were this to fail, the table of lines at hand would be gone, and who asks for it would know. -#}
    {%- set statements -%}
        create temporary table lines_at_hand as
        select *
        from {{ staged }}
        -- Looked up by the key alone: the other columns are read of the few lines only.
        where rowid in (
            select lines.rowid
            from {{ staged }} as lines
            where lines.{{ lines['key'] }} in (select line_key from keys_of_lines_due)
        );

        delete from {{ this }}
        where {{ lines['key'] }} in (select line_key from keys_of_lines_due);

        set variable {{ at_hand(staged) }} = 'temp.main.lines_at_hand';

        insert into {{ this }} ({{ model['columns'] | join(', ') }})
        select {{ model['columns'] | join(', ') }}
        from (
            {{ compiled_code }}
        ) as lines_made_anew;

        reset variable {{ at_hand(staged) }};

        drop table lines_at_hand;
    {%- endset -%}
    {{ return(written_in_place(statements)) }}
{% endmaterialization %}


{#- What else stands in the way of a table of lines, as far as is known before its lines are. -#}
{% macro reason_to_make_lines_anew(alike_while_unchanged) %}
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

    {%- for name, columns in alike_while_unchanged.items() -%}
        {%- set relation = built('intermediate', name) or built('staging', name) -%}
        {%- if run_query(changed_since_previous(relation, columns, columns)) | length -%}
            {{ return(name ~ ' has changed') }}
        {%- endif -%}
    {%- endfor -%}
    {{ return('') }}
{% endmacro %}


{#-
    The keys of all lines that may have changed: those that were delivered since, and those of which
    a billing item, a parent or the company says something else. The table still has the ids that led to them: when
    all of them say what they said, the ids are the same; of those that do not, the first was found
    by an id that is.
-#}
{% macro lines_due_table(lines) %}
    {%- set raw_table = raw_tables()['autotask'][lines['raw_table']] -%}
    create or replace temporary table keys_of_lines_due as
    select {{ lines['key'] }} as line_key
    from {{ built('staging', lines['staging']) }}
    where ({{ raw_table.staged_key | join(', ') }}) in (
        select ({{ raw_table.key | join(', ') }})
        from {{ source('autotask', lines['raw_table']) }} as delivered
        inner join ({{ contents_added(lines['raw_table']) }}) as added
            on
                delivered._extracted_at = added.extracted_at
                and delivered._batch = added.batch
                and added.table_name = '{{ lines['raw_table'] }}'
        {% for name, part in parts_of('autotask', lines['raw_table']).items() -%}
            union all
            select ('{{ part.kind }}', id)
            from {{ source('autotask', name) }} as delivered
            inner join ({{ contents_added(lines['raw_table']) }}) as added
                on
                    delivered._extracted_at = added.extracted_at
                    and delivered._batch = added.batch
                    and added.table_name = '{{ name }}'
        {% endfor %}
    )
    union
    {{ changed_since_previous(
        built('intermediate', lines['postings']),
        identity=[lines['key']],
        key=[lines['key'] ~ ' as line_key'],
    ) }}
    {% for level in parent_levels() + ['company'] -%}
        union
        select {{ lines['key'] }} as line_key
        from {{ this }}
        where {{ level }}_id in (
            select parent_id
            from {{ built('intermediate', 'int_parents_changed') }}
            where parent_level = '{{ level }}'
        )
    {% endfor %}
{% endmacro %}
