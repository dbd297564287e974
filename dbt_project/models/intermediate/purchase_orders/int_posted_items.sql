-- Rules: MRT-24.
with

billing_items as (
    select * from {{ ref('int_billing_items') }}
),

contracts as (
    select * from {{ ref('dim_contracts') }}
),

-- What names a line is on the preview by this line, if it is there at all.
items_of_their_own as (
    select *
    from billing_items
    where
        invoice_id is null
        and contract_charge_id is null
        and project_charge_id is null
        and ticket_charge_id is null
        and time_entry_id is null
        and milestone_id is null
),

final as (
    select
        items.billing_item_id,
        items.company_id,
        {{ purchase_order_key('items.company_id', 'items.po_number') }} as purchase_order_key,
        items.contract_id,
        contracts.contract_name,
        items.po_number,
        items.amount,
        items.item_date
    from items_of_their_own as items
    left join contracts
        on items.contract_id = contracts.contract_id
)

select * from final
