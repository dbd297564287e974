{{ config(pre_hook="{{ delete_lines_gone(ref('int_time_entries_due'), 'time_entry_id') }}") }}

-- Rules: RES-14, RES-16, RES-17, RES-19, RES-21, RES-23, RES-24.
with

time_entries as (
    select *
    from {{ ref('int_lines_resolved') }}
    where line_kind = 'time_entry'
),

labor_tracking as (
    select * from {{ ref('int_labor_tracking') }}
),

invoice_placeholders as (
    select * from {{ ref('int_invoice_placeholders') }}
),

postings as (
    select * from {{ ref('int_postings') }}
),

time_entries_with_amounts as (
    select
        time_entries.*,
        labor_tracking.is_labor_tracked,
        case
            when time_entries.is_non_billable then 0
            else coalesce(time_entries.billing_amount, postings.labor_amount, 0)
        end as labor_amount,
        coalesce(time_entries.billing_amount, postings.labor_amount, 0)
            as billing_amount_found,
        coalesce(time_entries.effective_company_id = 0, false)
        or coalesce(
            time_entries.task_id, time_entries.ticket_id, time_entries.effective_contract_id
        ) is null as is_internal,
        {{ is_invoiced('time_entries', 'invoice_placeholders', 'postings') }} as is_invoiced,
        {{ is_posted('time_entries', 'postings') }} as is_posted,
        {{ invoice_of('time_entries', 'invoice_placeholders', 'postings') }}
            as invoice_number_found,
        postings.po_number as posted_po_number
    from time_entries
    cross join labor_tracking
    left join invoice_placeholders
        on time_entries.invoice_number = invoice_placeholders.invoice_text
    left join postings
        on time_entries.time_entry_id = postings.time_entry_id
),

final as (
    select
        time_entry_id,
        {{ purchase_order_key('po_company_id', 'po_number') }} as purchase_order_key,
        po_company_id,
        resource_id,
        effective_company_id as company_id,
        effective_contract_id as contract_id,
        effective_project_id as project_id,
        task_id,
        ticket_id,
        company_name,
        contract_name,
        project_name,
        project_number,
        task_number,
        ticket_number,
        invoice_number_found as invoice_number,
        task_po,
        ticket_po,
        project_po,
        contract_po,
        po_number,
        po_source,
        po_basis,
        po_gap_reason,
        posted_po_number,
        hours_worked,
        billable_hours,
        {{ as_amount('billing_amount_found') }} as billing_amount,
        {{ as_amount('labor_amount') }} as labor_amount,
        is_non_billable,
        is_internal,
        is_posted,
        is_invoiced,
        po_number is not null as has_po,
        po_number is null
        and is_labor_tracked
        and labor_amount <> 0
        and not is_invoiced
        and not is_internal as is_exposed,
        line_date as date_worked
    from time_entries_with_amounts
)

select * from final
