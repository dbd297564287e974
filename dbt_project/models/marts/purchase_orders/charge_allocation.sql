-- Rules: MRT-19.
with

charges as (
    select * from {{ ref('int_psa__charges') }}
),

allocations as (
    select 'project' as allocation
    union all
    select 'contract' as allocation
    union all
    select 'unallocated' as allocation
),

-- The charge's own ids, not the effective ones: what was typed, not what follows from it.
charges_with_allocation as (
    select
        billable_amount,
        case
            when project_id is not null then 'project'
            when contract_id is not null then 'contract'
            else 'unallocated'
        end as allocation
    from charges
),

totals as (
    select
        allocations.allocation,
        count(charges_with_allocation.allocation) as charge_count,
        coalesce(sum(charges_with_allocation.billable_amount), 0) as billable_amount
    from allocations
    left join charges_with_allocation
        on allocations.allocation = charges_with_allocation.allocation
    group by allocations.allocation
),

whole as (
    select sum(charge_count) as charge_count
    from totals
),

final as (
    select
        totals.allocation,
        totals.charge_count,
        {{ percentage('totals.charge_count', 'whole.charge_count') }} as share_pct,
        {{ as_amount('totals.billable_amount') }} as billable_amount
    from totals
    cross join whole
)

select * from final
