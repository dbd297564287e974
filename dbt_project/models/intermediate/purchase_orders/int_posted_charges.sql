-- Rules: RES-21, RES-22, RES-24.
with

billing_items as (
    select * from {{ ref('int_billing_items') }}
),

charges as (
    select * from {{ ref('stg_autotask__charges') }}
),

charges_with_company as (
    select * from {{ ref('int_charges_parented') }}
),

-- Billing items have no key of their own for the charges of change orders.
items_of_change_orders as (
    select
        charges_with_company.charge_key,
        billing_items.*
    from billing_items
    inner join charges_with_company
        on
            billing_items.project_charge_id = charges_with_company.charge_id
            and billing_items.company_id = charges_with_company.effective_company_id
    left join charges as project_charges
        on
            billing_items.project_charge_id = project_charges.charge_id
            and project_charges.charge_kind = 'project'
    where
        charges_with_company.charge_kind = 'change_order'
        and project_charges.charge_id is null
),

items as (
    select
        'contract-' || cast(contract_charge_id as string) as charge_key,
        *
    from billing_items
    where contract_charge_id is not null

    union all

    select
        'project-' || cast(project_charge_id as string) as charge_key,
        *
    from billing_items
    where project_charge_id is not null

    union all

    select
        'ticket-' || cast(ticket_charge_id as string) as charge_key,
        *
    from billing_items
    where ticket_charge_id is not null

    union all

    select * from items_of_change_orders
),

final as (
    {{ postings('items', 'charge_key') }}
)

select * from final
