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


{#- A text as spreadsheets wrap it to keep its zeros, `="0045"` or `'0045`, without its wrapping. -#}
{% macro unwrapped(text) -%}
    {%- set apostrophe = one_of_characters([39]) -%}
    {{ replace_matches(text, '^(?:="(.*)"|' ~ apostrophe ~ '(.*))$', '\\1\\2') }}
{%- endmacro %}


{#- A PO text as it is compared, before what stands for no PO is left out (RES-2). -#}
{% macro tidy_po(text) -%}
    {{ replace_matches(trimmed(unwrapped(trimmed(upper_case(text)))), '^([0-9]+)[.]0+$', '\\1') }}
{%- endmacro %}


{#- A text without all that is neither a letter nor a digit, in any script. -#}
{% macro letters_and_digits(text) -%}
    {{ replace_matches(text, '[^\\p{L}\\p{N}]+', '') }}
{%- endmacro %}


{#- One digit zero of any script. -#}
{% macro zero() -%}
    {{ one_of_characters(zero_code_points()) }}
{%- endmacro %}


{#- What two POs have in common that differ in punctuation or leading zeros alone (MRT-23). -#}
{% macro plain_po(po_number) -%}
    {{ replace_matches(letters_and_digits(po_number), '^' ~ zero() ~ '+', '') }}
{%- endmacro %}


{#- Whether a spreadsheet has made a PO a number and cut it: 4.50001E+09 (MRT-23). -#}
{% macro is_exponent_form(po_number) -%}
    {{ matches(po_number, '[0-9]+([.,][0-9]+)?E[+][0-9]+') }}
{%- endmacro %}


{#- Whether a text has a digit of any script. -#}
{% macro has_digit(text) -%}
    not {{ matches(text, '[^\\p{N}]*') }}
{%- endmacro %}


{#-
    Texts with `clean_text`, what they say when they are read as a PO; null when that is nothing
    (RES-2, RES-3).

    texts: a CTE; column: the one that holds the texts.
-#}
{% macro cleaned_texts(texts, column) %}
    select
        tidied.{{ column }},
        case
            when
                placeholders.tidy_text is null
                and {{ plain_po('tidied.tidy_text') }} <> ''
                then tidied.tidy_text
        end as clean_text
    from (
        select
            {{ column }},
            {{ tidy_po(column) }} as tidy_text
        from {{ texts }}
    ) as tidied
    left join (
        select distinct {{ tidy_po('placeholder') }} as tidy_text
        from {{ ref('po_placeholders') }}
    ) as placeholders
        on tidied.tidy_text = placeholders.tidy_text
{% endmacro %}


{#- A status as it is compared: without white space around it, in any case. -#}
{% macro label(text) -%}
    {{ trimmed(upper_case(text)) }}
{%- endmacro %}


{% macro is_blank(text) -%}
    coalesce({{ matches(text, white_space() ~ '*') }}, true)
{%- endmacro %}


{#-
    The invoice of a line: its own number where that says something, else that of its billing items
    (RES-14, RES-22).

    line: with invoice_number; placeholders: int_invoice_placeholders, joined to it; postings: the
    model of its billing items, joined to it.
-#}
{% macro invoice_of(line, placeholders, postings) -%}
    case
        when {{ placeholders }}.invoice_text is null
            then coalesce({{ line }}.invoice_number, {{ postings }}.invoice_number)
        else {{ postings }}.invoice_number
    end
{%- endmacro %}


{#-
    Whether a line was invoiced: it has an invoice, or is marked as billed and no billing item tells
    more (RES-14).

    line: with invoice_number and is_billed; for the others see `invoice_of`.
-#}
{% macro is_invoiced(line, placeholders, postings) -%}
    (
        {{ invoice_of(line, placeholders, postings) }} is not null
        or ({{ postings }}.item_count is null and {{ line }}.is_billed)
    )
{%- endmacro %}


{#- Whether a line was approved and posted (RES-21). -#}
{% macro is_posted(line, postings) -%}
    ({{ postings }}.item_count is not null or {{ line }}.is_billed)
{%- endmacro %}


{#-
    Whether postings are those of a charge (RES-21): items for a change order name it by its id and its
    company.

    charge: with its effective company as `company_id`, or as named.
-#}
{% macro are_postings_of(postings, charge, company_id='company_id') -%}
    {{ postings }}.charge_key = {{ charge }}.charge_key
    and (
        {{ postings }}.charge_company_id is null
        or {{ postings }}.charge_company_id = {{ charge }}.{{ company_id }}
    )
{%- endmacro %}


{#- What tells the POs of two clients apart (RES-4); null without a PO. -#}
{% macro purchase_order_key(company_id, po_number) -%}
    coalesce(cast({{ company_id }} as string), 'unknown') || '-' || {{ po_number }}
{%- endmacro %}
