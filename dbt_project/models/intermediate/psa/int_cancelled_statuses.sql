-- Rules: RES-15.
with

charges as (
    select * from {{ ref('stg_autotask__charges') }}
),

charge_statuses as (
    select * from {{ ref('charge_statuses') }}
),

-- Few statuses stand on many charges: each spelling is compared once.
spellings as (
    select distinct status_name
    from charges
),

cancelled_labels as (
    select {{ label('status_name') }} as status_label
    from charge_statuses
    where is_cancelled
),

final as (
    select spellings.status_name
    from spellings
    where {{ label('spellings.status_name') }} in (
        select cancelled_labels.status_label
        from cancelled_labels
    )
)

select * from final
