-- Rules: RES-15, RAW-14.
with

charges as (
    select * from {{ ref('stg_autotask__charges') }}
),

picklist_values as (
    select * from {{ ref('stg_autotask__picklist_values') }}
),

charge_statuses as (
    select * from {{ ref('charge_statuses') }}
),

-- Few statuses stand on many charges: each spelling is compared once.
spellings as (
    select distinct
        charge_kind,
        status_name
    from charges
),

-- Each kind of charges is an entity of its own.
labels as (
    select
        entity,
        {{ label('value') }} as value_label,
        min(label) as label_text
    from picklist_values
    where field = 'status'
    group by entity, {{ label('value') }}
),

cancelled_labels as (
    select {{ label('status_name') }} as status_label
    from charge_statuses
    where is_cancelled
),

final as (
    select
        spellings.charge_kind,
        spellings.status_name
    from spellings
    left join labels
        on
            {{ charge_entity('spellings.charge_kind') }} = labels.entity
            and {{ label('spellings.status_name') }} = labels.value_label
    where {{ label('coalesce(labels.label_text, spellings.status_name)') }} in (
        select cancelled_labels.status_label
        from cancelled_labels
    )
)

select * from final
