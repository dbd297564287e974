{#- Days, by the macros that dbt has for all engines; where one is wrong, engine/ has it right. -#}

{% macro days_between(first_date, second_date) -%}
    {{ dbt.datediff(first_date, second_date, 'day') }}
{%- endmacro %}

{% macro add_days(date, day_count) -%}
    cast({{ dbt.dateadd('day', day_count, date) }} as date)
{%- endmacro %}

{% macro first_day_of_month(date) -%}
    cast({{ dbt.date_trunc('month', date) }} as date)
{%- endmacro %}


{#- Stand for "since ever" and "for good"; all dates of the extracts lie between them. -#}
{% macro first_day() -%} cast('0001-01-01' as date) {%- endmacro %}
{% macro last_day() -%} cast('9999-12-31' as date) {%- endmacro %}
