-- A contract of an unlisted status counts as active. List the status in the seed contract_statuses,
-- so that nobody bills on a contract that is over.
-- Only a warning since 2026-11-21: every MSP names its own statuses, and a new one must not keep
-- all other figures from being published. (MIL-14)
{{ config(
    severity='warn',
    meta={'dagster': {'ref': {'name': 'int_psa__contracts'}}},
) }}

with

contracts as (
    select * from {{ ref('int_psa__contracts') }}
),

contract_statuses as (
    select * from {{ ref('contract_statuses') }}
),

listed as (
    select distinct {{ label('status_name') }} as status_label
    from contract_statuses
)

select
    contracts.status_name,
    count(*) as contract_count
from contracts
left join listed
    on {{ label('contracts.status_name') }} = listed.status_label
where contracts.status_name is not null and listed.status_label is null
group by contracts.status_name
