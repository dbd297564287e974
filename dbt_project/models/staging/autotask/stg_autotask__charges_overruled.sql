-- Rules: RAW-10.
with

current_charges as (
    {{ current_rows('autotask', 'charges') }}
),

batches as (
    select * from {{ ref('stg_ingest__batches') }}
),

batches_by_kind as (
    select
        {{ charge_kind_of('table_name') }} as charge_kind,
        max(case when batch_kind = 'full' then 1 else 0 end) = 1 as is_whole
    from batches
    where source = 'autotask'
    group by {{ charge_kind_of('table_name') }}
),

said_by_kind as (
    {{ charges_said_by_kind() }}
),

-- Mostly none.
charges_at_stake as (
    select
        current_charges.charge_kind,
        current_charges.id as charge_id,
        current_charges.billable_amount,
        batches_by_kind.is_whole,
        current_charges._extracted_at as extracted_at
    from current_charges
    inner join batches_by_kind
        on current_charges.charge_kind = batches_by_kind.charge_kind
),

final as (
    select
        charges_at_stake.charge_kind,
        charges_at_stake.charge_id,
        charges_at_stake.billable_amount
    from charges_at_stake
    left join said_by_kind
        on
            charges_at_stake.charge_kind = said_by_kind.charge_kind
            and charges_at_stake.charge_id = said_by_kind.charge_id
    where
        charges_at_stake.is_whole
        -- There is a current row of it.
        or said_by_kind.delivered_at > said_by_kind.deleted_at
        or (said_by_kind.delivered_at is not null and said_by_kind.deleted_at is null)
        -- It was deleted since.
        or said_by_kind.deleted_at >= charges_at_stake.extracted_at
)

select * from final
