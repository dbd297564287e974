-- Rules: RES-22, RES-24.
with

billing_items as (
    select * from {{ ref('int_psa__billing_items') }}
),

invoice_placeholders as (
    select * from {{ ref('int_invoice_placeholders') }}
),

po_texts as (
    select * from {{ ref('int_po_texts_cleaned') }}
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
        items.invoice_id,
        -- Where an invoice has no number, Autotask prints its id.
        case
            when items.invoice_id is null then null
            when {{ is_blank('items.invoice_number') }} then cast(items.invoice_id as string)
            when invoice_placeholders.invoice_text is null then items.invoice_number
        end as invoice_number,
        po_texts.po_number,
        items.amount,
        -- The client has paid for the block before.
        case when items.is_prepaid then 0 else items.amount end as labor_amount,
        items.item_date
    from billing_items as items
    left join invoice_placeholders
        on items.invoice_number = invoice_placeholders.invoice_text
    left join po_texts
        on items.purchase_order_number = po_texts.po_text
)

select * from final
