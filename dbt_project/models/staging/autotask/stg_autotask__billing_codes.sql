with

current_billing_codes as (
    {{ current_rows('autotask', 'billing_codes') }}
),

final as (
    select
        id as billing_code_id,
        name,
        is_active
    from current_billing_codes
)

select * from final
