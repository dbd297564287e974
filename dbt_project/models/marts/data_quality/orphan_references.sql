-- Rules: RES-6.
with

final as (
    {{ orphans() }}
)

select * from final
