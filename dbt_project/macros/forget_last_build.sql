{#- Drop the note that the warehouse holds a complete, tested build (orchestration/inputs.py). -#}
{% macro forget_last_build() -%}
    {%- if flags.WHICH in ('build', 'run', 'seed') -%}
        drop table if exists {{ target.database }}.main.complete_build
    {%- endif -%}
{%- endmacro %}
