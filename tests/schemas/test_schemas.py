"""The contract of every raw table: each rule catches the row that breaks it."""

import polars as pl
import pytest

from schemas import RAW_TABLES, RawTable, parts_of
from schemas.base import keys_alone
from schemas.headers import HeaderError
from schemas.po_texts import clean_po
from schemas.validation import judge

Key = tuple[str, str]

# One valid row a table, all columns filled: the start of every broken one.
VALID: dict[Key, dict[str, str]] = {
    ("autotask", "companies"): {
        "id": "1",
        "company_name": "Acme",
        "is_active": "true",
        "parent_company_id": "2",
        "po_required": "no",
        "last_modified_at": "2026-01-02T03:04:05Z",
    },
    ("autotask", "contracts"): {
        "id": "1",
        "company_id": "0",
        "contract_name": "Managed services",
        "contract_number": "C1",
        "contract_type_name": "Recurring Service",
        "status_name": "Active",
        "purchase_order_number": "PO 1",
        "start_date": "2026-01-01",
        "end_date": "2026-12-31",
        "renewed_contract_id": "2",
        "last_modified_at": "2026-01-02T03:04:05Z",
    },
    ("autotask", "projects"): {
        "id": "1",
        "company_id": "1",
        "project_name": "Office move",
        "project_number": "P1",
        "contract_id": "1",
        "purchase_order_number": "PO 1",
        "status_name": "New",
        "project_type_name": "Client",
        "start_date": "2026-01-01",
        "end_date": "2026-12-31",
        "last_modified_at": "2026-01-02T03:04:05Z",
    },
    ("autotask", "tasks"): {
        "id": "1",
        "project_id": "1",
        "title": "Cabling",
        "task_number": "T1",
        "purchase_order_number": "PO 1",
        "status_name": "New",
        "last_modified_at": "2026-01-02T03:04:05Z",
    },
    ("autotask", "charges"): {
        "id": "1",
        "company_id": "1",
        "contract_id": "1",
        "project_id": "1",
        "task_id": "1",
        "ticket_id": "1",
        "milestone_id": "1",
        "billing_code_id": "1",
        "purchase_order_number": "PO 1",
        "internal_po_number": "I 1",
        "material_code_name": "Hardware",
        "name": "Laptop",
        "description": "A laptop",
        "quantity": "1",
        "billable_amount": "-1.5",
        "extended_cost": "1",
        "is_billable": "true",
        "is_billed": "1",
        "invoice_number": "4711",
        "status_name": "Pending",
        "date_purchased": "2026-01-01",
        "last_modified_at": "2026-01-02T03:04:05Z",
        "charge_kind": "contract",
    },
    ("autotask", "time_entries"): {
        "id": "1",
        "resource_id": "1",
        "contract_id": "1",
        "task_id": "1",
        "ticket_id": "1",
        "date_worked": "2026-01-01",
        "hours_worked": "24",
        "hours_to_bill": "-1",
        "billing_amount": "10",
        "is_non_billable": "n",
        "is_billed": "no",
        "invoice_number": "4711",
        "last_modified_at": "2026-01-02T03:04:05Z",
    },
    ("autotask", "contract_milestones"): {
        "id": "1",
        "contract_id": "1",
        "project_id": "1",
        "project_number": "P1",
        "title": "Go-live",
        "amount": "-0.01",
        "status_name": "Completed",
        "date_due": "2026-01-01",
        "description": "The go-live",
        "last_modified_at": "2026-01-02T03:04:05Z",
    },
    ("autotask", "tickets"): {
        "id": "1",
        "company_id": "1",
        "ticket_number": "T1",
        "title": "Printer",
        "contract_id": "1",
        "project_id": "1",
        "purchase_order_number": "PO 1",
        "problem_ticket_id": "2",
        "status_name": "New",
        "last_modified_at": "2026-01-02T03:04:05Z",
    },
    ("autotask", "billing_items"): {
        "id": "1",
        "company_id": "0",
        "contract_id": "1",
        "contract_charge_id": "1",
        "project_charge_id": "1",
        "ticket_charge_id": "1",
        "time_entry_id": "1",
        "milestone_id": "1",
        "contract_block_id": "1",
        "invoice_id": "1",
        "purchase_order_number": "PO 1",
        "extended_price": "-1.5",
        "quantity": "2",
        "item_date": "2026-01-01",
        "posted_date": "2026-01-01",
        "last_modified_at": "2026-01-02T03:04:05Z",
    },
    ("autotask", "invoices"): {
        "id": "1",
        "company_id": "0",
        "invoice_number": "4711",
        "invoice_date": "2026-01-01",
        "is_voided": "false",
        "order_number": "PO 1",
    },
    ("autotask", "billing_codes"): {"id": "1", "name": "Hardware", "is_active": "y"},
    ("autotask", "picklist_values"): {
        "entity": "contracts",
        "field": "status",
        "value": "1",
        "label": "Active",
        "is_active": "0",
    },
    ("reference", "purchase_orders"): {
        "company_id": "1",
        "purchase_order_number": "PO 1",
        "authorized_amount": "0",
        "authorized_hours": "0",
        "valid_from": "2026-01-01",
        "valid_to": "2026-01-01",
        "currency": "EUR",
        "notes": "Call-off",
    },
    ("reference", "po_required_companies"): {
        "company_id": "0",
        "has_disputed_invoice": "yes",
        "notes": "By mail",
    },
    ("reference", "milestone_conflict_waivers"): {
        "milestone_id": "1",
        "conflict_type": "Charge_Contract_Mismatch",
        "reason": "Intended split",
        "until": "2026-12-31",
    },
}

CHARGES = ("autotask", "charges")
PARTS = [("autotask", name) for name in parts_of(*CHARGES)]
VALID |= {
    part: {column: text for column, text in VALID[CHARGES].items() if column != "charge_kind"}
    for part in PARTS
}

REQUIRED = {
    ("autotask", "companies"): ["id", "company_name"],
    ("autotask", "contracts"): ["id", "company_id", "contract_name"],
    ("autotask", "projects"): ["id", "company_id", "project_name"],
    ("autotask", "tasks"): ["id", "title"],
    **{key: ["id", "billable_amount", "date_purchased"] for key in (CHARGES, *PARTS)},
    ("autotask", "time_entries"): ["id", "date_worked", "hours_worked"],
    ("autotask", "contract_milestones"): ["id", "title", "amount", "status_name"],
    ("autotask", "tickets"): ["id", "company_id", "title"],
    ("autotask", "billing_items"): ["id"],
    ("autotask", "invoices"): ["id"],
    ("autotask", "billing_codes"): ["id", "name"],
    ("autotask", "picklist_values"): ["entity", "field", "value", "label"],
    ("reference", "purchase_orders"): ["company_id", "purchase_order_number"],
    ("reference", "po_required_companies"): ["company_id"],
    ("reference", "milestone_conflict_waivers"): ["milestone_id", "conflict_type", "reason"],
}

LONGEST = {
    ("autotask", "companies"): {"company_name": 100},
    ("autotask", "contracts"): {
        "contract_name": 100,
        "contract_number": 50,
        "purchase_order_number": 50,
    },
    ("autotask", "projects"): {
        "project_name": 100,
        "project_number": 50,
        "purchase_order_number": 50,
    },
    ("autotask", "tasks"): {"title": 255, "task_number": 50, "purchase_order_number": 50},
    ("autotask", "charges"): {
        "purchase_order_number": 50,
        "internal_po_number": 50,
        "material_code_name": 200,
        "name": 100,
        "description": 8000,
        "invoice_number": 100,
    },
    ("autotask", "time_entries"): {"invoice_number": 100},
    ("autotask", "contract_milestones"): {"project_number": 50, "title": 255, "description": 8000},
    ("autotask", "tickets"): {"ticket_number": 50, "title": 255, "purchase_order_number": 50},
    ("autotask", "billing_items"): {"purchase_order_number": 50},
    ("autotask", "invoices"): {"invoice_number": 100, "order_number": 50},
    ("autotask", "billing_codes"): {"name": 200},
    ("reference", "purchase_orders"): {"purchase_order_number": 50, "currency": 3},
}

LONGEST |= dict.fromkeys(PARTS, LONGEST[CHARGES])

BROKEN_VALUES: list[tuple[Key, str, str, str]] = [
    (
        ("autotask", "contracts"),
        "end_date",
        "2025-12-31",
        "not before start_date",
    ),
    (
        ("autotask", "charges"),
        "charge_kind",
        "subscription",
        "one of contract, project, ticket, change_order, charge",
    ),
    (("autotask", "time_entries"), "hours_worked", "-0.0001", "at least 0"),
    (("autotask", "time_entries"), "hours_worked", "24.0001", "at most 24"),
    (("reference", "purchase_orders"), "authorized_amount", "-1", "at least 0"),
    (("reference", "purchase_orders"), "authorized_hours", "-1", "at least 0"),
    (("reference", "purchase_orders"), "valid_to", "2025-12-31", "not before valid_from"),
    (
        ("reference", "purchase_orders"),
        "purchase_order_number",
        " n/a\u00a0",
        "a PO, not a blank or a placeholder",
    ),
    (
        ("reference", "purchase_orders"),
        "purchase_order_number",
        "\u200b",
        "a PO, not a blank or a placeholder",
    ),
]

TYPE_RULES = {
    pl.Int64: ("twelve", "a whole number"),
    pl.Decimal: ("1,5", "a decimal number"),
    pl.Date: ("31.12.2026", "an ISO date or timestamp"),
    pl.Datetime: ("yesterday", "an ISO timestamp"),
    pl.Boolean: ("maybe", "true/false, yes/no, y/n or 1/0"),
}


def broken_by(key: Key, **changes: str | None) -> list[tuple[str, str, str | None]]:
    """Broken rules of the second of three rows, the others being valid."""
    rows = [VALID[key], VALID[key] | changes, VALID[key]]
    _, broken = judge(
        RAW_TABLES[key], pl.DataFrame(rows, schema=dict.fromkeys(VALID[key], pl.String))
    )
    assert set(broken["row"]) <= {1}
    return list(broken.drop("row").iter_rows())


@pytest.mark.parametrize("key", RAW_TABLES)
def test_a_valid_row_passes_and_names_every_column(key: Key) -> None:
    assert list(VALID[key]) == list(RAW_TABLES[key].columns())
    assert broken_by(key) == []


@pytest.mark.parametrize("key", RAW_TABLES)
def test_every_column_is_described(key: Key) -> None:
    """RAW-1."""
    undescribed = [
        name for name, column in RAW_TABLES[key].schema().columns.items() if not column.description
    ]
    assert undescribed == []


@pytest.mark.parametrize("key", RAW_TABLES)
def test_a_missing_required_value_is_caught_and_an_optional_one_passes(key: Key) -> None:
    """RAW-1."""
    for column in VALID[key]:
        expected = [(column, "required", None)] if column in REQUIRED[key] else []
        assert broken_by(key, **{column: None}) == expected, column


@pytest.mark.parametrize("key", RAW_TABLES)
def test_a_value_of_another_type_is_caught_with_its_text(key: Key) -> None:
    """RAW-1."""
    for column, dtype in RAW_TABLES[key].columns().items():
        if dtype != pl.String:
            text, rule = TYPE_RULES[dtype.base_type()]
            assert broken_by(key, **{column: text}) == [(column, rule, text)], column


@pytest.mark.parametrize("key", RAW_TABLES)
def test_texts_have_their_length_in_characters(key: Key) -> None:
    """RAW-6."""
    for column, dtype in RAW_TABLES[key].columns().items():
        limit = LONGEST.get(key, {}).get(column)
        if limit:
            assert broken_by(key, **{column: "é" * limit}) == []
            text = "é" * (limit + 1)
            assert broken_by(key, **{column: text}) == [
                (column, f"at most {limit} characters", text)
            ]
        elif dtype == pl.String and column not in ("charge_kind", "conflict_type"):
            assert broken_by(key, **{column: "x" * 10_000}) == [], column


@pytest.mark.parametrize("key", RAW_TABLES)
def test_dates_lie_between_1990_and_2100(key: Key) -> None:
    """RAW-5."""
    for column, dtype in RAW_TABLES[key].columns().items():
        if dtype == pl.Date:
            rules = {rule for _, rule, _ in broken_by(key, **{column: "1989-12-31"})}
            assert "a date in 1990-01-01..2100-12-31" in rules, column
            rules = {rule for _, rule, _ in broken_by(key, **{column: "2101-01-01"})}
            assert "a date in 1990-01-01..2100-12-31" in rules, column


@pytest.mark.parametrize(("key", "column", "text", "rule"), BROKEN_VALUES)
def test_each_rule_of_a_table_catches_its_row(key: Key, column: str, text: str, rule: str) -> None:
    """RAW-1."""
    assert broken_by(key, **{column: text}) == [(column, rule, text)]


def test_all_broken_rules_of_a_row_are_listed() -> None:
    """VAL-1."""
    broken = broken_by(
        ("autotask", "charges"), id="x", billable_amount="", date_purchased="1980-01-01"
    )
    assert broken == [
        ("billable_amount", "required", ""),
        ("date_purchased", "a date in 1990-01-01..2100-12-31", "1980-01-01"),
        ("id", "a whole number", "x"),
    ]


def test_zero_foreign_keys_are_null_but_company_zero_is_the_msp() -> None:
    """RAW-7."""
    charges = RAW_TABLES["autotask", "charges"]
    parents = ["contract_id", "project_id", "task_id", "ticket_id", "milestone_id"]
    rows, _ = judge(
        charges,
        pl.DataFrame(
            {
                **{column: ["0"] for column in ["id", "company_id", *parents]},
                "billable_amount": ["1"],
                "date_purchased": ["2026-01-01"],
            }
        ),
    )
    assert rows.select("id", "company_id", *parents).row(0) == (0, 0, None, None, None, None, None)
    waivers = ("reference", "milestone_conflict_waivers")
    assert broken_by(waivers, milestone_id="0") == [("milestone_id", "required", "0")]


@pytest.mark.parametrize(
    ("text", "kind"), [("", "charge"), (None, "charge"), ("Change_Order", "change_order")]
)
def test_charge_kinds_in_any_case_and_a_missing_one_is_charge(text: str | None, kind: str) -> None:
    """RAW-8."""
    rows, broken = judge(
        RAW_TABLES["autotask", "charges"],
        pl.DataFrame([VALID["autotask", "charges"] | {"charge_kind": text}]),
    )
    assert broken.is_empty()
    assert rows["charge_kind"].to_list() == [kind]


def test_missing_optional_columns_are_null() -> None:
    """RAW-3."""
    rows, broken = judge(
        RAW_TABLES["autotask", "companies"], pl.DataFrame({"id": ["1"], "company_name": ["Acme"]})
    )
    assert broken.is_empty()
    assert rows.row(0) == (1, "Acme", None, None, None, None)


ALIASES = {
    ("autotask", "companies", "po_required"): ["requirePurchaseOrder"],
    ("autotask", "companies", "last_modified_at"): [
        "lastTrackedModifiedDateTime",
        "lastActivityDate",
    ],
    ("autotask", "companies", "id"): ["company_id"],
    ("autotask", "contracts", "contract_type_name"): ["contractType"],
    ("autotask", "contracts", "status_name"): ["status", "contract_status_name"],
    ("autotask", "contracts", "last_modified_at"): ["lastModifiedDateTime"],
    ("autotask", "projects", "project_type_name"): ["projectType"],
    ("autotask", "projects", "start_date"): ["startDateTime"],
    ("autotask", "projects", "end_date"): ["endDateTime"],
    ("autotask", "projects", "last_modified_at"): ["lastActivityDateTime"],
    ("autotask", "tasks", "id"): ["Task ID"],
    ("autotask", "tasks", "last_modified_at"): ["lastActivityDateTime"],
    ("autotask", "charges", "internal_po_number"): ["internalPurchaseOrderNumber"],
    ("autotask", "charges", "material_code_name"): ["materialCode", "billingCodeName"],
    ("autotask", "charges", "quantity"): ["unitQuantity"],
    ("autotask", "charges", "is_billable"): ["isBillableToCompany"],
    ("autotask", "charges", "status_name"): ["Status", "chargeStatusName"],
    ("autotask", "change_order_charges", "id"): ["change_order_charge_id", "Charge ID"],
    ("autotask", "ticket_charges", "status_name"): ["ticketChargeStatusName", "chargeStatusName"],
    ("autotask", "time_entries", "id"): ["timeEntryID"],
    ("autotask", "time_entries", "last_modified_at"): ["lastModifiedDateTime"],
    ("autotask", "contract_milestones", "status_name"): ["status"],
    ("autotask", "contract_milestones", "id"): ["contract_milestone_id"],
    ("autotask", "tickets", "last_modified_at"): ["lastTrackedModificationDateTime"],
    ("autotask", "billing_items", "id"): ["billingItemID"],
    ("autotask", "invoices", "invoice_date"): ["invoiceDateTime"],
    ("autotask", "billing_codes", "id"): ["billingCodeID"],
}


@pytest.mark.parametrize(("source", "table", "column"), ALIASES)
def test_aliases_are_accepted_in_their_order(source: str, table: str, column: str) -> None:
    """RAW-2."""
    schema = RAW_TABLES[source, table]
    others = [name for name in schema.columns() if name != column]
    aliases = ALIASES[source, table, column]
    for position, _ in enumerate(aliases):
        # Worse aliases stand first in the file and still lose.
        headers = [*reversed(aliases[position:]), *others]
        assert schema.headers().match(headers)[column] == len(aliases) - position - 1
    with_canonical = [*aliases, column, *others]
    if with_canonical.count("company_id") < 2:
        assert schema.headers().match(with_canonical)[column] == len(aliases)


def test_picklists_are_known_by_their_values_in_any_case() -> None:
    """RAW-8."""
    spelled = {"entity": "Contracts", "field": "contractType", "value": "T&M", "label": "T&M"}
    rows, broken = judge(RAW_TABLES["autotask", "picklist_values"], pl.DataFrame([spelled]))
    assert broken.is_empty()
    (row,) = rows.to_dicts()
    assert [row[name] for name in ("entity", "field", "value", "label")] == [
        *("contracts", "contracttype", "t&m", "T&M")
    ]


def test_tables_of_one_kind_have_the_columns_of_charges_but_for_the_kind() -> None:
    """RAW-10."""
    columns = RAW_TABLES[CHARGES].columns()
    del columns["charge_kind"]
    kinds = []
    for part in PARTS:
        table = RAW_TABLES[part]
        assert table.columns() == columns
        assert table.key() == ("id",)
        assert table.is_optional()
        kinds.append(table.part_of())
    assert kinds == [
        ("charges", kind) for kind in ("contract", "project", "ticket", "change_order")
    ]


def test_of_deleted_keys_nothing_but_the_key_is_judged() -> None:
    """LND-14."""
    charges = keys_alone(RAW_TABLES[CHARGES])
    assert charges.headers().match(["Charge ID", "billableAmount", "Name", "name"]) == {"id": 0}
    rows, broken = judge(
        charges,
        pl.DataFrame({"id": ["1", "x"], "charge_kind": [None, "Ticket"], "name": ["a" * 101] * 2}),
    )
    assert rows.rows() == [(1, "charge"), (None, "ticket")]
    assert broken.rows() == [(1, "id", "a whole number", "x")]
    assert charges.control_total() is None


@pytest.mark.parametrize(
    "header", ["purchaseOrderNumber", "Purchase Order Number", "PURCHASE_ORDER-NUMBER "]
)
def test_headers_match_by_letters_and_digits(header: str) -> None:
    """RAW-2."""
    contracts: type[RawTable] = RAW_TABLES["autotask", "contracts"]
    matched = contracts.headers().match(["Contract Name", header, "CompanyID", "id", "colour"])
    assert matched["purchase_order_number"] == 1
    assert set(matched) == {"id", "company_id", "contract_name", "purchase_order_number"}


def test_a_missing_required_column_is_named() -> None:
    """RAW-3."""
    with pytest.raises(HeaderError, match=r"column billable_amount: required column missing"):
        RAW_TABLES["autotask", "charges"].headers().match(["id", "date_purchased"])


def test_a_renamed_required_column_is_named_with_the_header_most_like_it() -> None:
    """RAW-3."""
    headers = ["id", "Date bought", "billabel_amt", "Notes", "date_purchased"]
    words = "most like it is 'billabel_amt'; taken for the header: 'id, Date bought, billabel_amt, "
    with pytest.raises(HeaderError, match=words):
        RAW_TABLES["autotask", "charges"].headers().match(headers)


@pytest.mark.parametrize(
    ("headers", "positions"),
    [
        (["Charges[charge_id]", "'The Charges'[billable_amount]", "[Date Purchased]"], [0, 1, 2]),
        (["id", "status", "status_label", "billableamount", "datepurchased"], [0, 3, 4, 2]),
        (["id", "billableamount", "datepurchased", "status label", "status_name"], [0, 1, 2, 4]),
        (
            ["Material Code Label", "id", "Amount [id]", "billableamount", "datepurchased"],
            [1, 3, 4],
        ),
    ],
)
def test_columns_of_power_bi_and_labels_of_picklists_are_found(
    headers: list[str], positions: list[int]
) -> None:
    """RAW-2."""
    matched = RAW_TABLES["autotask", "charges"].headers().match(headers)
    columns = ["id", "billable_amount", "date_purchased", "status_name"]
    assert [matched[column] for column in columns if column in matched] == positions


def test_two_headers_for_one_column_are_refused_but_unknown_twins_are_not() -> None:
    """RAW-2."""
    companies = RAW_TABLES["autotask", "companies"]
    with pytest.raises(HeaderError, match=r"'Company Name' and 'companyName' are the same column"):
        companies.headers().match(["id", "Company Name", "companyName"])
    assert companies.headers().match(["id", "company_name", "x", "x", "", ""])


@pytest.mark.parametrize(
    ("text", "po"),
    [
        (" po\u00a0\u00a01 ", "PO 1"),
        ("po\t\r\n1", "PO 1"),
        ("a\u200b\ufeff\u2060b", "A B"),
        ("n/a", None),
        ("\u2003TBD\u200b", None),
        ("", None),
        ("0045", "0045"),
        ('="0045"', "0045"),
        (' = "0045"', '= "0045"'),
        ('\ufeff="\u00a0po  7"\n', "PO 7"),
        ('="', None),
        ("'0045", "0045"),
        ("''45", "'45"),
        ("4500012.0", "4500012"),
        ("0045.000", "0045"),
        ("45.10", "45.10"),
        ('="45.0"', "45"),
        ("0.0", None),
        ("-", None),
        ("\u2026", None),
        ("0000", None),
        ("\uff10\u0660", None),
        ("\u0661", "\u0661"),
        ("\u9805", "\u9805"),
        ("not invoiced", None),
        ('="#ref!"', None),
    ],
)
def test_clean_pos(text: str, po: str | None) -> None:
    """RES-2, RES-3."""
    assert pl.select(clean_po(pl.lit(text))).to_series().to_list() == [po]
