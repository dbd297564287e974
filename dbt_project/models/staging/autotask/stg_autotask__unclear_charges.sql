-- Rules: RAW-11, RAW-12.
with

charges as (
    select * from {{ ref('stg_autotask__charges') }}
),

batches as (
    select * from {{ ref('stg_ingest__batches') }}
),

mixed_charges as (
    select * from {{ ref('stg_autotask__mixed_charges') }}
),

rows_without_kind as (
    select
        id as charge_id,
        _batch as batch
    from {{ source('autotask', 'charges') }}
    where charge_kind = 'charge' and _batch_kind <> 'deleted'
),

tables_a_kind as (
    select count(*) as batch_count
    from batches
    where
        source = 'autotask'
        and batch_kind <> 'deleted'
        and {{ charge_kind_of('table_name') }} is not null
),

current_without_kind as (
    select *
    from charges
    where charge_kind = 'charge'
),

beside_tables_a_kind as (
    select current_without_kind.charge_id
    from current_without_kind
    cross join tables_a_kind
    where tables_a_kind.batch_count > 0
),

under_two_kinds as (
    select current_without_kind.charge_id
    from current_without_kind
    inner join charges
        on current_without_kind.charge_id = charges.charge_id
    where
        charges.charge_kind <> 'charge'
        and (
            current_without_kind.contract_id = charges.contract_id
            or current_without_kind.project_id = charges.project_id
            or current_without_kind.task_id = charges.task_id
            or current_without_kind.ticket_id = charges.ticket_id
        )
),

unclear as (
    select
        'different charges of one id' as problem,
        charge_id
    from mixed_charges
    union all
    select
        'beside tables a kind' as problem,
        charge_id
    from beside_tables_a_kind
    union all
    select
        'one charge under two kinds' as problem,
        charge_id
    from under_two_kinds
),

final as (
    select distinct
        unclear.problem,
        unclear.charge_id,
        rows_without_kind.batch
    from unclear
    inner join rows_without_kind
        on unclear.charge_id = rows_without_kind.charge_id
)

select * from final
