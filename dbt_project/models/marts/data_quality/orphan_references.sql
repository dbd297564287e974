with

final as (
    {{ orphans() }}
)

select * from final
