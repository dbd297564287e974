-- Rules: RES-21, RES-22, RES-24.
with

billing_items as (
    select * from {{ ref('int_billing_items') }}
),

charges as (
    select * from {{ ref('stg_autotask__charges') }}
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
        'contract-' || cast(contract_charge_id as string) as charge_key,
        cast(null as bigint) as charge_company_id,
        *
    from billing_items
    where contract_charge_id is not null

    union all

    select
        'project-' || cast(project_charge_id as string) as charge_key,
        cast(null as bigint) as charge_company_id,
        *
    from billing_items
    where project_charge_id is not null

    union all

    select
        'ticket-' || cast(ticket_charge_id as string) as charge_key,
        cast(null as bigint) as charge_company_id,
        *
    from billing_items
    where ticket_charge_id is not null

    union all

    select
        'change_order-' || cast(project_charge_id as string) as charge_key,
        company_id as charge_company_id,
        *
    from items_of_change_orders
),

final as (
    {{ postings('items', 'charge_key, charge_company_id') }}
)

select * from final
