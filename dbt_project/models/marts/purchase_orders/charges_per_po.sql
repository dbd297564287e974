-- Rules: MRT-9.
with

charges as (
    select * from {{ ref('fct_charges_po_resolved') }}
),

final as (
    select
        purchase_order_key,
        po_company_id,
        po_number,
        count(*) as charge_lines,
        count(*) filter (where po_source = 'charge') as lines_direct,
        count(*) filter (where po_source <> 'charge') as lines_inherited,
        {{ as_amount('sum(billable_amount)') }} as billable_amount,
        {{ as_amount('coalesce(sum(extended_cost), 0)') }} as extended_cost,
        {{ as_amount('coalesce(sum(billable_amount) filter (where is_invoiced), 0)') }}
            as invoiced_amount,
        {{ as_amount('coalesce(sum(billable_amount) filter (where not is_invoiced), 0)') }}
            as uninvoiced_amount,
        min(date_purchased) as first_date_purchased,
        max(date_purchased) as last_date_purchased
    from charges
    where has_po
    group by purchase_order_key, po_company_id, po_number
)

select * from final
