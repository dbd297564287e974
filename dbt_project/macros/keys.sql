{#-
    Keys of raw tables, whatever columns they have. Compared column by column: a key that could not
    be read whole is no key, and rows of columns would count two nulls as equal.
-#}


{#- A key as columns key_1, key_2, …, or their names alone. -#}
{% macro as_key_columns(key) -%}
    {%- for value in key %}{{ value }} as key_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}

{% macro key_columns(key) -%}
    {%- for _ in key %}key_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}


{#- Whether a row has the key that a relation holds in such columns. -#}
{% macro has_key_of(key, relation) -%}
    {%- for value in key -%}
        {{ value }} = {{ relation }}.key_{{ loop.index }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#- Whether two relations hold the same key in such columns. -#}
{% macro keys_are_equal(key, left, right) -%}
    {%- for _ in key -%}
        {{ left }}.key_{{ loop.index }} = {{ right }}.key_{{ loop.index }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{#- The key columns of all raw tables, as a relation has them. -#}
{% macro all_key_columns(relation) -%}
    {%- for column in raw_key_columns() %}{{ relation }}.{{ column }}{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}
