-- Each kind of charges is numbered apart: one without a kind may be merged with another charge, or
-- counted a second time under its kind. Money would be lost or doubled. (RAW-11, RAW-12)
{{ config(meta={'dagster': {'ref': {'name': 'stg_autotask__unclear_charges'}}}) }}

with

unclear as (
    select
        *,
        dense_rank() over (partition by problem order by charge_id) as id_number,
        dense_rank() over (partition by problem order by batch) as file_number
    from {{ ref('stg_autotask__unclear_charges') }}
),

problems as (
    select
        problem,
        max(id_number) as charge_count,
        {{ sorted_list("case when id_number <= 10 then cast(charge_id as string) end") }} as ids,
        max(file_number) as file_count,
        {{ sorted_list(
            "case when file_number <= 10 then 'make unload BATCH=autotask/' || batch end"
        ) }} as unload
    from unclear
    group by problem
)

select
    problem,
    charge_count,
    ids,
    file_count,
    'deliver charge_kind in these files, or a table a kind (contract_charges, project_charges, '
    || 'ticket_charges, change_order_charges) instead of them; then ' || unload as remedy
from problems
