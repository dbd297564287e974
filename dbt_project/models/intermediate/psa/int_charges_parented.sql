with

charges as (
    select * from {{ rows_due(ref('stg_autotask__charges')) }}
),

final as (
    {{ effective_parents('charges') }}
)

select * from final
