{#-
    References of one column that lead nowhere (RES-6): a select of orphan_references. It is about the
    raw tables and their columns, as schemas/ declares them, and reads what is staged of them.

    key: what tells the rows of the staging model from one another.
-#}
{% macro orphans_of(source_name, child_table, key, column, parent_table) %}
    {%- set parent_key = raw_tables()['autotask'][parent_table]['staged_key'][0] -%}
    {%- set values = [] -%}
    {%- for value in key -%}
        {%- do values.append('cast(' ~ value ~ ' as string)') -%}
    {%- endfor -%}
    select
        '{{ child_table }}' as child_table,
        {{ values | join(" || '-' || ") }} as child_key,
        '{{ parent_table }}' as parent_table,
        {{ column }} as parent_id
    from {{ ref('stg_' ~ source_name ~ '__' ~ child_table) }} as children
    where
        {{ column }} is not null
        and not exists (
            select 1
            from {{ ref('stg_autotask__' ~ parent_table) }} as parents
            where children.{{ column }} = parents.{{ parent_key }}
        )
{% endmacro %}


{#- The same of all foreign keys. -#}
{% macro orphans() %}
    {%- set selects = [] -%}
    {%- for source_name, tables in raw_tables().items() -%}
        {%- for child_table, child in tables.items() if not child.part_of -%}
            {%- for column, parent_table in child.foreign_keys.items() -%}
                {%- do selects.append(
                    orphans_of(source_name, child_table, child.staged_key, column, parent_table)
                ) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ selects | join(' union all ') }}
{% endmacro %}
