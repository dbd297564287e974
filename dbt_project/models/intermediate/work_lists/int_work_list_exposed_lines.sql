with

charges as (
    select * from {{ ref('fct_charges_po_resolved') }}
),

time_entries as (
    select * from {{ ref('fct_time_entries_po_resolved') }}
),

companies as (
    select * from {{ ref('company_po_profile') }}
),

exposed_lines as (
    select
        'charge' as line_kind,
        charge_key as line_key,
        company_id,
        po_gap_reason,
        billable_amount as amount,
        date_purchased as line_date
    from charges
    where is_exposed

    union all

    select
        'time_entry' as line_kind,
        cast(time_entry_id as string) as line_key,
        company_id,
        po_gap_reason,
        labor_amount as amount,
        date_worked as line_date
    from time_entries
    where is_exposed
),

listed_lines as (
    select
        exposed_lines.line_kind,
        exposed_lines.line_key,
        exposed_lines.company_id,
        companies.company_name,
        exposed_lines.po_gap_reason,
        exposed_lines.amount,
        exposed_lines.line_date
    from exposed_lines
    inner join companies
        on exposed_lines.company_id = companies.company_id
    where companies.po_required
),

-- Pages and warnings show fewer, and to rank all would need them in one place.
first_lines as (
    select
        line_kind,
        line_key,
        amount
    from listed_lines
    order by
        amount desc,
        line_kind asc,
        line_key asc
    limit 100
),

ranked_lines as (
    select
        line_kind,
        line_key,
        row_number() over (
            order by
                amount desc,
                line_kind asc,
                line_key asc
        ) as fix_order
    from first_lines
),

final as (
    select
        listed_lines.*,
        ranked_lines.fix_order
    from listed_lines
    left join ranked_lines
        on
            listed_lines.line_kind = ranked_lines.line_kind
            and listed_lines.line_key = ranked_lines.line_key
)

select * from final
