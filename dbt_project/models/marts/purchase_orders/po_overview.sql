-- Rules: MRT-7.
with

charges as (
    select * from {{ ref('fct_charges_po_resolved') }}
),

time_entries as (
    select * from {{ ref('fct_time_entries_po_resolved') }}
),

po_required_companies as (
    select * from {{ ref('int_po_required_companies') }}
),

milestones as (
    select * from {{ ref('fct_milestones') }}
),

data_as_of as (
    select * from {{ ref('int_psa__data_as_of') }}
),

charge_totals as (
    select
        count(*) as total_charge_records,
        count(*) filter (where charges.has_direct_po) as charges_with_direct_po,
        count(*) filter (where charges.has_po) as charges_with_po,
        count(*) filter (where not charges.has_po) as charges_without_po,
        count(*) filter (
            where not {{ is_blank('charges.internal_po_number') }}
        ) as charges_with_internal_po,
        count(distinct {{ purchase_order_key('charges.company_id', 'charges.charge_po') }})
            as unique_direct_po_numbers,
        count(distinct charges.purchase_order_key) as unique_po_numbers,
        count(*) filter (where charges.is_exposed) as exposed_lines,
        coalesce(sum(charges.billable_amount), 0) as total_billable_amount,
        coalesce(sum(charges.billable_amount) filter (where charges.has_po), 0) as amount_with_po,
        coalesce(sum(charges.billable_amount) filter (where charges.is_exposed), 0)
            as exposed_amount,
        coalesce(sum(charges.billable_amount) filter (
            where charges.is_exposed and po_required_companies.company_id is not null
        ), 0) as exposed_amount_po_required
    from charges
    left join po_required_companies
        on charges.company_id = po_required_companies.company_id
),

labor_totals as (
    select
        coalesce(sum(hours_worked) filter (where not is_internal), 0) as total_hours,
        coalesce(sum(hours_worked) filter (where not is_internal and has_po), 0) as hours_with_po,
        coalesce(sum(labor_amount) filter (where is_exposed), 0) as exposed_labor_amount
    from time_entries
),

milestone_totals as (
    select coalesce(sum(amount), 0) as exposed_milestone_amount
    from milestones
    where
        billing_stage in ('completed', 'approved_for_billing')
        and po_number is null
        and company_id is distinct from 0
),

final as (
    select
        charge_totals.total_charge_records,
        charge_totals.charges_with_direct_po,
        charge_totals.charges_with_po,
        charge_totals.charges_without_po,
        charge_totals.charges_with_internal_po,
        charge_totals.unique_direct_po_numbers,
        charge_totals.unique_po_numbers,
        {{ percentage(
            'charge_totals.charges_with_direct_po', 'charge_totals.total_charge_records'
        ) }} as direct_coverage_pct,
        {{ percentage('charge_totals.charges_with_po', 'charge_totals.total_charge_records') }}
            as coverage_pct,
        {{ percentage('charge_totals.amount_with_po', 'charge_totals.total_billable_amount') }}
            as amount_coverage_pct,
        {{ as_amount('charge_totals.total_billable_amount') }} as total_billable_amount,
        {{ as_amount('labor_totals.total_hours') }} as total_hours,
        {{ as_amount('labor_totals.hours_with_po') }} as hours_with_po,
        charge_totals.exposed_lines,
        {{ as_amount('charge_totals.exposed_amount') }} as exposed_amount,
        {{ as_amount('charge_totals.exposed_amount_po_required') }} as exposed_amount_po_required,
        {{ as_amount('labor_totals.exposed_labor_amount') }} as exposed_labor_amount,
        {{ as_amount('milestone_totals.exposed_milestone_amount') }} as exposed_milestone_amount,
        data_as_of.data_as_of
    from charge_totals
    cross join labor_totals
    cross join milestone_totals
    cross join data_as_of
)

select * from final
