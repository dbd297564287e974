-- Rules: RES-25.
with

charges as (
    select * from {{ ref('stg_autotask__charges') }}
    {% if is_updated('fct_charges_po_resolved') %}
    where charge_key in (select due.charge_key from {{ ref('int_charges_due') }} as due)
    {% endif %}
),

billing_codes as (
    select * from {{ ref('stg_autotask__billing_codes') }}
),

charges_with_material_code as (
    select
        charges.*,
        coalesce(charges.material_code_name, billing_codes.name) as material_code
    from charges
    left join billing_codes
        on charges.billing_code_id = billing_codes.billing_code_id
),

final as (
    {{ effective_parents('charges_with_material_code') }}
)

select * from final
