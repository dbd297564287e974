-- Rules: RAW-10.
with

contract_charges as (
    {{ current_rows('autotask', 'contract_charges') }}
),

project_charges as (
    {{ current_rows('autotask', 'project_charges') }}
),

ticket_charges as (
    {{ current_rows('autotask', 'ticket_charges') }}
),

change_order_charges as (
    {{ current_rows('autotask', 'change_order_charges') }}
),

current_charges as (
    {{ current_rows('autotask', 'charges') }}
),

overruled_charges as (
    select * from {{ ref('stg_autotask__charges_overruled') }}
),

other_charges as (
    select *
    from current_charges
    where
        not exists (
            select 1
            from overruled_charges
            where
                current_charges.charge_kind = overruled_charges.charge_kind
                and current_charges.id = overruled_charges.charge_id
        )
),

final as (
    {{ staged_charges('contract_charges', "'contract'", 'contract_charges') }}
    union all
    {{ staged_charges('project_charges', "'project'", 'project_charges') }}
    union all
    {{ staged_charges('ticket_charges', "'ticket'", 'ticket_charges') }}
    union all
    {{ staged_charges('change_order_charges', "'change_order'", 'change_order_charges') }}
    union all
    {{ staged_charges('other_charges', 'charge_kind', 'charges') }}
)

select * from final
