-- No charge and no cent is lost or doubled between the fact and what is summed from it by PO, by
-- material code and by allocation. (MRT-4)
{{ config(meta={'dagster': {'ref': {'name': 'charges_by_material_code'}}}) }}

with

all_charges as (
    select
        count(*) as line_count,
        coalesce(sum(billable_amount), 0) as amount,
        count(*) filter (where has_po) as with_po_line_count,
        count(*) filter (where not is_invoiced) as uninvoiced_line_count,
        count(*) filter (where is_exposed) as exposed_line_count,
        coalesce(sum(billable_amount) filter (where is_exposed), 0) as exposed_amount
    from {{ ref('fct_charges_po_resolved') }}
),

charges_with_po as (
    select
        count(*) as line_count,
        coalesce(sum(billable_amount), 0) as amount,
        coalesce(sum(extended_cost), 0) as extended_cost,
        coalesce(sum(billable_amount) filter (where is_invoiced), 0) as invoiced_amount
    from {{ ref('fct_charges_po_resolved') }}
    where po_number is not null
),

by_material_code as (
    select
        coalesce(sum(charge_lines), 0) as line_count,
        coalesce(sum(billable_amount), 0) as amount,
        coalesce(sum(lines_with_po), 0) as with_po_line_count,
        coalesce(sum(uninvoiced_lines), 0) as uninvoiced_line_count,
        coalesce(sum(exposed_lines), 0) as exposed_line_count,
        coalesce(sum(exposed_amount), 0) as exposed_amount
    from {{ ref('charges_by_material_code') }}
),

by_allocation as (
    select
        sum(charge_count) as line_count,
        sum(billable_amount) as amount
    from {{ ref('charge_allocation') }}
),

per_po as (
    select
        coalesce(sum(charge_lines), 0) as line_count,
        coalesce(sum(lines_direct + lines_inherited), 0) as direct_and_inherited_line_count,
        coalesce(sum(billable_amount), 0) as amount,
        coalesce(sum(extended_cost), 0) as extended_cost,
        coalesce(sum(invoiced_amount), 0) as invoiced_amount,
        coalesce(sum(invoiced_amount + uninvoiced_amount), 0) as invoiced_and_uninvoiced_amount
    from {{ ref('charges_per_po') }}
),

differences as (
    select
        'charges_by_material_code' as mart_name,
        all_charges.line_count as fact_line_count,
        by_material_code.line_count,
        all_charges.amount as fact_amount,
        by_material_code.amount
    from all_charges
    cross join by_material_code
    where
        all_charges.line_count <> by_material_code.line_count
        or all_charges.amount <> by_material_code.amount
        or all_charges.with_po_line_count <> by_material_code.with_po_line_count
        or all_charges.uninvoiced_line_count <> by_material_code.uninvoiced_line_count
        or all_charges.exposed_line_count <> by_material_code.exposed_line_count
        or all_charges.exposed_amount <> by_material_code.exposed_amount

    union all

    select
        'charge_allocation' as mart_name,
        all_charges.line_count as fact_line_count,
        by_allocation.line_count,
        all_charges.amount as fact_amount,
        by_allocation.amount
    from all_charges
    cross join by_allocation
    where
        all_charges.line_count <> by_allocation.line_count
        or all_charges.amount <> by_allocation.amount

    union all

    select
        'charges_per_po' as mart_name,
        charges_with_po.line_count as fact_line_count,
        per_po.line_count,
        charges_with_po.amount as fact_amount,
        per_po.amount
    from charges_with_po
    cross join per_po
    where
        charges_with_po.line_count <> per_po.line_count
        or charges_with_po.line_count <> per_po.direct_and_inherited_line_count
        or charges_with_po.amount <> per_po.amount
        or charges_with_po.amount <> per_po.invoiced_and_uninvoiced_amount
        or charges_with_po.invoiced_amount <> per_po.invoiced_amount
        or charges_with_po.extended_cost <> per_po.extended_cost
)

select * from differences
