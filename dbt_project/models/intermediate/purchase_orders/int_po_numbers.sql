-- Rules: MRT-23.
with

parents as (
    select * from {{ ref('int_po_parents') }}
),

register as (
    select * from {{ ref('int_po_register') }}
),

charges as (
    select * from {{ ref('fct_charges_po_resolved') }}
),

time_entries as (
    select * from {{ ref('fct_time_entries_po_resolved') }}
),

uses as (
    select
        company_id as po_company_id,
        po_number,
        count(*) as carrier_count,
        0 as line_count,
        cast(0 as decimal(18, 4)) as amount
    from parents
    where po_number is not null
    group by company_id, po_number

    union all

    select
        po_company_id,
        po_number,
        1 as carrier_count,
        0 as line_count,
        cast(0 as decimal(18, 4)) as amount
    from register

    union all

    select
        company_id as po_company_id,
        charge_po as po_number,
        count(*) as carrier_count,
        0 as line_count,
        cast(0 as decimal(18, 4)) as amount
    from charges
    where has_direct_po
    group by company_id, charge_po

    union all

    select
        po_company_id,
        po_number,
        0 as carrier_count,
        count(*) as line_count,
        sum(billable_amount) as amount
    from charges
    where has_po
    group by po_company_id, po_number

    union all

    select
        po_company_id,
        po_number,
        0 as carrier_count,
        count(*) as line_count,
        sum(labor_amount) as amount
    from time_entries
    where has_po
    group by po_company_id, po_number
),

final as (
    select
        po_company_id,
        po_number,
        cast(sum(carrier_count) as bigint) as carrier_count,
        cast(sum(line_count) as bigint) as line_count,
        sum(amount) as amount
    from uses
    group by po_company_id, po_number
)

select * from final
