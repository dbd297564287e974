-- Orphans are data, not errors: the lines stay, but many of them mean that an export is incomplete.
-- The count is that of lines, once for each parent that is missing. (RES-6)
{{ config(
    severity='warn', fail_calc='coalesce(sum(line_count), 0)',
    meta={'dagster': {'ref': {'name': 'fct_charges_po_resolved'}}},
) }}

with

line_counts as (
    select
        'task' as parent_level,
        task_id as parent_id,
        count(*) as line_count
    from {{ ref('fct_charges_po_resolved') }}
    group by task_id
    union all
    select
        'task' as parent_level,
        task_id as parent_id,
        count(*) as line_count
    from {{ ref('fct_time_entries_po_resolved') }}
    group by task_id
    union all
    select
        'ticket' as parent_level,
        ticket_id as parent_id,
        count(*) as line_count
    from {{ ref('fct_charges_po_resolved') }}
    group by ticket_id
    union all
    select
        'ticket' as parent_level,
        ticket_id as parent_id,
        count(*) as line_count
    from {{ ref('fct_time_entries_po_resolved') }}
    group by ticket_id
    union all
    select
        'project' as parent_level,
        project_id as parent_id,
        count(*) as line_count
    from {{ ref('fct_charges_po_resolved') }}
    group by project_id
    union all
    select
        'project' as parent_level,
        project_id as parent_id,
        count(*) as line_count
    from {{ ref('fct_time_entries_po_resolved') }}
    group by project_id
    union all
    select
        'contract' as parent_level,
        contract_id as parent_id,
        count(*) as line_count
    from {{ ref('fct_charges_po_resolved') }}
    group by contract_id
    union all
    select
        'contract' as parent_level,
        contract_id as parent_id,
        count(*) as line_count
    from {{ ref('fct_time_entries_po_resolved') }}
    group by contract_id
),

parents as (
    select * from {{ ref('int_po_parents') }}
)

select
    line_counts.parent_level,
    line_counts.parent_id,
    sum(line_counts.line_count) as line_count
from line_counts
left join parents
    on
        line_counts.parent_level = parents.parent_level
        and line_counts.parent_id = parents.parent_id
where line_counts.parent_id is not null and parents.parent_id is null
group by line_counts.parent_level, line_counts.parent_id
order by line_count desc, line_counts.parent_level asc, line_counts.parent_id asc
