{#-
    References of one column that lead nowhere (RES-6): a select of orphan_references.

    child_table, parent_table: raw tables, as the reader knows them; their staging models follow.
    child_key: what tells the child's rows from one another, as text.
-#}
{% macro orphans(child_table, child_key, column, parent_table, source_name='autotask') %}
    {%- set parent_keys = {
        'companies': 'company_id',
        'contracts': 'contract_id',
        'projects': 'project_id',
        'tasks': 'task_id',
        'tickets': 'ticket_id',
        'contract_milestones': 'milestone_id',
    } -%}
    select
        '{{ child_table }}' as child_table,
        {{ child_key }} as child_key,
        '{{ parent_table }}' as parent_table,
        {{ column }} as parent_id
    from {{ ref('stg_' ~ source_name ~ '__' ~ child_table) }}
    where
        {{ column }} is not null
        and {{ column }} not in (
            select parents.{{ parent_keys[parent_table] }}
            from {{ ref('stg_autotask__' ~ parent_table) }} as parents
        )
{% endmacro %}
