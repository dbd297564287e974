-- Rules: MIL-7.
with

charges as (
    select * from {{ ref('int_psa__charges') }}
),

links as (
    select count(milestone_id) > 0 as is_any_linked
    from charges
),

final as (
    select
        {{ tracking_setting('milestone_allocation_tracking', 'is_any_linked') }}
            as is_allocation_tracked
    from links
)

select * from final
