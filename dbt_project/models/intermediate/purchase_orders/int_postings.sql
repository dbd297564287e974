-- Rules: RES-21, RES-22, RES-23, RES-24.
with

billing_items as (
    select * from {{ ref('int_billing_items') }}
),

charges as (
    select * from {{ ref('int_psa__charges') }}
),

-- Billing items have no key of their own for the charges of change orders: theirs have an id that
-- no project charge has, and a company, which is compared where lines have their parents.
items_of_change_orders as (
    select billing_items.*
    from billing_items
    left join charges as project_charges
        on
            billing_items.project_charge_id = project_charges.charge_id
            and project_charges.charge_kind = 'project'
    where
        billing_items.project_charge_id is not null
        and billing_items.company_id is not null
        and project_charges.charge_id is null
),

items as (
    select
        *,
        'contract-' || cast(contract_charge_id as string) as charge_key,
        cast(null as bigint) as charge_company_id,
        cast(null as bigint) as entry_id
    from billing_items
    where contract_charge_id is not null
    union all
    select
        *,
        'project-' || cast(project_charge_id as string) as charge_key,
        cast(null as bigint) as charge_company_id,
        cast(null as bigint) as entry_id
    from billing_items
    where project_charge_id is not null
    union all
    select
        *,
        'ticket-' || cast(ticket_charge_id as string) as charge_key,
        cast(null as bigint) as charge_company_id,
        cast(null as bigint) as entry_id
    from billing_items
    where ticket_charge_id is not null
    union all
    select
        *,
        'change_order-' || cast(project_charge_id as string) as charge_key,
        company_id as charge_company_id,
        cast(null as bigint) as entry_id
    from items_of_change_orders
    union all
    select
        *,
        cast(null as string) as charge_key,
        cast(null as bigint) as charge_company_id,
        time_entry_id as entry_id
    from billing_items
    where time_entry_id is not null
),

-- The latest item says the PO, and the item of the latest invoice its number.
ranked_items as (
    select
        *,
        row_number() over (
            partition by charge_key, charge_company_id, entry_id order by billing_item_id desc
        ) as posting_rank,
        row_number() over (
            partition by charge_key, charge_company_id, entry_id
            order by invoice_id desc nulls last, billing_item_id desc
        ) as invoice_rank
    from items
),

final as (
    select
        charge_key,
        charge_company_id,
        entry_id as time_entry_id,
        max(case when posting_rank = 1 then po_number end) as po_number,
        max(case when invoice_rank = 1 then invoice_number end) as invoice_number,
        cast(sum(labor_amount) as decimal(38, 4)) as labor_amount,
        count(*) as item_count
    from ranked_items
    group by charge_key, charge_company_id, entry_id
)

select * from final
