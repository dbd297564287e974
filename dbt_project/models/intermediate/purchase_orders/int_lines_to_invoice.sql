-- Rules: MRT-16.
with

charges as (
    select * from {{ ref('fct_charges_po_resolved') }}
),

time_entries as (
    select * from {{ ref('fct_time_entries_po_resolved') }}
),

milestones as (
    select * from {{ ref('int_psa__milestones') }}
),

postings as (
    select * from {{ ref('int_postings') }}
),

labor_tracking as (
    select * from {{ ref('int_labor_tracking') }}
),

-- A charge that claims a milestone is the milestone's allocation, not a second bill.
final as (
    select
        'charge' as item_type,
        charges.charge_key as item_key,
        charges.company_id,
        charges.purchase_order_key,
        charges.contract_id,
        charges.contract_name,
        charges.po_number,
        charges.posted_po_number,
        charges.name as description,
        charges.billable_amount as amount,
        charges.po_source not in ('charge', 'none') as is_po_inherited,
        postings.charge_key is not null as has_billing_item,
        charges.date_purchased as item_date
    from charges
    left join milestones
        on charges.milestone_id = milestones.milestone_id
    left join postings
        on {{ are_postings_of('postings', 'charges') }}
    where
        milestones.milestone_id is null
        and charges.is_billable
        and not charges.is_invoiced
        and charges.company_id is distinct from 0
        and charges.date_purchased <= {{ as_of_date() }}

    union all

    select
        'time_entry' as item_type,
        cast(time_entries.time_entry_id as string) as item_key,
        time_entries.company_id,
        time_entries.purchase_order_key,
        time_entries.contract_id,
        time_entries.contract_name,
        time_entries.po_number,
        time_entries.posted_po_number,
        cast(null as string) as description,
        time_entries.labor_amount as amount,
        time_entries.has_po as is_po_inherited,
        postings.time_entry_id is not null as has_billing_item,
        time_entries.date_worked as item_date
    from time_entries
    inner join labor_tracking
        on labor_tracking.is_labor_tracked
    left join postings
        on time_entries.time_entry_id = postings.time_entry_id
    where
        time_entries.labor_amount <> 0
        and not time_entries.is_internal
        and not time_entries.is_invoiced
        and time_entries.date_worked <= {{ as_of_date() }}
)

select * from final
