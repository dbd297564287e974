-- Rules: RES-10, RES-12, RES-13.
with

lines as (
    select * from {{ ref('int_lines_with_candidates') }}
),

lines_with_first_pos as (
    select
        *,
        coalesce(
            {% for level in po_levels() %}
            {{ level }}_po,
            {% endfor %}
            null
        ) as po_number,
        coalesce(
            {% for level in inherited_po_levels() %}
            {{ level }}_po,
            {% endfor %}
            null
        ) as inherited_po
    from lines
),

final as (
    select
        *,
        case
            {% for level in po_levels() %}
            when {{ level }}_po is not null then '{{ level }}'
            {% endfor %}
            else 'none'
        end as po_source,
        case
            {% for level in po_levels() %}
            when {{ level }}_po is not null then {{ level }}_basis
            {% endfor %}
        end as po_basis,
        case
            {% for level in po_levels() %}
            when {{ level }}_po is not null then {{ level }}_po_company_id
            {% endfor %}
        end as po_company_id,
        coalesce(charge_po <> inherited_po, false) as has_po_mismatch,
        case
            when po_number is not null then null
            when not has_parent then 'no_parent'
            when has_po_of_other_company then 'other_company'
            when is_contract_out_of_period then 'contract_out_of_period'
            when has_orphan_reference then 'orphan_reference'
            when has_own_placeholder or has_parent_with_placeholder then 'placeholder'
            else 'parents_without_po'
        end as po_gap_reason
    from lines_with_first_pos
)

select * from final
