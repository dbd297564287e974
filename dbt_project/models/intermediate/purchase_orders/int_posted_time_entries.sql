-- Rules: RES-22, RES-23, RES-24.
with

billing_items as (
    select * from {{ ref('int_billing_items') }}
),

items as (
    select *
    from billing_items
    where time_entry_id is not null
),

final as (
    {{ postings('items', 'time_entry_id') }}
)

select * from final
