-- Rules: RES-9.
with

versions as (
    select * from {{ ref('int_po_versions') }}
),

parents as (
    select * from {{ ref('int_po_parents') }}
),

-- Days on which the answer may change: a version comes into force, or its PO starts or ends.
turning_days as (
    select
        parent_level,
        parent_id,
        in_force_from as turning_day
    from versions
    union
    select
        parent_level,
        parent_id,
        start_date as turning_day
    from versions
    where po_number is not null and start_date is not null
    union
    select
        parent_level,
        parent_id,
        {{ add_days('end_date', 1) }} as turning_day
    from versions
    where po_number is not null and end_date is not null
),

periods as (
    select
        parent_level,
        parent_id,
        turning_day as valid_from,
        coalesce(
            {{ add_days('lead(turning_day) over (
                partition by parent_level, parent_id order by turning_day
            )', -1) }},
            {{ last_day() }}
        ) as valid_to
    from turning_days
),

-- The version in force and all later ones can give the PO of a day; the first that covers it does.
candidates as (
    select
        periods.parent_level,
        periods.parent_id,
        periods.valid_from,
        periods.valid_to,
        versions.po_number,
        versions.version_number,
        versions.in_force_from <= periods.valid_from as is_in_force,
        coalesce(versions.start_date <= periods.valid_from, true)
        and coalesce(versions.end_date >= periods.valid_from, true) as is_covering
    from periods
    inner join versions
        on
            periods.parent_level = versions.parent_level
            and periods.parent_id = versions.parent_id
            and periods.valid_from < versions.superseded_on
    where versions.po_number is not null
),

ranked_candidates as (
    select
        *,
        row_number() over (
            partition by parent_level, parent_id, valid_from
            order by is_covering desc, version_number asc
        ) as choice
    from candidates
),

final as (
    select
        chosen.parent_level,
        chosen.parent_id,
        parents.company_id,
        parents.parent_company_id,
        case when chosen.is_covering then chosen.po_number end as po_number,
        case
            when chosen.is_covering and chosen.is_in_force then 'in_force'
            when chosen.is_covering then 'backfilled'
        end as po_basis,
        not chosen.is_covering as is_out_of_period,
        chosen.valid_from,
        chosen.valid_to
    from ranked_candidates as chosen
    inner join parents
        on chosen.parent_level = parents.parent_level and chosen.parent_id = parents.parent_id
    where chosen.choice = 1
)

select * from final
