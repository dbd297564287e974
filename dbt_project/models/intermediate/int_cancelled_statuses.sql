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

final as (
    select status_name
    from spellings
    where {{ label('status_name') }} in (
        select {{ label('status_name') }}
        from charge_statuses
        where is_cancelled
    )
)

select * from final
