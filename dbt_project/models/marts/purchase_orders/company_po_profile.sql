with

charges as (
    select * from {{ ref('fct_charges_po_resolved') }}
),

time_entries as (
    select * from {{ ref('fct_time_entries_po_resolved') }}
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

lines as (
    select
        company_id,
        1 as charge_lines,
        billable_amount,
        cast(0 as decimal(18, 4)) as labor_amount,
        has_po,
        is_exposed
    from charges

    union all

    select
        company_id,
        0 as charge_lines,
        cast(0 as decimal(18, 4)) as billable_amount,
        labor_amount,
        has_po,
        is_exposed
    from time_entries
),

totals as (
    select
        company_id,
        cast(sum(charge_lines) as bigint) as charge_lines,
        coalesce(sum(charge_lines) filter (where has_po), 0) as charge_lines_with_po,
        sum(billable_amount) as billable_amount,
        coalesce(sum(billable_amount) filter (where has_po), 0) as amount_with_po,
        coalesce(sum(billable_amount) filter (where is_exposed), 0) as exposed_amount,
        coalesce(sum(labor_amount) filter (where is_exposed), 0) as exposed_labor_amount,
        bool_or(has_po) as has_line_with_po,
        bool_or(is_exposed) as has_exposed_line
    from lines
    where company_id is not null
    group by company_id
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
        billable_amount,
        billable_rank,
        {{ percentage('charge_lines_with_po', 'charge_lines') }} as coverage_pct,
        {{ percentage('amount_with_po', 'billable_amount') }} as value_coverage_pct,
        exposed_amount,
        exposed_labor_amount,
        po_required,
        has_used_pos,
        has_disputed_invoice
    from profiles
)

select * from final
