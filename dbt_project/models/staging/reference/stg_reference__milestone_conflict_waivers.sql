with

current_milestone_conflict_waivers as (
    {{ current_rows('reference', 'milestone_conflict_waivers') }}
),

final as (
    select
        milestone_id,
        conflict_type,
        reason,
        until
    from current_milestone_conflict_waivers
)

select * from final
