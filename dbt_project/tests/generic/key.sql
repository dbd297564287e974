{#- A key: no two rows agree in all these columns, and none of them is null. -#}
{% test key(model, column_name=none, columns=none) %}
    {%- set columns = columns or [column_name] %}
    select
        {{ columns | join(', ') }},
        count(*) as row_count
    from {{ model }}
    group by {{ columns | join(', ') }}
    having
        count(*) > 1
        {%- for column in columns %}
        or {{ column }} is null
        {%- endfor %}
{% endtest %}
