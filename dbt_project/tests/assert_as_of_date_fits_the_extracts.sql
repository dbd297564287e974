-- Ages, expiry and what is overdue are told as of a date that the extracts belong to: not before
-- the newest of them, and not more than a year after it. Only a warning, because last year's
-- figures may be asked for on purpose. Otherwise unset PSA_AS_OF_DATE, or deliver newer extracts.
-- (MRT-30)
{{ config(
    severity='warn',
    meta={'dagster': {'ref': {'name': 'po_overview'}}},
) }}

select
    {{ as_of_date() }} as as_of_date,
    data_as_of
from {{ ref('po_overview') }}
where
    {{ days_between('data_as_of', as_of_date()) }} < 0
    or {{ days_between('data_as_of', as_of_date()) }} > 366
