{#-
    What the values of a picklist read as (RAW-14), to be joined to a text by its `label`: one row a
    value, inactive ones too.

    entity, field: as the REST API names them.
-#}
{% macro picklist(entity, field) %}
    select
        {{ label('value') }} as value_label,
        min(label) as label
    from {{ ref('stg_autotask__picklist_values') }}
    where entity = '{{ entity | lower }}' and field = '{{ field | lower }}'
    group by {{ label('value') }}
{% endmacro %}
