-- Rules: RES-25.
with

billing_codes as (
    select * from {{ ref('stg_autotask__billing_codes') }}
),

final as (
    select
        billing_code_id as material_code_id,
        name as material_code_name
    from billing_codes
)

select * from final
