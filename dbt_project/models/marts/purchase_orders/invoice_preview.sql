-- Rules: MRT-17, MRT-18, MRT-24. Contracts, being few, are counted on the sums of their lines.
with

items as (
    select * from {{ ref('int_invoice_items') }}
),

companies as (
    select * from {{ ref('dim_companies') }}
),

utilization as (
    select * from {{ ref('po_utilization') }}
),

totals_by_contract as (
    select
        company_id,
        purchase_order_key,
        po_number,
        contract_id,
        contract_name,
        count(*) filter (where item_type = 'charge') as charge_lines,
        count(*) filter (where item_type = 'charge' and is_po_inherited) as charge_lines_to_update,
        count(*) filter (where item_type = 'time_entry') as labor_entries,
        count(*) filter (where item_type = 'milestone') as milestone_count,
        count(*) filter (where item_type = 'posted_item') as posted_item_count,
        coalesce(sum(amount) filter (where item_type = 'charge'), 0) as charges_amount,
        coalesce(sum(amount) filter (where item_type = 'time_entry'), 0) as labor_amount,
        coalesce(sum(amount) filter (where item_type = 'milestone'), 0) as milestone_amount,
        coalesce(sum(amount) filter (where item_type = 'posted_item'), 0) as posted_item_amount,
        {{ bool_or('has_conflict') }} as has_conflict
    from items
    group by company_id, purchase_order_key, po_number, contract_id, contract_name
),

sums as (
    select
        company_id,
        purchase_order_key,
        po_number,
        {{ sorted_list('contract_name') }} as contract_names,
        count(distinct contract_id) as contract_count,
        cast(sum(charge_lines) as bigint) as charge_lines,
        cast(sum(charge_lines_to_update) as bigint) as charge_lines_to_update,
        sum(charges_amount) as charges_amount,
        cast(sum(labor_entries) as bigint) as labor_entries,
        sum(labor_amount) as labor_amount,
        cast(sum(milestone_count) as bigint) as milestone_count,
        sum(milestone_amount) as milestone_amount,
        cast(sum(posted_item_count) as bigint) as posted_item_count,
        sum(posted_item_amount) as posted_item_amount,
        {{ bool_or('has_conflict') }} as has_conflict
    from totals_by_contract
    group by company_id, purchase_order_key, po_number
),

invoices as (
    select
        sums.*,
        companies.company_name,
        utilization.utilization_status as po_status,
        case
            when companies.company_id is null then 'company_unknown'
            when sums.po_number is null and companies.po_required then 'po_required_missing'
            when sums.has_conflict then 'milestone_conflict'
        end as blocked_reason
    from sums
    left join companies
        on sums.company_id = companies.company_id
    left join utilization
        on sums.purchase_order_key = utilization.purchase_order_key
),

final as (
    select
        company_id,
        purchase_order_key,
        company_name,
        po_number,
        contract_names,
        po_status,
        blocked_reason,
        contract_count,
        charge_lines,
        charge_lines_to_update,
        {{ as_amount('charges_amount') }} as charges_amount,
        labor_entries,
        {{ as_amount('labor_amount') }} as labor_amount,
        milestone_count,
        {{ as_amount('milestone_amount') }} as milestone_amount,
        posted_item_count,
        {{ as_amount('posted_item_amount') }} as posted_item_amount,
        {{ as_amount('charges_amount + labor_amount + milestone_amount + posted_item_amount') }}
            as total_amount,
        blocked_reason is not null as is_blocked
    from invoices
)

select * from final
