-- Rules: MRT-23.
with

po_numbers as (
    select
        *,
        {{ plain_po('po_number') }} as plain_form
    from {{ ref('int_po_numbers') }}
),

companies as (
    select * from {{ ref('int_psa__companies') }}
),

po_numbers_and_their_like as (
    select
        *,
        first_value(po_number) over twins as most_used_number
    from po_numbers
    window
        twins as (
            partition by po_company_id, plain_form order by line_count desc, po_number asc
        )
),

looks as (
    select
        *,
        'exponent_form' as reason,
        cast(null as string) as similar_po_number
    from po_numbers
    where {{ is_exponent_form('po_number') }}

    union all

    select
        *,
        'no_digit' as reason,
        cast(null as string) as similar_po_number
    from po_numbers
    where not {{ has_digit('po_number') }}

    union all

    select
        po_company_id,
        po_number,
        carrier_count,
        line_count,
        amount,
        plain_form,
        'lookalike' as reason,
        most_used_number as similar_po_number
    from po_numbers_and_their_like
    where po_number <> most_used_number
),

final as (
    select
        looks.po_company_id,
        companies.company_name,
        looks.po_number,
        looks.reason,
        looks.similar_po_number,
        looks.carrier_count,
        looks.line_count,
        {{ as_amount('looks.amount') }} as amount
    from looks
    left join companies
        on looks.po_company_id = companies.company_id
)

select * from final
