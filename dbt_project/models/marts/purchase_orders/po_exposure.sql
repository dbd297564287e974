-- Rules: MRT-11.
with

charges as (
    select * from {{ ref('fct_charges_po_resolved') }}
),

po_required_companies as (
    select * from {{ ref('int_po_required_companies') }}
),

-- An exposed charge has no PO at all, so it is also one without a PO of its own.
charges_without_direct_po as (
    select
        *,
        coalesce(material_code_name, 'Uncategorised') as material_code,
        {{ days_between('date_purchased', as_of_date()) }} as age_days
    from charges
    where
        (is_exposed or not has_direct_po)
        and is_billable
        and not is_invoiced
        and coalesce(company_id <> 0, true)
),

totals as (
    select
        company_id,
        company_name,
        material_code as material_code_name,
        count(*) filter (where is_exposed) as uninvoiced_lines_no_po,
        sum(billable_amount) filter (where is_exposed) as total_billable_exposed,
        count(*) filter (where not has_direct_po) as uninvoiced_lines_no_direct_po,
        sum(billable_amount) filter (where not has_direct_po) as total_billable_no_direct_po,
        sum(billable_amount) filter (where is_exposed and age_days <= 30) as exposed_0_30,
        sum(billable_amount) filter (where is_exposed and age_days between 31 and 60)
            as exposed_31_60,
        sum(billable_amount) filter (where is_exposed and age_days between 61 and 90)
            as exposed_61_90,
        sum(billable_amount) filter (where is_exposed and age_days > 90) as exposed_over_90,
        min(date_purchased) filter (where is_exposed) as oldest_date_purchased
    from charges_without_direct_po
    group by company_id, company_name, material_code
),

final as (
    select
        totals.company_id,
        totals.company_name,
        totals.material_code_name,
        totals.uninvoiced_lines_no_po,
        {{ as_amount('coalesce(totals.total_billable_exposed, 0)') }} as total_billable_exposed,
        totals.uninvoiced_lines_no_direct_po,
        {{ as_amount('coalesce(totals.total_billable_no_direct_po, 0)') }}
            as total_billable_no_direct_po,
        {{ as_amount('coalesce(totals.exposed_0_30, 0)') }} as exposed_0_30,
        {{ as_amount('coalesce(totals.exposed_31_60, 0)') }} as exposed_31_60,
        {{ as_amount('coalesce(totals.exposed_61_90, 0)') }} as exposed_61_90,
        {{ as_amount('coalesce(totals.exposed_over_90, 0)') }} as exposed_over_90,
        po_required_companies.company_id is not null as po_required,
        totals.oldest_date_purchased
    from totals
    left join po_required_companies
        on totals.company_id = po_required_companies.company_id
)

select * from final
