-- Coverage counts every record of an object once, and the total over all companies is the one that
-- the overview shows: a join to companies must neither drop nor multiply a record. (MRT-4, MRT-8)
{{ config(meta={'dagster': {'ref': {'name': 'po_coverage'}}}) }}

with

records as (
    select
        'contracts' as object_name,
        count(*) as total_records,
        count(*) filter (where po_number is not null) as records_with_po
    from {{ ref('dim_contracts') }}

    union all

    select
        'projects' as object_name,
        count(*) as total_records,
        count(*) filter (where po_number is not null) as records_with_po
    from {{ ref('dim_projects') }}

    union all

    select
        'tasks' as object_name,
        count(*) as total_records,
        count(*) filter (where po_number is not null) as records_with_po
    from {{ ref('int_po_parents') }}
    where parent_level = 'task'

    union all

    select
        'tickets' as object_name,
        count(*) as total_records,
        count(*) filter (where po_number is not null) as records_with_po
    from {{ ref('int_po_parents') }}
    where parent_level = 'ticket'

    union all

    select
        'charges' as object_name,
        total_charge_records as total_records,
        charges_with_direct_po as records_with_po
    from {{ ref('po_overview') }}

    union all

    select
        'charges_resolved' as object_name,
        total_charge_records as total_records,
        charges_with_po as records_with_po
    from {{ ref('po_overview') }}

    union all

    select
        'time_entries_resolved' as object_name,
        count(*) as total_records,
        count(*) filter (where has_po) as records_with_po
    from {{ ref('fct_time_entries_po_resolved') }}
    where not is_internal
),

by_company as (
    select
        object_name,
        sum(total_records) as total_records,
        sum(records_with_po) as records_with_po
    from {{ ref('po_coverage') }}
    group by object_name
),

by_object as (
    select * from {{ ref('po_coverage_by_object') }}
)

-- Of an object without records there is no row by company, and a row of zeros by object.
select
    coalesce(records.object_name, by_object.object_name, by_company.object_name) as object_name,
    records.total_records,
    records.records_with_po,
    by_object.total_records as by_object_total_records,
    by_object.records_with_po as by_object_records_with_po,
    by_company.total_records as by_company_total_records,
    by_company.records_with_po as by_company_records_with_po
from records
full join by_object
    on records.object_name = by_object.object_name
full join by_company
    on by_object.object_name = by_company.object_name
where
    records.total_records is distinct from by_object.total_records
    or records.records_with_po is distinct from by_object.records_with_po
    or records.total_records is distinct from coalesce(by_company.total_records, 0)
    or records.records_with_po is distinct from coalesce(by_company.records_with_po, 0)
