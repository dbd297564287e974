-- Rules: MRT-20, MRT-21.
with

totals as (
    select * from {{ ref('int_lines_by_company') }}
),

parents as (
    select * from {{ ref('int_po_parents') }}
),

companies as (
    select * from {{ ref('dim_companies') }}
),

po_required_companies as (
    select * from {{ ref('int_po_required_companies') }}
),

disputes as (
    select * from {{ ref('stg_reference__po_required_companies') }}
),

companies_with_current_pos as (
    select distinct company_id
    from parents
    where po_number is not null
),

profiles as (
    select
        totals.*,
        companies.company_name,
        rank() over (order by totals.billable_amount desc) as billable_rank,
        po_required_companies.company_id is not null as po_required,
        totals.has_line_with_po or companies_with_current_pos.company_id is not null
            as has_used_pos,
        coalesce(disputes.has_disputed_invoice, false) as has_disputed_invoice
    from totals
    left join companies
        on totals.company_id = companies.company_id
    left join po_required_companies
        on totals.company_id = po_required_companies.company_id
    left join companies_with_current_pos
        on totals.company_id = companies_with_current_pos.company_id
    left join disputes
        on totals.company_id = disputes.company_id
),

final as (
    select
        company_id,
        company_name,
        case
            when company_id = 0 then null
            when po_required and has_exposed_line then 'enforce'
            when not po_required and (has_disputed_invoice or has_used_pos or billable_rank <= 10)
                then 'consider_requiring'
            else 'ok'
        end as recommendation,
        charge_lines,
        {{ as_amount('billable_amount') }} as billable_amount,
        billable_rank,
        {{ percentage('charge_lines_with_po', 'charge_lines') }} as coverage_pct,
        {{ percentage('amount_with_po', 'billable_amount') }} as value_coverage_pct,
        {{ as_amount('exposed_amount') }} as exposed_amount,
        {{ as_amount('exposed_labor_amount') }} as exposed_labor_amount,
        po_required,
        has_used_pos,
        has_disputed_invoice
    from profiles
)

select * from final
