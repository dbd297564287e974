with

current_picklist_values as (
    {{ current_rows('autotask', 'picklist_values') }}
),

final as (
    select
        entity,
        field,
        value,
        label,
        is_active
    from current_picklist_values
)

select * from final
