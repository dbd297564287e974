{#-
    Tables whose records are one set (RAW-10): a whole with all kinds, and a part for each kind.
    Charges are the only such set.
-#}


{#- The parts of a raw table: name -> what is known of it. -#}
{% macro parts_of(source_name, table_name) %}
    {%- set parts = {} -%}
    {%- for name, table in raw_tables()[source_name].items() if table.part_of == table_name -%}
        {%- do parts.update({name: table}) -%}
    {%- endfor -%}
    {{ return(parts) }}
{% endmacro %}


{#- The current rows of such a set that one of its tables has delivered. -#}
{% macro staged_rows_of(source_name, table_name) -%}
    {%- set whole = raw_tables()[source_name][table_name].part_of or table_name -%}
    (select * from {{ ref('stg_' ~ source_name ~ '__' ~ whole) }} where raw_table = '{{ table_name }}')
{%- endmacro %}


{#- The columns of staged charges, out of the current rows of a table of them. -#}
{% macro staged_charges(relation, kind, raw_table) %}
    select
        {{ kind }} || '-' || cast(id as string) as charge_key,
        id as charge_id,
        company_id,
        contract_id,
        project_id,
        task_id,
        ticket_id,
        milestone_id,
        billing_code_id,
        {{ kind }} as charge_kind,
        purchase_order_number,
        internal_po_number,
        material_code_name,
        name,
        description,
        invoice_number,
        status_name,
        '{{ raw_table }}' as raw_table,
        _batch as batch,
        quantity,
        billable_amount,
        extended_cost,
        is_billable,
        is_billed,
        date_purchased,
        last_modified_at,
        _extracted_at as extracted_at
    from {{ relation }}
{% endmacro %}


{#-
    What the tables a kind say of single charges: of each kind and id the last moment at which it
    was delivered, and the last at which it was named as deleted. Tables that have had a full batch
    decide about all of their kind and are left out.
-#}
{% macro charges_said_by_kind() %}
    {%- for name, part in parts_of('autotask', 'charges').items() %}
    select
        '{{ part.kind }}' as charge_kind,
        delivered.id as charge_id,
        max(case when batches.batch_kind <> 'deleted' then batches.extracted_at end) as delivered_at,
        max(case when batches.batch_kind = 'deleted' then batches.extracted_at end) as deleted_at
    from {{ source('autotask', name) }} as delivered
    inner join {{ ref('stg_ingest__batches') }} as batches
        on
            delivered._extracted_at = batches.extracted_at
            and delivered._batch = batches.batch
    where
        batches.source = 'autotask'
        and batches.table_name = '{{ name }}'
        and not exists (
            select 1
            from {{ ref('stg_ingest__batches') }} as full_batches
            where
                full_batches.source = 'autotask'
                and full_batches.table_name = '{{ name }}'
                and full_batches.batch_kind = 'full'
        )
    group by delivered.id
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{% endmacro %}


{#- What the REST API calls the charges of a kind, in lower case. -#}
{% macro charge_entity(charge_kind) -%}
    replace({{ charge_kind }}, '_', '') || 'charges'
{%- endmacro %}


{#- The kind of charges that a raw table holds, by its name; null where it is none of one kind. -#}
{% macro charge_kind_of(table_name) -%}
    case {{ table_name }}
        {%- for name, part in parts_of('autotask', 'charges').items() %}
        when '{{ name }}' then '{{ part.kind }}'
        {%- endfor %}
    end
{%- endmacro %}
