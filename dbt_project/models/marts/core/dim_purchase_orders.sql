-- Rules: MRT-5.
with

months as (
    select * from {{ ref('int_po_use_by_month') }}
),

parents as (
    select * from {{ ref('int_po_parents') }}
),

register as (
    select * from {{ ref('int_po_register') }}
),

pos as (
    select
        purchase_order_key,
        po_company_id as company_id,
        po_number,
        false as is_registered,
        cast(null as string) as parent_level,
        charge_count,
        time_entry_count,
        first_line_date,
        last_line_date
    from months

    union all

    select
        {{ purchase_order_key('company_id', 'po_number') }} as purchase_order_key,
        company_id,
        po_number,
        false as is_registered,
        parent_level,
        0 as charge_count,
        0 as time_entry_count,
        cast(null as date) as first_line_date,
        cast(null as date) as last_line_date
    from parents
    where po_number is not null

    union all

    select
        purchase_order_key,
        po_company_id as company_id,
        po_number,
        true as is_registered,
        cast(null as string) as parent_level,
        0 as charge_count,
        0 as time_entry_count,
        cast(null as date) as first_line_date,
        cast(null as date) as last_line_date
    from register
),

final as (
    select
        purchase_order_key,
        company_id,
        po_number,
        count(*) filter (where parent_level = 'contract') as contract_count,
        count(*) filter (where parent_level = 'project') as project_count,
        count(*) filter (where parent_level = 'task') as task_count,
        count(*) filter (where parent_level = 'ticket') as ticket_count,
        cast(sum(charge_count) as bigint) as charge_count,
        cast(sum(time_entry_count) as bigint) as time_entry_count,
        {{ bool_or('is_registered') }} as is_registered,
        min(first_line_date) as first_activity_date,
        max(last_line_date) as last_activity_date
    from pos
    group by purchase_order_key, company_id, po_number
)

select * from final
