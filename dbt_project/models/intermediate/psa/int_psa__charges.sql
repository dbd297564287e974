-- Rules: RES-14, RES-15.
with

charges as (
    select * from {{ ref('stg_autotask__charges') }}
),

final as (
    select
        charge_key,
        charge_id,
        company_id,
        contract_id,
        project_id,
        task_id,
        ticket_id,
        milestone_id,
        billing_code_id as material_code_id,
        charge_kind,
        purchase_order_number,
        internal_po_number,
        material_code_name,
        name,
        description,
        invoice_number,
        status_name,
        raw_table,
        batch,
        quantity,
        billable_amount,
        extended_cost,
        coalesce(is_billable, true) as is_billable,
        coalesce(is_billed, false) as is_billed,
        date_purchased,
        extracted_at
    from charges
)

select * from final
