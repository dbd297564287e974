-- Rules: MRT-16, MRT-24.
with

lines as (
    select * from {{ ref('int_lines_to_invoice') }}
),

milestones as (
    select * from {{ ref('fct_milestones') }}
),

posted_items as (
    select * from {{ ref('int_posted_items') }}
),

-- Once a line is posted, Autotask splits by the PO that it was posted with.
final as (
    select
        item_type,
        item_key,
        company_id,
        case
            when has_billing_item then {{ purchase_order_key('company_id', 'posted_po_number') }}
            else purchase_order_key
        end as purchase_order_key,
        contract_id,
        contract_name,
        case when has_billing_item then posted_po_number else po_number end as po_number,
        description,
        amount,
        is_po_inherited and not has_billing_item as is_po_inherited,
        false as has_conflict,
        item_date
    from lines

    union all

    select
        'milestone' as item_type,
        cast(milestone_id as string) as item_key,
        company_id,
        purchase_order_key,
        target_contract_id as contract_id,
        target_contract_name as contract_name,
        po_number,
        title as description,
        amount,
        purchase_order_key is not null as is_po_inherited,
        has_conflict,
        date_due as item_date
    from milestones
    where
        billing_stage = 'approved_for_billing'
        and company_id is distinct from 0
        and coalesce(date_due <= {{ as_of_date() }}, true)

    union all

    select
        'posted_item' as item_type,
        cast(billing_item_id as string) as item_key,
        company_id,
        purchase_order_key,
        contract_id,
        contract_name,
        po_number,
        cast(null as string) as description,
        amount,
        false as is_po_inherited,
        false as has_conflict,
        item_date
    from posted_items
    where
        company_id is distinct from 0
        and coalesce(item_date <= {{ as_of_date() }}, true)
)

select * from final
