{#- The day that ages, expiry and overdue dates are counted from (PUB-10). -#}
{% macro as_of_date() -%}
    cast('{{ env_var("PSA_RUN_AS_OF_DATE") }}' as date)
{%- endmacro %}


{#- The levels of the parents that a line can inherit a PO from, most specific first. -#}
{% macro parent_levels() %}
    {{ return(['task', 'ticket', 'project', 'contract']) }}
{% endmacro %}


{#- The levels whose PO counts, most specific first: the var `po_precedence`, checked (RES-10). -#}
{% macro po_levels() %}
    {%- set known = ['charge'] + parent_levels() -%}
    {%- set levels = var('po_precedence') -%}
    {%- if levels is string or levels is mapping or levels is not iterable or not levels -%}
        {{ exceptions.raise_compiler_error(
            "var po_precedence: " ~ levels ~ " is not a list of levels; name one or more of "
            ~ known | join(", ") ~ ", the one that counts first at the front."
        ) }}
    {%- endif -%}
    {%- for level in levels if level not in known or levels.count(level) > 1 -%}
        {{ exceptions.raise_compiler_error(
            "var po_precedence: '" ~ level ~ "' is "
            ~ ("named twice" if level in known else "not a level")
            ~ "; name each of " ~ known | join(", ") ~ " at most once."
        ) }}
    {%- endfor -%}
    {{ return(levels) }}
{% endmacro %}


{#- Those of them that a line can inherit a PO from. -#}
{% macro inherited_po_levels() %}
    {{ return(po_levels() | reject('equalto', 'charge') | list) }}
{% endmacro %}


{#-
    Whether the extract tells something that not every export holds: a var that is auto, on or off.

    any_found: whether any row tells it, which decides when the var is `auto`.
-#}
{% macro tracking_setting(name, any_found) -%}
    {#- YAML reads a bare on and off as true and false. -#}
    {%- set spelling = var(name) | string -%}
    {%- set setting = {'True': 'on', 'False': 'off'}.get(spelling, spelling) -%}
    {%- set conditions = {'auto': any_found, 'on': 'true', 'off': 'false'} -%}
    {%- if setting not in conditions -%}
        {{ exceptions.raise_compiler_error(
            "var " ~ name ~ ": '" ~ setting ~ "' is not one of auto, on, off."
        ) }}
    {%- endif -%}
    {{ conditions[setting] }}
{%- endmacro %}


{#- Whether at least the share `near_limit_pct` of what a PO authorises, if anything, is used up. -#}
{% macro is_near_limit(consumed, authorized) -%}
    {%- set limit_pct = var('near_limit_pct') -%}
    {%- if limit_pct is not number or limit_pct is boolean or limit_pct < 0 -%}
        {{ exceptions.raise_compiler_error(
            "var near_limit_pct: '" ~ limit_pct ~ "' is not a percentage of 0 or more."
        ) }}
    {%- endif -%}
    coalesce({{ authorized }} > 0 and {{ consumed }} * 100 >= {{ authorized }} * {{ limit_pct }}, false)
{%- endmacro %}
