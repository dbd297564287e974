{#-
    What a build can know of the one before (orchestration/previous.py keeps it), and what follows
    for the tables that are brought up to date in place.
-#}


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


{#- The contents of a raw table, and of its parts, that count in the build before or now. -#}
{% macro contents_that_count(schema, raw_table) %}
    {%- set tables = [raw_table] + parts_of('autotask', raw_table).keys() | list -%}
    select table_name, batch, batch_kind, content_hash, schema_version, extracted_at
    from {{ built(schema, 'stg_ingest__contents') }}
    where
        source = 'autotask'
        and table_name in ('{{ tables | join("', '") }}')
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
    by other rules, that are complete snapshots or lists of deleted keys, or that have come before
    one that was there.
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
                previous_contents.table_name = added.table_name
                and (
                    previous_contents.extracted_at > added.extracted_at
                    or (
                        previous_contents.extracted_at = added.extracted_at
                        and (
                            previous_contents.batch >= added.batch
                            or previous_contents.batch_kind = 'deleted'
                        )
                    )
                )
        )
{% endmacro %}


{#- Why a table cannot be brought up to date with the rows of its raw table, if so. -#}
{% macro reason_to_make_anew(existing, raw_table) %}
    {%- if not existing or not existing.is_table -%}
        {{ return('there is none yet') }}
    {%- endif -%}
    {%- if run_query(deliveries_out_of_turn(raw_table)) | length -%}
        {{ return('its deliveries have not only grown by later deltas') }}
    {%- endif -%}
    {{ return('') }}
{% endmacro %}


{#-
    Why it is not worth it to bring a table up to date, now that it is known what is due.

    due: a table with a row for each row that would be written.
-#}
{% macro reason_not_to_update(due) %}
    {%- set counts = run_query(
        "select (select count(*) from " ~ due ~ "), count(*), (
            select estimated_size from duckdb_tables() where database_name = '" ~ this.database
            ~ "' and schema_name = '" ~ this.schema ~ "' and table_name = '" ~ this.identifier ~ "'
        ) from " ~ this
    ).rows[0] -%}
    {%- set due_count, existing, stored = counts[0] | int, counts[1] | int, counts[2] | int -%}
    {%- if due_count > existing * 0.3 -%}
        {{ return(due_count ~ ' lines of ' ~ existing ~ ' are due') }}
    {%- endif -%}
    {#- What is deleted stays in the file, and in the way of every scan. -#}
    {%- if stored > existing * 1.2 -%}
        {{ return((stored - existing) ~ ' deleted rows have piled up') }}
    {%- endif -%}
    {{ return('') }}
{% endmacro %}


{#- Make the table as any other, and say why; to be returned by a materialization. -#}
{% macro made_anew(reason) %}
    {%- do log(this.identifier ~ " is rebuilt: " ~ reason, info=true) -%}
    {{ return(materialization_table_duckdb()) }}
{% endmacro %}


{#- Bring the table up to date by these statements; to be returned by a materialization. -#}
{% macro written_in_place(statements) %}
    {%- do run_hooks(pre_hooks, inside_transaction=False) -%}
    {%- do run_hooks(pre_hooks, inside_transaction=True) -%}
    {%- call statement('main') -%}
        {{ statements }}
    {%- endcall -%}
    {%- do run_hooks(post_hooks, inside_transaction=True) -%}
    {%- do adapter.commit() -%}
    {%- do run_hooks(post_hooks, inside_transaction=False) -%}
    {%- do log(this.identifier ~ " is brought up to date in place", info=true) -%}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmacro %}
