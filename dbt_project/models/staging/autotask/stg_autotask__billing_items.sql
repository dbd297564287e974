with

current_billing_items as (
    {{ current_rows('autotask', 'billing_items') }}
),

final as (
    select
        id as billing_item_id,
        company_id,
        contract_id,
        contract_charge_id,
        project_charge_id,
        ticket_charge_id,
        time_entry_id,
        milestone_id,
        contract_block_id,
        invoice_id,
        purchase_order_number,
        extended_price,
        quantity,
        item_date,
        posted_date,
        last_modified_at
    from current_billing_items
)

select * from final
