-- Rules: PUB-6.
{% if is_updated() %}
with

companies as (
    {{ changed('int_psa__companies', 'company_id, company_name, parent_company_id') }}
),

parents as (
    {{ changed('int_po_parents') }}
),

po_periods as (
    {{ changed('int_parent_po_periods') }}
),

changed as (
    select
        'company' as parent_level,
        company_id as parent_id
    from companies
    union
    select
        parent_level,
        parent_id
    from parents
    union
    select
        parent_level,
        parent_id
    from po_periods
),

-- Lines look for their parents level by level.
final as (
    select
        parent_level,
        parent_id,
        case when parent_level = 'task' then parent_id end as task_id,
        case when parent_level = 'ticket' then parent_id end as ticket_id,
        case when parent_level = 'project' then parent_id end as project_id,
        case when parent_level = 'contract' then parent_id end as contract_id,
        case when parent_level = 'company' then parent_id end as company_id
    from changed
)

select * from final
{% else %}
select
    cast(null as string) as parent_level,
    cast(null as bigint) as parent_id
where false
{% endif %}
