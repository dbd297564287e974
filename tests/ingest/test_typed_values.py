"""Values of types that only JSON and parquet have, and user-defined fields."""

import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from tests.ingest.test_load import Desk

HEAD = "id,billable_amount,date_purchased,Client PO\n"


@pytest.fixture
def charges(tmp_path: Path) -> Desk:
    """An empty landing folder for charges."""
    return Desk(tmp_path, name="charges")


LITERALS = {
    "NaN": (None, None),
    "false": (None, None),
    "4500012": ("4500012", None),
    "4500012.0000": ("4500012", None),
    "4500012.50": ("4500012.50", None),
    '"4500012.0"': ("4500012.0", None),
    '"NaN"': ("NaN", None),
    '"true"': ("true", None),
    "true": (None, "true"),
    "Infinity": (None, "Infinity"),
    '{"value": 1}': (None, '{"value": "1"}'),
    "[]": (None, "[]"),
}


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_values_of_json_in_a_text_column(charges: Desk, ending: str) -> None:
    """RAW-6."""
    records = [
        f'{{"id": {at}, "billable_amount": 1, "date_purchased": "2026-03-01", '
        f'"purchase_order_number": {literal}}}'
        for at, literal in enumerate(LITERALS)
    ]
    lines = "\n".join(records) if ending == "jsonl" else f"[{','.join(records)}]"
    charges.deliver(f"charges/a.{ending}", lines)
    assert charges.refusals() == []
    expected = [(at, po) for at, (po, broken) in enumerate(LITERALS.values()) if broken is None]
    assert charges.rows("id, purchase_order_number") == expected
    assert charges.rows("row_number - 1, rule, offending_value", "quarantine") == [
        (at, "a text or a number", broken)
        for at, (_, broken) in enumerate(LITERALS.values())
        if broken is not None
    ]


def test_a_value_of_another_type_stays_one_in_the_quarantine(
    charges: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VAL-5, RAW-6."""
    record = '{"id": %s, "billable_amount": 1, "date_purchased": "2026-03-01", "invoiceNumber": %s}'
    values = ['"true"', "true", '{"value": 1}', "[1]"]
    records = [record % (at, value) for at, value in enumerate(values)]
    path = charges.deliver("charges/a.json", f"[{','.join(records)}]")
    charges.load()
    path.unlink()
    for version in ("tomorrow", "the day after"):
        monkeypatch.setattr(charges.store().table, "version", lambda *_, now=version: now)
        assert charges.load().read == 1
        assert charges.rows("id, invoice_number") == [(0, "true")]
        assert [row[0] for row in charges.rows("row_number", "quarantine")] == [2, 3, 4]


@pytest.mark.parametrize(
    ("column", "read", "broken"),
    [
        (pa.array([4500012.0, float("nan"), 1.5]), ["4500012", None, "1.5"], []),
        (
            pa.array([Decimal("4500012.0000"), None, Decimal("1.50")]),
            ["4500012", None, "1.5000"],
            [],
        ),
        (pa.array([1, 2, None]), ["1", "2", None], []),
        (pa.array([True, False, None]), [None, None], ["true"]),
        (pa.array([float("inf"), 1.0, None]), ["1", None], ["inf"]),
        (pa.array([[1], None, None]), [None, None], ["[1]"]),
        (pa.array([{"value": 1}, None, None]), [None, None], ['{"value": 1}']),
    ],
)
def test_values_of_parquet_in_a_text_column(
    charges: Desk, column: pa.Array, read: list[str | None], broken: list[str]
) -> None:
    """RAW-6."""
    folder = charges.landing / "autotask" / "charges"
    folder.mkdir(parents=True)
    table = {
        "id": [1, 2, 3],
        "billable_amount": [1, 1, 1],
        "date_purchased": ["2026-03-01"] * 3,
        "purchase_order_number": column,
    }
    pyarrow.parquet.write_table(pa.table(table), folder / "a.parquet")
    assert charges.refusals() == []
    assert [row[1] for row in charges.rows("id, purchase_order_number")] == read
    assert charges.rows("offending_value", "quarantine") == [(text,) for text in broken]


# --- user-defined fields -------------------------------------------------------------------------


def test_a_po_is_taken_from_user_defined_fields_that_are_named(charges: Desk) -> None:
    """RAW-23."""

    def record(number: int, po: str | None, **fields: str | None) -> dict[str, object]:
        pairs = [{"name": name, "value": value} for name, value in fields.items()]
        return {
            "id": number,
            "billable_amount": 1,
            "date_purchased": "2026-03-01",
            "purchaseOrderNumber": po,
            "userDefinedFields": pairs,
        }

    records = [
        record(1, None, ClientPO="PO-1"),
        record(2, "N/A", ClientPO="PO-2", Other="PO-3"),
        record(3, "PO-4", ClientPO="PO-5"),
        record(4, "TBD", ClientPO=" ", Other="PO-6"),
        record(5, "TBD", ClientPO=None),
        record(6, None, ClientPO="x" * 51, Other="PO-7"),
    ]
    charges.deliver("charges/a.json", json.dumps(records))
    charges.deliver(
        "charges/b.csv",
        HEAD + "7,1,2026-03-01,PO-8\n",
    )
    assert charges.refusals() == []
    pos = [(1, None), (2, "N/A"), (3, "PO-4"), (4, "TBD"), (5, "TBD"), (6, None), (7, None)]
    assert charges.rows("id, purchase_order_number") == pos
    load = charges.load(PSA_PO_FIELDS="Client PO; other")
    pos = [(1, "PO-1"), (2, "PO-2"), (3, "PO-4"), (4, "PO-6"), (5, "TBD"), (6, "PO-7"), (7, "PO-8")]
    assert charges.rows("id, purchase_order_number") == pos
    assert len([text for text in load.warnings if "over 50 characters" in text]) == 1


def test_companies_say_in_a_user_defined_field_whether_they_require_pos(desk: Desk) -> None:
    """RAW-23."""
    texts = ["Yes", "no", "perhaps", None]
    records = [
        {"id": at, "companyName": "a", "userDefinedFields": [{"name": "PO?", "value": text}]}
        for at, text in enumerate(texts)
    ]
    desk.deliver("companies.json", json.dumps(records))
    load = desk.load(PSA_PO_REQUIRED_FIELD="PO?")
    assert desk.rows("id, po_required") == [(0, True), (1, False), (2, None), (3, None)]
    assert len(load.warnings) == 1


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty landing folder for companies."""
    return Desk(tmp_path)
