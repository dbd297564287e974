-- Rules: RES-22, RES-24.
with

billing_items as (
    select * from {{ ref('stg_autotask__billing_items') }}
),

invoices as (
    select * from {{ ref('stg_autotask__invoices') }}
),

invoice_placeholders as (
    select * from {{ ref('int_invoice_placeholders') }}
),

po_texts as (
    select * from {{ ref('int_po_texts_cleaned') }}
),

-- An item of a voided invoice waits for another one.
items_with_invoice as (
    select
        billing_items.*,
        invoices.invoice_number,
        case
            when not coalesce(invoices.is_voided, false) then billing_items.invoice_id
        end as valid_invoice_id
    from billing_items
    left join invoices
        on billing_items.invoice_id = invoices.invoice_id
),

final as (
    select
        items.billing_item_id,
        items.company_id,
        items.contract_id,
        items.contract_charge_id,
        items.project_charge_id,
        items.ticket_charge_id,
        items.time_entry_id,
        items.milestone_id,
        items.valid_invoice_id as invoice_id,
        -- Where an invoice has no number, Autotask prints its id.
        case
            when items.valid_invoice_id is null then null
            when {{ is_blank('items.invoice_number') }} then cast(items.invoice_id as string)
            when invoice_placeholders.invoice_text is null then items.invoice_number
        end as invoice_number,
        po_texts.po_number,
        coalesce(items.extended_price, 0) as amount,
        -- The client has paid for the block before.
        case
            when items.contract_block_id is null then coalesce(items.extended_price, 0)
            else 0
        end as labor_amount,
        items.item_date
    from items_with_invoice as items
    left join invoice_placeholders
        on items.invoice_number = invoice_placeholders.invoice_text
    left join po_texts
        on items.purchase_order_number = po_texts.po_text
)

select * from final
