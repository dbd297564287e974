-- Rules: PUB-6.
{% if is_updated('fct_charges_po_resolved') %}
with

charges as (
    select * from {{ ref('int_psa__charges') }}
),

charges_before as (
    select * from {{ before('fct_charges_po_resolved') }}
),

changed_batches as (
    {{ changed('stg_ingest__batches', 'table_name, batch, content_hash, extracted_at') }}
),

changed_postings as (
    {{ changed('int_postings') }}
),

changed_statuses as (
    {{ changed('int_psa__cancelled_statuses') }}
),

changed_codes as (
    {{ changed('int_psa__material_codes') }}
),

parents_changed as (
    select * from {{ ref('int_parents_changed') }}
),

final as (
    select
        'delivered' as reason,
        charges.charge_key
    from charges
    inner join changed_batches
        on
            charges.raw_table = changed_batches.table_name
            and charges.batch = changed_batches.batch
            and charges.extracted_at = changed_batches.extracted_at

    union all

    select
        'gone' as reason,
        charge_key
    from charges_before
    where
        not exists (
            select 1
            from charges
            where charges_before.charge_key = charges.charge_key
        )

    union all

    select
        'posting' as reason,
        charge_key
    from changed_postings
    where charge_key is not null

    union all

    select
        'status or code' as reason,
        charges.charge_key
    from charges
    left join changed_statuses
        on
            charges.charge_kind = changed_statuses.charge_kind
            and charges.status_name = changed_statuses.status_name
    left join changed_codes
        on charges.material_code_id = changed_codes.material_code_id
    where coalesce(changed_statuses.status_name, changed_codes.material_code_name) is not null

    union all

    -- By the ids that it had: as long as all that they led to say the same, it has them still.
    select
        'parent' as reason,
        charge_key
    from charges_before
    where
        task_id in (select parents_changed.task_id from parents_changed)
        or ticket_id in (select parents_changed.ticket_id from parents_changed)
        or project_id in (select parents_changed.project_id from parents_changed)
        or contract_id in (select parents_changed.contract_id from parents_changed)
        or company_id in (select parents_changed.company_id from parents_changed)
)

select * from final
{% else %}
select
    cast(null as string) as reason,
    cast(null as string) as charge_key
where false
{% endif %}
