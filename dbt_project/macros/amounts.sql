{#-
    A sum of money or hours as marts give it (MRT-27): readers cut the wider type of a sum down, or turn
    it into a float. A sum beyond the type ends the build with an error; none is ever cut.
-#}
{% macro as_amount(expression) -%}
    cast({{ expression }} as decimal(18, 4))
{%- endmacro %}
