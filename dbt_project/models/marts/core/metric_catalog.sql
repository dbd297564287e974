-- Rules: MET-8.
with

definitions as (
    select * from {{ ref('metric_definitions') }}
),

final as (
    select
        metric,
        label,
        description,
        unit,
        mart,
        expression,
        dimensions,
        is_additive
    from definitions
)

select * from final
