-- Which charges are on one PO, and which of them still have to be invoiced? Name the PO by its key:
-- --vars '{purchase_order_key: 101-4500012}'
select
    charge_key,
    date_purchased,
    company_name,
    contract_name,
    project_name,
    material_code_name,
    name,
    billable_amount,
    is_billable,
    is_invoiced,
    invoice_number,
    po_source,
    po_basis
from {{ ref('fct_charges_po_resolved') }}
where purchase_order_key = '{{ var("purchase_order_key", "101-4500012") }}'
order by date_purchased asc, charge_key asc
