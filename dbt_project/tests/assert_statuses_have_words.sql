-- A status of digits alone is the number of a status: whoever reads it does not know what it means,
-- and no seed can match it by its words. Deliver picklist_values, export the label, or list the
-- number in the seed.
-- Only a warning since 2026-11-26: it is odd to read, and all other figures are right.
-- (RAW-13, RAW-14)
{{ config(
    severity='warn',
    meta={'dagster': {'ref': {'name': 'stg_autotask__charges'}}},
) }}

with

statuses as (
    select
        'charges' as table_name,
        {{ charge_entity('charge_kind') }} as entity,
        status_name
    from {{ ref('stg_autotask__charges') }}
    union all
    select
        'projects' as table_name,
        'projects' as entity,
        status_name
    from {{ ref('stg_autotask__projects') }}
    union all
    select
        'tasks' as table_name,
        'tasks' as entity,
        status_name
    from {{ ref('stg_autotask__tasks') }}
    union all
    select
        'tickets' as table_name,
        'tickets' as entity,
        status_name
    from {{ ref('stg_autotask__tickets') }}
),

-- Few statuses stand on many rows: each spelling is compared once.
spellings as (
    select
        table_name,
        entity,
        status_name,
        count(*) as row_count
    from statuses
    where status_name is not null
    group by table_name, entity, status_name
),

-- Staged statuses read as their labels, except those of charges; a label may be a number, too.
words as (
    select
        entity,
        {{ label('value') }} as status_label
    from {{ ref('stg_autotask__picklist_values') }}
    where field = 'status'
    union
    select
        entity,
        {{ label('label') }} as status_label
    from {{ ref('stg_autotask__picklist_values') }}
    where field = 'status'
),

charge_statuses as (
    select distinct {{ label('status_name') }} as status_label
    from {{ ref('charge_statuses') }}
)

select
    spellings.table_name,
    {{ sorted_list('spellings.status_name') }} as status_names,
    sum(spellings.row_count) as row_count
from spellings
left join charge_statuses
    on
        spellings.table_name = 'charges'
        and {{ label('spellings.status_name') }} = charge_statuses.status_label
left join words
    on
        spellings.entity = words.entity
        and {{ label('spellings.status_name') }} = words.status_label
where
    charge_statuses.status_label is null
    and words.status_label is null
    and {{ matches(label('spellings.status_name'), '[0-9]+') }}
group by spellings.table_name
