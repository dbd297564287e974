with

delivered_pos as (
    select * from {{ ref('int_psa__delivered_pos') }}
),

po_texts as (
    select * from {{ ref('int_po_texts_cleaned') }}
),

states as (
    select
        delivered_pos.*,
        {{ if_level_counts('delivered_pos.parent_level', 'po_texts.po_number', 'null') }}
            as po_number
    from delivered_pos
    left join po_texts
        on delivered_pos.purchase_order_number = po_texts.po_text
),

states_and_the_one_before as (
    select
        *,
        row_number() over deliveries as delivery_number,
        lag(po_number) over deliveries as previous_po_number,
        lag(start_date) over deliveries as previous_start_date,
        lag(end_date) over deliveries as previous_end_date
    from states
    window deliveries as (partition by parent_level, parent_id order by extracted_at, batch)
),

changes as (
    select
        *,
        row_number() over (
            partition by parent_level, parent_id order by delivery_number
        ) as version_number
    from states_and_the_one_before
    where
        delivery_number = 1
        or po_number is distinct from previous_po_number
        or start_date is distinct from previous_start_date
        or end_date is distinct from previous_end_date
),

-- Nobody knows what came before the first delivery: its state is taken to have always been there.
versions as (
    select
        parent_level,
        parent_id,
        version_number,
        po_number,
        start_date,
        end_date,
        case
            when version_number = 1 then {{ first_day() }}
            when last_modified_at > previous_extracted_at and last_modified_at <= extracted_at
                then cast(last_modified_at as date)
            else cast(extracted_at as date)
        end as in_force_from
    from changes
),

final as (
    select
        *,
        coalesce(
            lead(in_force_from) over (
                partition by parent_level, parent_id order by version_number
            ),
            {{ last_day() }}
        ) as superseded_on
    from versions
)

select * from final
