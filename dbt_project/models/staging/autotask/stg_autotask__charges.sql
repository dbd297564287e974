with

current_charges as (
    {{ current_rows('autotask', 'charges') }}
),

final as (
    select
        charge_kind || '-' || cast(id as varchar) as charge_key,
        id as charge_id,
        charge_kind,
        company_id,
        contract_id,
        project_id,
        task_id,
        ticket_id,
        milestone_id,
        purchase_order_number,
        internal_po_number,
        material_code_name,
        name,
        description,
        invoice_number,
        status_name,
        quantity,
        billable_amount,
        extended_cost,
        is_billable,
        date_purchased,
        last_modified_at
    from current_charges
)

select * from final
