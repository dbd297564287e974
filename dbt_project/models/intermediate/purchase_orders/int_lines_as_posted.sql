-- Rules: MRT-25, MRT-26.
with

charges as (
    select * from {{ ref('fct_charges_po_resolved') }}
),

time_entries as (
    select * from {{ ref('fct_time_entries_po_resolved') }}
),

postings as (
    select * from {{ ref('int_postings') }}
),

final as (
    select
        'charge' as line_kind,
        charges.charge_key as line_key,
        charges.company_id,
        charges.company_name,
        charges.invoice_number,
        charges.po_number,
        charges.po_source,
        charges.posted_po_number,
        charges.billable_amount as amount,
        charges.is_invoiced,
        coalesce(
            charges.po_number = charges.posted_po_number,
            charges.po_number is null and charges.posted_po_number is null
        ) as is_agreeing,
        charges.date_purchased as item_date
    from charges
    inner join postings
        on {{ are_postings_of('postings', 'charges') }}

    union all

    select
        'time_entry' as line_kind,
        cast(time_entries.time_entry_id as string) as line_key,
        time_entries.company_id,
        time_entries.company_name,
        time_entries.invoice_number,
        time_entries.po_number,
        time_entries.po_source,
        time_entries.posted_po_number,
        time_entries.labor_amount as amount,
        time_entries.is_invoiced,
        coalesce(
            time_entries.po_number = time_entries.posted_po_number,
            time_entries.po_number is null and time_entries.posted_po_number is null
        ) as is_agreeing,
        time_entries.date_worked as item_date
    from time_entries
    inner join postings
        on time_entries.time_entry_id = postings.time_entry_id
)

select * from final
