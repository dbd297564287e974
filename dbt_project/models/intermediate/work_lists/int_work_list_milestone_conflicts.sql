with

conflicts as (
    select * from {{ ref('milestone_conflicts') }}
),

final as (
    select
        conflict_key,
        milestone_id,
        company_id,
        title,
        company_name,
        billing_stage,
        conflict_type,
        detail,
        resolution,
        amount,
        -- A milestone is invoiced once, however many conflicts it has.
        case
            when row_number() over (partition by milestone_id order by fix_order asc) = 1
                then amount
            else 0
        end as held_up_amount,
        fix_order,
        billing_stage in ('completed', 'approved_for_billing') as is_ready_to_bill
    from conflicts
    where not is_waived
)

select * from final
