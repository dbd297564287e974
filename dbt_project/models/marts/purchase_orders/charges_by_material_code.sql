-- Rules: MRT-9, MRT-10.
with

charges as (
    select * from {{ ref('fct_charges_po_resolved') }}
),

material_code_priorities as (
    select * from {{ ref('material_code_priorities') }}
),

priorities as (
    select distinct
        {{ label('material_code_name') }} as material_code_label,
        po_priority
    from material_code_priorities
),

totals as (
    select
        coalesce(material_code_name, 'Uncategorised') as material_code_name,
        count(*) as charge_lines,
        count(*) filter (where has_po) as lines_with_po,
        count(*) filter (where not is_invoiced) as uninvoiced_lines,
        count(*) filter (where is_exposed) as exposed_lines,
        sum(billable_amount) as billable_amount,
        coalesce(sum(billable_amount) filter (where has_po), 0) as amount_with_po,
        coalesce(sum(billable_amount) filter (where is_exposed), 0) as exposed_amount
    from charges
    group by coalesce(material_code_name, 'Uncategorised')
),

whole as (
    select sum(billable_amount) as billable_amount
    from totals
),

final as (
    select
        totals.material_code_name,
        coalesce(priorities.po_priority, 'Medium') as po_priority,
        totals.charge_lines,
        {{ as_amount('totals.billable_amount') }} as billable_amount,
        {{ percentage('totals.billable_amount', 'whole.billable_amount') }} as share_pct,
        totals.lines_with_po,
        {{ percentage('totals.lines_with_po', 'totals.charge_lines') }} as coverage_pct,
        {{ percentage('totals.amount_with_po', 'totals.billable_amount') }} as amount_coverage_pct,
        totals.uninvoiced_lines,
        totals.exposed_lines,
        {{ as_amount('totals.exposed_amount') }} as exposed_amount
    from totals
    cross join whole
    left join priorities
        on {{ label('totals.material_code_name') }} = priorities.material_code_label
)

select * from final
