{#- What charges, time entries and milestones have in common when they look for a PO. -#}


{#-
    Whether a PO of one company may be used on a line of another (RES-11): they are one company,
    one is the other's parent, or nobody knows whose the PO is.

    Both sides need company_id and parent_company_id; the line's are the effective ones.
-#}
{% macro company_fits(line, owner) -%}
    (
        {{ owner }}.company_id is null
        or coalesce({{ owner }}.company_id = {{ line }}.effective_company_id, false)
        or coalesce({{ owner }}.company_id = {{ line }}.parent_company_id, false)
        or coalesce({{ owner }}.parent_company_id = {{ line }}.effective_company_id, false)
    )
{%- endmacro %}


{#- A PO or a flag of a level; a level that the var `po_precedence` leaves out has none. -#}
{% macro if_level_counts(parent_level, value, otherwise) -%}
    case
        when {{ parent_level }} in ('{{ po_levels() | join("', '") }}') then {{ value }}
        else {{ otherwise }}
    end
{%- endmacro %}
