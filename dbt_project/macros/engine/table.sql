{#-
    How each table is made: dropped, made again, filled and commented in one statement. dbt's own
    way makes it under another name and renames it, asks for its columns before it comments on
    them, and drops the one before after the commit. That is the same to all others, who see the
    table before or the new one, and costs more than a small table takes to be filled.
-#}
{% materialization table, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}

    {%- call statement('main') -%}
        {%- if existing %}
            drop {{ existing.type }} if exists {{ existing }} cascade;
        {% endif -%}
        {{ create_table_as(False, target, compiled_code) }};
        {{ comments_on(target) }}
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{#- What `persist_docs` asks for. A table under contract has the columns that are described. -#}
{% macro comments_on(relation) %}
    {%- if config.persist_relation_docs() and model['description'] -%}
        {{ duckdb__alter_relation_comment(relation, model['description']) }}
    {%- endif -%}
    {%- if config.persist_column_docs() -%}
        {%- for column in model['columns'].values() %}
            comment on column {{ relation }}.{{ column['name'] }}
            is {{ duckdb_escape_comment(column['description']) }};
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}
