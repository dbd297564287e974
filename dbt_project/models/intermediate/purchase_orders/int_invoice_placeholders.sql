with

charges as (
    select * from {{ ref('int_psa__charges') }}
),

time_entries as (
    select * from {{ ref('int_psa__time_entries') }}
),

invoices as (
    select * from {{ ref('int_psa__invoices') }}
),

placeholders as (
    select * from {{ ref('po_placeholders') }}
),

placeholders_with_digit as (
    select count(*) as placeholder_count
    from placeholders
    where not {{ matches('placeholder', '[^1-9]*') }}
),

invoice_texts as (
    select invoice_number as invoice_text from charges
    union all
    select invoice_number as invoice_text from time_entries
    union all
    select invoice_number as invoice_text from invoices
),

-- Nearly every invoice number has a digit, and as a rule no placeholder has one: this leaves few
-- of many millions of texts to be cleaned.
doubtful_texts as (
    select distinct invoice_texts.invoice_text
    from invoice_texts
    cross join placeholders_with_digit
    where
        invoice_texts.invoice_text is not null
        and (
            {{ matches('invoice_texts.invoice_text', '[^1-9]*') }}
            or placeholders_with_digit.placeholder_count > 0
        )
),

cleaned as (
    {{ cleaned_texts('doubtful_texts', 'invoice_text') }}
),

final as (
    select invoice_text
    from cleaned
    where clean_text is null
)

select * from final
