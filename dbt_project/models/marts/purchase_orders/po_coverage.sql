-- Rules: MRT-8.
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

records as (
    select
        'charges' as object_name,
        company_id,
        has_direct_po as has_po
    from charges

    union all

    select
        'charges_resolved' as object_name,
        company_id,
        has_po
    from charges

    union all

    select
        'time_entries_resolved' as object_name,
        company_id,
        has_po
    from time_entries
    where not is_internal

    union all

    -- An object is called by the plural of its level: tasks, tickets, projects, contracts.
    select
        parent_level || 's' as object_name,
        company_id,
        po_number is not null as has_po
    from parents
),

totals as (
    select
        object_name,
        company_id,
        count(*) as total_records,
        count(*) filter (where has_po) as records_with_po
    from records
    group by object_name, company_id
),

final as (
    select
        totals.object_name,
        totals.company_id,
        companies.company_name,
        totals.total_records,
        totals.records_with_po,
        {{ percentage('totals.records_with_po', 'totals.total_records') }} as coverage_pct
    from totals
    left join companies
        on totals.company_id = companies.company_id
)

select * from final
