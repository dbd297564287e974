{{ config(pre_hook="{{ delete_lines_gone(ref('int_charges_due'), 'charge_key') }}") }}

-- Rules: RES-14, RES-15, RES-19, RES-21, RES-24.
with

charges as (
    select *
    from {{ ref('int_lines_resolved') }}
    where line_kind = 'charge'
),

cancelled_statuses as (
    select * from {{ ref('int_psa__cancelled_statuses') }}
),

invoice_placeholders as (
    select * from {{ ref('int_invoice_placeholders') }}
),

postings as (
    select * from {{ ref('int_postings') }}
),

charges_with_flags as (
    select
        charges.*,
        charges.is_billable and cancelled_statuses.status_name is null as is_still_billable,
        {{ is_invoiced('charges', 'invoice_placeholders', 'postings') }} as is_invoiced,
        {{ is_posted('charges', 'postings') }} as is_posted,
        {{ invoice_of('charges', 'invoice_placeholders', 'postings') }}
            as invoice_number_found,
        postings.po_number as posted_po_number
    from charges
    left join cancelled_statuses
        on
            charges.charge_kind = cancelled_statuses.charge_kind
            and charges.status_name = cancelled_statuses.status_name
    left join invoice_placeholders
        on charges.invoice_number = invoice_placeholders.invoice_text
    left join postings
        on {{ are_postings_of('postings', 'charges', 'effective_company_id') }}
),

final as (
    select
        charge_key,
        charge_id,
        {{ purchase_order_key('po_company_id', 'po_number') }} as purchase_order_key,
        po_company_id,
        effective_company_id as company_id,
        effective_contract_id as contract_id,
        effective_project_id as project_id,
        task_id,
        ticket_id,
        milestone_id,
        charge_kind,
        company_name,
        contract_name,
        project_name,
        project_number,
        task_number,
        ticket_number,
        material_code_name,
        name,
        description,
        invoice_number_found as invoice_number,
        purchase_order_number,
        internal_po_number,
        charge_po,
        task_po,
        ticket_po,
        project_po,
        contract_po,
        po_number,
        po_source,
        po_basis,
        po_gap_reason,
        posted_po_number,
        quantity,
        billable_amount,
        extended_cost,
        is_still_billable as is_billable,
        is_posted,
        is_invoiced,
        charge_po is not null as has_direct_po,
        po_number is not null as has_po,
        has_po_mismatch,
        po_number is null
        and is_still_billable
        and not is_invoiced
        and coalesce(effective_company_id <> 0, true) as is_exposed,
        line_date as date_purchased
    from charges_with_flags
)

select * from final
