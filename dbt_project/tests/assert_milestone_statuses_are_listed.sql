-- A milestone of an unlisted status counts as in progress. List the status in the seed
-- milestone_statuses, so that nobody forgets to bill what is ready for it.
-- Only a warning since 2026-11-21: every MSP names its own statuses, and a new one must not keep
-- all other figures from being published. (MIL-14)
{{ config(
    severity='warn',
    meta={'dagster': {'ref': {'name': 'fct_milestones'}}},
) }}

select
    status_name,
    count(*) as milestone_count,
    sum(amount) as amount
from {{ ref('fct_milestones') }}
where billing_stage = 'unknown'
group by status_name
