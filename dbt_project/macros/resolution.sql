{#-
    What charges and time entries have in common: their effective parents (RES-5) and the PO that
    follows from them (RES-11, RES-12, RES-13). Each macro is one select over the lines it is given.
-#}


{#-
    The lines with the ids that count for them (RES-5), and what their parents say. The first id
    that is there wins, even when it points to nothing; it then leads no further.

    lines: a CTE with task_id, ticket_id, project_id, contract_id and company_id.
-#}
{% macro effective_parents(lines) %}
    {%- set project_id = 'coalesce(lines.project_id, tasks.project_id, tickets.project_id)' -%}
    {%- set contract_id = 'coalesce(lines.contract_id, tickets.contract_id, projects.contract_id)' -%}
    {%- set company_id -%}
        coalesce(lines.company_id, tickets.company_id, projects.company_id, contracts.company_id)
    {%- endset -%}
    select
        lines.*,
        {{ company_id }} as effective_company_id,
        {{ contract_id }} as effective_contract_id,
        {{ project_id }} as effective_project_id,
        companies.parent_company_id,
        companies.company_name,
        contracts.parent_name as contract_name,
        projects.parent_name as project_name,
        projects.parent_number as project_number,
        tasks.parent_number as task_number,
        tickets.parent_number as ticket_number,
        coalesce(lines.task_id, lines.ticket_id, {{ project_id }}, {{ contract_id }}) is not null
            as has_parent,
        (lines.task_id is not null and tasks.parent_id is null)
        or (lines.ticket_id is not null and tickets.parent_id is null)
        or ({{ project_id }} is not null and projects.parent_id is null)
        or ({{ contract_id }} is not null and contracts.parent_id is null) as has_orphan_reference,
        coalesce(tasks.has_placeholder, false)
        or coalesce(tickets.has_placeholder, false)
        or coalesce(projects.has_placeholder, false)
        or coalesce(contracts.has_placeholder, false) as has_parent_with_placeholder
    from {{ lines }} as lines
    left join {{ ref('int_po_parents') }} as tasks
        on tasks.parent_level = 'task' and lines.task_id = tasks.parent_id
    left join {{ ref('int_po_parents') }} as tickets
        on tickets.parent_level = 'ticket' and lines.ticket_id = tickets.parent_id
    left join {{ ref('int_po_parents') }} as projects
        on projects.parent_level = 'project' and {{ project_id }} = projects.parent_id
    left join {{ ref('int_po_parents') }} as contracts
        on contracts.parent_level = 'contract' and {{ contract_id }} = contracts.parent_id
    left join {{ ref('stg_autotask__companies') }} as companies
        on {{ company_id }} = companies.company_id
{% endmacro %}


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


{#-
    The lines with every PO that could be inherited on their date: `<level>_po` and `<level>_basis`
    of the POs that count, `<level>_po_company_id`, and what stood in the way of the others.

    lines: a CTE as `effective_parents` makes it; line_date: the column that decides.
-#}
{% macro inheritable_pos(lines, line_date) %}
    {%- set effective_levels = ['project', 'contract'] -%}
    select
        lines.*,
        {% for level in parent_levels() -%}
            {%- set periods = level ~ '_periods' -%}
            {%- set fits = company_fits('lines', periods) -%}
            case when {{ fits }} then {{ periods }}.po_number end as {{ level }}_po,
            case when {{ fits }} then {{ periods }}.po_basis end as {{ level }}_basis,
            coalesce({{ periods }}.company_id, lines.effective_company_id) as {{ level }}_po_company_id,
        {% endfor -%}
        {{ company_fits('lines', 'contract_periods') }}
        and coalesce(contract_periods.is_out_of_period, false) as is_contract_out_of_period,
        {% for level in parent_levels() -%}
            {%- set periods = level ~ '_periods' -%}
            ({{ periods }}.po_number is not null and not {{ company_fits('lines', periods) }})
            {{- ' or ' if not loop.last }}
        {%- endfor %} as has_po_of_other_company
    from {{ lines }} as lines
    {% for level in parent_levels() -%}
        {%- set periods = level ~ '_periods' -%}
        {%- set parent_id = ('effective_' if level in effective_levels else '') ~ level ~ '_id' -%}
        left join {{ ref('int_parent_po_periods') }} as {{ periods }}
            on
                {{ periods }}.parent_level = '{{ level }}'
                and lines.{{ parent_id }} = {{ periods }}.parent_id
                and lines.{{ line_date }} between {{ periods }}.valid_from and {{ periods }}.valid_to
    {% endfor %}
{% endmacro %}


{#-
    The lines with the PO that they are billed on, where it comes from, and why there is none
    (RES-10, RES-12, RES-13). The order of the levels is the var `po_precedence`.

    lines: a CTE as `inheritable_pos` makes it, with charge_po and has_own_placeholder.
-#}
{% macro resolved_pos(lines) %}
    {%- set levels = po_levels() -%}
    select
        *,
        case
            {% for level in levels -%}
                when {{ level }}_po is not null then {{ level }}_po
            {% endfor -%}
        end as po_number,
        case
            {% for level in levels -%}
                when {{ level }}_po is not null then '{{ level }}'
            {% endfor -%}
            else 'none'
        end as po_source,
        case
            {% for level in levels -%}
                when {{ level }}_po is not null
                    then {{ "'direct'" if level == 'charge' else level ~ '_basis' }}
            {% endfor -%}
        end as po_basis,
        case
            {% for level in levels -%}
                when {{ level }}_po is not null
                    then {{ 'effective' if level == 'charge' else level ~ '_po' }}_company_id
            {% endfor -%}
        end as po_company_id,
        coalesce(
            charge_po <> coalesce({% for level in inherited_po_levels() %}{{ level }}_po, {% endfor %}null),
            false
        ) as has_po_mismatch,
        case
            when coalesce({% for level in levels %}{{ level }}_po, {% endfor %}null) is not null then null
            when not has_parent then 'no_parent'
            when has_po_of_other_company then 'other_company'
            when is_contract_out_of_period then 'contract_out_of_period'
            when has_orphan_reference then 'orphan_reference'
            when has_own_placeholder or has_parent_with_placeholder then 'placeholder'
            else 'parents_without_po'
        end as po_gap_reason
    from {{ lines }}
{% endmacro %}


{#-
    What the billing items of each line say of it (RES-22, RES-23, RES-24): one row a line.

    items: a CTE with columns of int_billing_items; key: the columns that name the line.
-#}
{% macro postings(items, key) %}
    select
        {{ key }},
        max(case when posting_rank = 1 then po_number end) as po_number,
        max(case when invoice_rank = 1 then invoice_number end) as invoice_number,
        cast(sum(labor_amount) as decimal(38, 4)) as labor_amount,
        count(*) as item_count
    from (
        select
            *,
            row_number() over (partition by {{ key }} order by billing_item_id desc) as posting_rank,
            row_number() over (
                partition by {{ key }} order by invoice_id desc nulls last, billing_item_id desc
            ) as invoice_rank
        from {{ items }}
    ) as ranked_items
    group by {{ key }}
{% endmacro %}


{#- A PO or a flag of a level; a level that the var `po_precedence` leaves out has none. -#}
{% macro if_level_counts(parent_level, value, otherwise) -%}
    case
        when {{ parent_level }} in ('{{ po_levels() | join("', '") }}') then {{ value }}
        else {{ otherwise }}
    end
{%- endmacro %}
