-- Rules: RES-22, RES-23.
with

billing_items as (
    select * from {{ ref('stg_autotask__billing_items') }}
),

invoices as (
    select * from {{ ref('stg_autotask__invoices') }}
),

-- An item of a voided invoice waits for another one.
final as (
    select
        billing_items.billing_item_id,
        billing_items.company_id,
        billing_items.contract_id,
        billing_items.contract_charge_id,
        billing_items.project_charge_id,
        billing_items.ticket_charge_id,
        billing_items.time_entry_id,
        billing_items.milestone_id,
        case when not coalesce(invoices.is_voided, false) then billing_items.invoice_id end
            as invoice_id,
        case when not coalesce(invoices.is_voided, false) then invoices.invoice_number end
            as invoice_number,
        billing_items.purchase_order_number,
        coalesce(billing_items.extended_price, 0) as amount,
        billing_items.contract_block_id is not null as is_prepaid,
        billing_items.item_date
    from billing_items
    left join invoices
        on billing_items.invoice_id = invoices.invoice_id
)

select * from final
