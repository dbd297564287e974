-- Rules: RAW-11.
with

rows_without_kind as (
    select
        id as charge_id,
        contract_id,
        project_id,
        task_id,
        ticket_id,
        _batch as batch,
        _content_hash as content_hash,
        _schema_version as schema_version
    from {{ source('autotask', 'charges') }}
    where charge_kind = 'charge' and _batch_kind <> 'deleted'
),

duplicates_without_kind as (
    select *
    from {{ source('quarantine', 'charge_duplicates') }}
    where charge_kind = 'charge' and _batch_kind <> 'deleted'
),

mixed_in_one_file as (
    select rows_without_kind.charge_id
    from duplicates_without_kind
    inner join rows_without_kind
        on
            duplicates_without_kind.id = rows_without_kind.charge_id
            and duplicates_without_kind._batch = rows_without_kind.batch
            and duplicates_without_kind._content_hash = rows_without_kind.content_hash
            and duplicates_without_kind._schema_version = rows_without_kind.schema_version
    where
        duplicates_without_kind.contract_id is distinct from rows_without_kind.contract_id
        or duplicates_without_kind.project_id is distinct from rows_without_kind.project_id
        or duplicates_without_kind.task_id is distinct from rows_without_kind.task_id
        or duplicates_without_kind.ticket_id is distinct from rows_without_kind.ticket_id
),

-- No level is named by all rows of the id: mostly none, so that few have to be compared in pairs.
suspects as (
    select charge_id
    from rows_without_kind
    where coalesce(contract_id, project_id, task_id, ticket_id) is not null
    group by charge_id
    having
        count(contract_id) < count(*)
        and count(project_id) < count(*)
        and count(task_id) < count(*)
        and count(ticket_id) < count(*)
),

levels_named as (
    select distinct
        rows_without_kind.charge_id,
        rows_without_kind.contract_id is not null as has_contract,
        rows_without_kind.project_id is not null as has_project,
        rows_without_kind.task_id is not null as has_task,
        rows_without_kind.ticket_id is not null as has_ticket
    from rows_without_kind
    inner join suspects
        on rows_without_kind.charge_id = suspects.charge_id
    where
        coalesce(
            rows_without_kind.contract_id,
            rows_without_kind.project_id,
            rows_without_kind.task_id,
            rows_without_kind.ticket_id
        ) is not null
),

mixed_in_several_files as (
    select levels_named.charge_id
    from levels_named
    inner join levels_named as other_levels
        on levels_named.charge_id = other_levels.charge_id
    where
        not (levels_named.has_contract and other_levels.has_contract)
        and not (levels_named.has_project and other_levels.has_project)
        and not (levels_named.has_task and other_levels.has_task)
        and not (levels_named.has_ticket and other_levels.has_ticket)
),

final as (
    select charge_id
    from mixed_in_one_file
    union
    select charge_id
    from mixed_in_several_files
)

select * from final
