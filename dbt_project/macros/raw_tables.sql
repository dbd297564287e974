{#- Written from schemas/ by `make generated`; changes made here are lost. -#}


{#-
    The raw tables: source -> table -> what models need to know of it.

    key: what tells one record from another, over the columns of the raw table.
    staged_key: the same over the columns of its staging model.
    control_total: the money or hours whose sum is accounted for beside the rows, if any.
    foreign_keys: column -> the table of Autotask that it refers to.
    part_of: the table whose records of one kind these are, if any; staged together with it.
    kind: that kind.
-#}
{% macro raw_tables() %}
    {{ return({
        'autotask': {
            'companies': {
                'key': ['id'],
                'staged_key': ['company_id'],
                'control_total': none,
                'part_of': none,
                'kind': none,
                'foreign_keys': {
                    'parent_company_id': 'companies',
                },
            },
            'contracts': {
                'key': ['id'],
                'staged_key': ['contract_id'],
                'control_total': none,
                'part_of': none,
                'kind': none,
                'foreign_keys': {
                    'company_id': 'companies',
                    'renewed_contract_id': 'contracts',
                },
            },
            'projects': {
                'key': ['id'],
                'staged_key': ['project_id'],
                'control_total': none,
                'part_of': none,
                'kind': none,
                'foreign_keys': {
                    'company_id': 'companies',
                    'contract_id': 'contracts',
                },
            },
            'tasks': {
                'key': ['id'],
                'staged_key': ['task_id'],
                'control_total': none,
                'part_of': none,
                'kind': none,
                'foreign_keys': {
                    'project_id': 'projects',
                },
            },
            'charges': {
                'key': ['charge_kind', 'id'],
                'staged_key': ['charge_kind', 'charge_id'],
                'control_total': 'billable_amount',
                'part_of': none,
                'kind': none,
                'foreign_keys': {
                    'company_id': 'companies',
                    'contract_id': 'contracts',
                    'project_id': 'projects',
                    'task_id': 'tasks',
                    'ticket_id': 'tickets',
                    'milestone_id': 'contract_milestones',
                },
            },
            'contract_charges': {
                'key': ['id'],
                'staged_key': ['charge_id'],
                'control_total': 'billable_amount',
                'part_of': 'charges',
                'kind': 'contract',
                'foreign_keys': {
                    'company_id': 'companies',
                    'contract_id': 'contracts',
                    'project_id': 'projects',
                    'task_id': 'tasks',
                    'ticket_id': 'tickets',
                    'milestone_id': 'contract_milestones',
                },
            },
            'project_charges': {
                'key': ['id'],
                'staged_key': ['charge_id'],
                'control_total': 'billable_amount',
                'part_of': 'charges',
                'kind': 'project',
                'foreign_keys': {
                    'company_id': 'companies',
                    'contract_id': 'contracts',
                    'project_id': 'projects',
                    'task_id': 'tasks',
                    'ticket_id': 'tickets',
                    'milestone_id': 'contract_milestones',
                },
            },
            'ticket_charges': {
                'key': ['id'],
                'staged_key': ['charge_id'],
                'control_total': 'billable_amount',
                'part_of': 'charges',
                'kind': 'ticket',
                'foreign_keys': {
                    'company_id': 'companies',
                    'contract_id': 'contracts',
                    'project_id': 'projects',
                    'task_id': 'tasks',
                    'ticket_id': 'tickets',
                    'milestone_id': 'contract_milestones',
                },
            },
            'change_order_charges': {
                'key': ['id'],
                'staged_key': ['charge_id'],
                'control_total': 'billable_amount',
                'part_of': 'charges',
                'kind': 'change_order',
                'foreign_keys': {
                    'company_id': 'companies',
                    'contract_id': 'contracts',
                    'project_id': 'projects',
                    'task_id': 'tasks',
                    'ticket_id': 'tickets',
                    'milestone_id': 'contract_milestones',
                },
            },
            'time_entries': {
                'key': ['id'],
                'staged_key': ['time_entry_id'],
                'control_total': 'hours_worked',
                'part_of': none,
                'kind': none,
                'foreign_keys': {
                    'contract_id': 'contracts',
                    'task_id': 'tasks',
                    'ticket_id': 'tickets',
                },
            },
            'contract_milestones': {
                'key': ['id'],
                'staged_key': ['milestone_id'],
                'control_total': 'amount',
                'part_of': none,
                'kind': none,
                'foreign_keys': {
                    'contract_id': 'contracts',
                    'project_id': 'projects',
                },
            },
            'tickets': {
                'key': ['id'],
                'staged_key': ['ticket_id'],
                'control_total': none,
                'part_of': none,
                'kind': none,
                'foreign_keys': {
                    'company_id': 'companies',
                    'contract_id': 'contracts',
                    'project_id': 'projects',
                    'problem_ticket_id': 'tickets',
                },
            },
            'billing_items': {
                'key': ['id'],
                'staged_key': ['billing_item_id'],
                'control_total': none,
                'part_of': none,
                'kind': none,
                'foreign_keys': {
                    'company_id': 'companies',
                    'contract_id': 'contracts',
                    'milestone_id': 'contract_milestones',
                },
            },
            'invoices': {
                'key': ['id'],
                'staged_key': ['invoice_id'],
                'control_total': none,
                'part_of': none,
                'kind': none,
                'foreign_keys': {
                    'company_id': 'companies',
                },
            },
            'billing_codes': {
                'key': ['id'],
                'staged_key': ['billing_code_id'],
                'control_total': none,
                'part_of': none,
                'kind': none,
                'foreign_keys': {
                },
            },
            'picklist_values': {
                'key': ['entity', 'field', 'value'],
                'staged_key': ['entity', 'field', 'value'],
                'control_total': none,
                'part_of': none,
                'kind': none,
                'foreign_keys': {
                },
            },
        },
        'reference': {
            'purchase_orders': {
                'key': ['company_id', tidy_po('purchase_order_number')],
                'staged_key': ['company_id', tidy_po('purchase_order_number')],
                'control_total': none,
                'part_of': none,
                'kind': none,
                'foreign_keys': {
                    'company_id': 'companies',
                },
            },
            'po_required_companies': {
                'key': ['company_id'],
                'staged_key': ['company_id'],
                'control_total': none,
                'part_of': none,
                'kind': none,
                'foreign_keys': {
                    'company_id': 'companies',
                },
            },
            'milestone_conflict_waivers': {
                'key': ['milestone_id', 'conflict_type'],
                'staged_key': ['milestone_id', 'conflict_type'],
                'control_total': none,
                'part_of': none,
                'kind': none,
                'foreign_keys': {
                    'milestone_id': 'contract_milestones',
                },
            },
        },
    }) }}
{% endmacro %}


{#- The columns of the keys of all raw tables. -#}
{% macro raw_key_columns() %}
    {{ return([
        'id', 'charge_kind', 'entity', 'field', 'value', 'company_id',
        'purchase_order_number', 'milestone_id', 'conflict_type'
    ]) }}
{% endmacro %}


{#- Code points of every character that shows as nothing. -#}
{% macro white_space_code_points() %}
    {{ return([
        9, 10, 11, 12, 13, 28, 29, 30, 31, 32, 133, 160, 5760, 6158, 8192, 8193,
        8194, 8195, 8196, 8197, 8198, 8199, 8200, 8201, 8202, 8203, 8204, 8205,
        8232, 8233, 8239, 8287, 8288, 12288, 65279
    ]) }}
{% endmacro %}


{#- Code points of the digit zero in every script. -#}
{% macro zero_code_points() %}
    {{ return([
        48, 1632, 1776, 1984, 2406, 2534, 2662, 2790, 2918, 3046, 3174, 3302,
        3430, 3558, 3664, 3792, 3872, 4160, 4240, 6112, 6160, 6470, 6608, 6784,
        6800, 6992, 7088, 7232, 7248, 42528, 43216, 43264, 43472, 43504, 43600,
        44016, 65296
    ]) }}
{% endmacro %}
