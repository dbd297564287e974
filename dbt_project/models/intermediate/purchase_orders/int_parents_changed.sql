with

companies as (
    {{ changed_since_previous(
        ref('stg_autotask__companies'),
        identity=['company_id'],
        key=["'company' as parent_level", 'company_id as parent_id'],
        columns=['company_id', 'company_name', 'parent_company_id'],
    ) }}
),

parents as (
    {{ changed_since_previous(
        ref('int_po_parents'),
        identity=['parent_level', 'parent_id'],
        key=['parent_level', 'parent_id'],
    ) }}
),

po_periods as (
    {{ changed_since_previous(
        ref('int_parent_po_periods'),
        identity=['parent_level', 'parent_id', 'valid_from'],
        key=['parent_level', 'parent_id'],
    ) }}
),

final as (
    select * from companies
    union
    select * from parents
    union
    select * from po_periods
)

select * from final
