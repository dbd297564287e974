{#- One character that shows as nothing. -#}
{% macro white_space() -%}
    {{ one_of_characters(white_space_code_points()) }}
{%- endmacro %}


{#- A text with white space trimmed and each run of it collapsed to one space. -#}
{% macro trimmed(text) -%}
    trim({{ replace_matches(text, white_space() ~ '+', ' ') }})
{%- endmacro %}


{#- A text without the white space around it; null when nothing is left. -#}
{% macro stripped(text) -%}
    nullif({{ replace_matches(
        text, '^' ~ white_space() ~ '+|' ~ white_space() ~ '+$', ''
    ) }}, '')
{%- endmacro %}


{#- A PO text as it is compared, before placeholders are left out (RES-2). -#}
{% macro tidy_po(text) -%}
    {{ upper_case(trimmed(text)) }}
{%- endmacro %}


{#- A status as it is compared: without white space around it, in any case. -#}
{% macro label(text) -%}
    upper({{ trimmed(text) }})
{%- endmacro %}


{% macro is_blank(text) -%}
    coalesce({{ matches(text, white_space() ~ '*') }}, true)
{%- endmacro %}


{#- Whether an invoice number says that the line was invoiced: blank and 0 do not (RES-14). -#}
{% macro is_invoiced(invoice_number) -%}
    not coalesce({{ matches(invoice_number, white_space() ~ '*0?' ~ white_space() ~ '*') }}, true)
{%- endmacro %}


{#- What tells the POs of two clients apart (RES-4); null without a PO. -#}
{% macro purchase_order_key(company_id, po_number) -%}
    coalesce(cast({{ company_id }} as varchar), 'unknown') || '-' || {{ po_number }}
{%- endmacro %}
