with

current_purchase_orders as (
    {{ current_rows('reference', 'purchase_orders') }}
),

final as (
    select
        company_id,
        purchase_order_number,
        currency,
        notes,
        authorized_amount,
        authorized_hours,
        valid_from,
        valid_to
    from current_purchase_orders
)

select * from final
