-- Rules: RES-25.
with

charges as (
    select * from {{ ref('int_psa__charges') }}
    {% if is_updated('fct_charges_po_resolved') %}
    where charge_key in (select due.charge_key from {{ ref('int_charges_due') }} as due)
    {% endif %}
),

time_entries as (
    select * from {{ ref('int_psa__time_entries') }}
    {% if is_updated('fct_time_entries_po_resolved') %}
    where time_entry_id in (select due.time_entry_id from {{ ref('int_time_entries_due') }} as due)
    {% endif %}
),

material_codes as (
    select * from {{ ref('int_psa__material_codes') }}
),

final as (
    select
        'charge' as line_kind,
        charges.charge_key,
        charges.charge_id,
        cast(null as bigint) as time_entry_id,
        cast(null as bigint) as resource_id,
        charges.company_id,
        charges.contract_id,
        charges.project_id,
        charges.task_id,
        charges.ticket_id,
        charges.milestone_id,
        charges.charge_kind,
        charges.purchase_order_number,
        charges.internal_po_number,
        coalesce(charges.material_code_name, material_codes.material_code_name)
            as material_code_name,
        charges.name,
        charges.description,
        charges.invoice_number,
        charges.status_name,
        charges.quantity,
        charges.billable_amount,
        charges.extended_cost,
        cast(null as decimal(12, 4)) as hours_worked,
        cast(null as decimal(12, 4)) as billable_hours,
        cast(null as decimal(18, 4)) as billing_amount,
        charges.is_billable,
        cast(null as boolean) as is_non_billable,
        charges.is_billed,
        charges.date_purchased as line_date
    from charges
    left join material_codes
        on charges.material_code_id = material_codes.material_code_id

    union all

    -- A time entry has no PO of its own, and knows its project and company by its parents alone.
    select
        'time_entry' as line_kind,
        cast(null as string) as charge_key,
        cast(null as bigint) as charge_id,
        time_entry_id,
        resource_id,
        cast(null as bigint) as company_id,
        contract_id,
        cast(null as bigint) as project_id,
        task_id,
        ticket_id,
        cast(null as bigint) as milestone_id,
        cast(null as string) as charge_kind,
        cast(null as string) as purchase_order_number,
        cast(null as string) as internal_po_number,
        cast(null as string) as material_code_name,
        cast(null as string) as name, -- noqa: RF04
        cast(null as string) as description,
        invoice_number,
        cast(null as string) as status_name,
        cast(null as decimal(18, 4)) as quantity,
        cast(null as decimal(18, 4)) as billable_amount,
        cast(null as decimal(18, 4)) as extended_cost,
        hours_worked,
        billable_hours,
        billing_amount,
        cast(null as boolean) as is_billable,
        is_non_billable,
        is_billed,
        date_worked as line_date
    from time_entries
)

select * from final
