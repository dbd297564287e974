-- Rules: MRT-13.
with

charges as (
    select * from {{ ref('fct_charges_po_resolved') }}
),

time_entries as (
    select * from {{ ref('fct_time_entries_po_resolved') }}
),

milestones as (
    select * from {{ ref('int_psa__milestones') }}
),

-- A charge that claims a milestone is the milestone's own bill: counting both would bill it twice.
charges_on_pos as (
    select
        charges.*,
        charges.is_billable and milestones.milestone_id is null as is_counted
    from charges
    left join milestones
        on charges.milestone_id = milestones.milestone_id
    where charges.has_po
),

lines as (
    select
        po_company_id,
        po_number,
        1 as charge_count,
        case when is_counted then 1 else 0 end as counted_charge_count,
        0 as time_entry_count,
        case when is_counted then billable_amount else 0 end as charges_amount,
        0 as labor_amount,
        0 as hours_worked,
        0 as internal_hours,
        0 as billable_hours,
        date_purchased as line_date
    from charges_on_pos

    union all

    select
        po_company_id,
        po_number,
        0 as charge_count,
        0 as counted_charge_count,
        1 as time_entry_count,
        0 as charges_amount,
        labor_amount,
        hours_worked,
        case when is_internal then hours_worked else 0 end as internal_hours,
        billable_hours,
        date_worked as line_date
    from time_entries
    where has_po
),

-- By company and number, because the key, a longer text, follows from them.
sums as (
    select
        po_company_id,
        po_number,
        {{ first_day_of_month('line_date') }} as activity_month,
        cast(sum(charge_count) as bigint) as charge_count,
        cast(sum(counted_charge_count) as bigint) as counted_charge_count,
        cast(sum(time_entry_count) as bigint) as time_entry_count,
        sum(charges_amount) as charges_amount,
        sum(labor_amount) as labor_amount,
        sum(hours_worked) as hours_worked,
        sum(internal_hours) as internal_hours,
        sum(billable_hours) as billable_hours,
        min(line_date) as first_line_date,
        max(line_date) as last_line_date
    from lines
    group by po_company_id, po_number, {{ first_day_of_month('line_date') }}
),

final as (
    select
        {{ purchase_order_key('po_company_id', 'po_number') }} as purchase_order_key,
        *
    from sums
)

select * from final
