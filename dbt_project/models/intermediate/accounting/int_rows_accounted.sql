with

final as (
    {{ rows_accounted() }}
)

select * from final
