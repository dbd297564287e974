-- A charge that claims an existing milestone is that milestone's allocation: invoices with the two
-- of them, now or later, would bill the same work twice. (MRT-16)
{{ config(meta={'dagster': {'ref': {'name': 'invoice_preview_items'}}}) }}

select
    items.item_key as charge_key,
    charges.milestone_id,
    items.amount
from {{ ref('invoice_preview_items') }} as items
inner join {{ ref('fct_charges_po_resolved') }} as charges
    on items.item_key = charges.charge_key and items.item_type = 'charge'
inner join {{ ref('int_psa__milestones') }} as milestones
    on charges.milestone_id = milestones.milestone_id
