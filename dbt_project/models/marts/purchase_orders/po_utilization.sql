-- Rules: MRT-13, MRT-14.
with

months as (
    select * from {{ ref('int_po_use_by_month') }}
),

register as (
    select * from {{ ref('int_po_register') }}
),

companies as (
    select * from {{ ref('dim_companies') }}
),

-- A milestone that is neither approved nor billed does not use its PO yet.
used_pos as (
    select
        purchase_order_key,
        po_company_id,
        po_number,
        sum(charges_amount) as charges_amount,
        sum(labor_amount) as labor_amount,
        sum(milestone_amount) as milestone_amount,
        sum(billable_hours) as consumed_hours
    from months
    group by purchase_order_key, po_company_id, po_number
    having sum(charge_count + time_entry_count + counted_milestone_count) > 0
),

used_and_registered_pos as (
    select
        coalesce(used_pos.purchase_order_key, register.purchase_order_key) as purchase_order_key,
        coalesce(used_pos.po_company_id, register.po_company_id) as company_id,
        coalesce(used_pos.po_number, register.po_number) as po_number,
        used_pos.purchase_order_key is not null as is_used,
        register.purchase_order_key is not null as is_registered,
        register.authorized_amount,
        register.authorized_hours,
        register.valid_from,
        register.valid_to,
        coalesce(used_pos.charges_amount, 0) as charges_amount,
        coalesce(used_pos.labor_amount, 0) as labor_amount,
        coalesce(used_pos.milestone_amount, 0) as milestone_amount,
        coalesce(
            used_pos.charges_amount + used_pos.labor_amount + used_pos.milestone_amount, 0
        ) as consumed_amount,
        coalesce(used_pos.consumed_hours, 0) as consumed_hours
    from used_pos
    full join register
        on used_pos.purchase_order_key = register.purchase_order_key
),

final as (
    select
        pos.purchase_order_key,
        pos.company_id,
        companies.company_name,
        pos.po_number,
        case
            when not pos.is_registered then 'unregistered'
            when
                pos.consumed_amount > pos.authorized_amount
                or pos.consumed_hours > pos.authorized_hours
                then 'over_budget'
            when pos.valid_to < {{ as_of_date() }} then 'expired'
            when
                {{ is_near_limit('pos.consumed_amount', 'pos.authorized_amount') }}
                or {{ is_near_limit('pos.consumed_hours', 'pos.authorized_hours') }}
                then 'near_limit'
            when pos.authorized_amount is null and pos.authorized_hours is null then 'no_budget'
            when not pos.is_used then 'unused'
            else 'within_budget'
        end as utilization_status,
        pos.authorized_amount,
        pos.authorized_hours,
        {{ as_amount('pos.charges_amount') }} as charges_amount,
        {{ as_amount('pos.labor_amount') }} as labor_amount,
        {{ as_amount('pos.milestone_amount') }} as milestone_amount,
        {{ as_amount('pos.consumed_amount') }} as consumed_amount,
        {{ as_amount('pos.authorized_amount - pos.consumed_amount') }} as remaining_amount,
        case
            when pos.authorized_amount > 0
                then {{ percentage('pos.consumed_amount', 'pos.authorized_amount') }}
        end as consumed_pct,
        {{ as_amount('pos.consumed_hours') }} as consumed_hours,
        {{ as_amount('pos.authorized_hours - pos.consumed_hours') }} as remaining_hours,
        pos.is_registered,
        pos.valid_from,
        pos.valid_to
    from used_and_registered_pos as pos
    left join companies
        on pos.company_id = companies.company_id
)

select * from final
