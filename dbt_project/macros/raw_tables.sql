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


{#- Letters whose capital is several letters: letter -> capital. -#}
{% macro letters_of_several_capitals() %}
    {{ return({
        '\u00df': 'SS',
        '\u0149': '\u02bcN',
        '\u01f0': 'J\u030c',
        '\u0390': '\u0399\u0308\u0301',
        '\u03b0': '\u03a5\u0308\u0301',
        '\u0587': '\u0535\u0552',
        '\u1e96': 'H\u0331',
        '\u1e97': 'T\u0308',
        '\u1e98': 'W\u030a',
        '\u1e99': 'Y\u030a',
        '\u1e9a': 'A\u02be',
        '\u1f50': '\u03a5\u0313',
        '\u1f52': '\u03a5\u0313\u0300',
        '\u1f54': '\u03a5\u0313\u0301',
        '\u1f56': '\u03a5\u0313\u0342',
        '\u1f80': '\u1f08\u0399',
        '\u1f81': '\u1f09\u0399',
        '\u1f82': '\u1f0a\u0399',
        '\u1f83': '\u1f0b\u0399',
        '\u1f84': '\u1f0c\u0399',
        '\u1f85': '\u1f0d\u0399',
        '\u1f86': '\u1f0e\u0399',
        '\u1f87': '\u1f0f\u0399',
        '\u1f88': '\u1f08\u0399',
        '\u1f89': '\u1f09\u0399',
        '\u1f8a': '\u1f0a\u0399',
        '\u1f8b': '\u1f0b\u0399',
        '\u1f8c': '\u1f0c\u0399',
        '\u1f8d': '\u1f0d\u0399',
        '\u1f8e': '\u1f0e\u0399',
        '\u1f8f': '\u1f0f\u0399',
        '\u1f90': '\u1f28\u0399',
        '\u1f91': '\u1f29\u0399',
        '\u1f92': '\u1f2a\u0399',
        '\u1f93': '\u1f2b\u0399',
        '\u1f94': '\u1f2c\u0399',
        '\u1f95': '\u1f2d\u0399',
        '\u1f96': '\u1f2e\u0399',
        '\u1f97': '\u1f2f\u0399',
        '\u1f98': '\u1f28\u0399',
        '\u1f99': '\u1f29\u0399',
        '\u1f9a': '\u1f2a\u0399',
        '\u1f9b': '\u1f2b\u0399',
        '\u1f9c': '\u1f2c\u0399',
        '\u1f9d': '\u1f2d\u0399',
        '\u1f9e': '\u1f2e\u0399',
        '\u1f9f': '\u1f2f\u0399',
        '\u1fa0': '\u1f68\u0399',
        '\u1fa1': '\u1f69\u0399',
        '\u1fa2': '\u1f6a\u0399',
        '\u1fa3': '\u1f6b\u0399',
        '\u1fa4': '\u1f6c\u0399',
        '\u1fa5': '\u1f6d\u0399',
        '\u1fa6': '\u1f6e\u0399',
        '\u1fa7': '\u1f6f\u0399',
        '\u1fa8': '\u1f68\u0399',
        '\u1fa9': '\u1f69\u0399',
        '\u1faa': '\u1f6a\u0399',
        '\u1fab': '\u1f6b\u0399',
        '\u1fac': '\u1f6c\u0399',
        '\u1fad': '\u1f6d\u0399',
        '\u1fae': '\u1f6e\u0399',
        '\u1faf': '\u1f6f\u0399',
        '\u1fb2': '\u1fba\u0399',
        '\u1fb3': '\u0391\u0399',
        '\u1fb4': '\u0386\u0399',
        '\u1fb6': '\u0391\u0342',
        '\u1fb7': '\u0391\u0342\u0399',
        '\u1fbc': '\u0391\u0399',
        '\u1fc2': '\u1fca\u0399',
        '\u1fc3': '\u0397\u0399',
        '\u1fc4': '\u0389\u0399',
        '\u1fc6': '\u0397\u0342',
        '\u1fc7': '\u0397\u0342\u0399',
        '\u1fcc': '\u0397\u0399',
        '\u1fd2': '\u0399\u0308\u0300',
        '\u1fd3': '\u0399\u0308\u0301',
        '\u1fd6': '\u0399\u0342',
        '\u1fd7': '\u0399\u0308\u0342',
        '\u1fe2': '\u03a5\u0308\u0300',
        '\u1fe3': '\u03a5\u0308\u0301',
        '\u1fe4': '\u03a1\u0313',
        '\u1fe6': '\u03a5\u0342',
        '\u1fe7': '\u03a5\u0308\u0342',
        '\u1ff2': '\u1ffa\u0399',
        '\u1ff3': '\u03a9\u0399',
        '\u1ff4': '\u038f\u0399',
        '\u1ff6': '\u03a9\u0342',
        '\u1ff7': '\u03a9\u0342\u0399',
        '\u1ffc': '\u03a9\u0399',
        '\ufb00': 'FF',
        '\ufb01': 'FI',
        '\ufb02': 'FL',
        '\ufb03': 'FFI',
        '\ufb04': 'FFL',
        '\ufb05': 'ST',
        '\ufb06': 'ST',
        '\ufb13': '\u0544\u0546',
        '\ufb14': '\u0544\u0535',
        '\ufb15': '\u0544\u053b',
        '\ufb16': '\u054e\u0546',
        '\ufb17': '\u0544\u053d',
    }) }}
{% endmacro %}
