"""Values as people have them: local numbers and dates, typed values, user-defined fields."""

import json
import random
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from schemas import RAW_TABLES
from tests.ingest.test_load import Desk
from tests.oracle import forms as oracle
from tests.oracle.landing import Landing
from tests.scenarios.deliveries import make_steps

CHARGES = "id,charge_kind,quantity,billable_amount,date_purchased\n"


@pytest.fixture
def charges(tmp_path: Path) -> Desk:
    """An empty landing folder for charges."""
    return Desk(tmp_path, name="charges")


def deliver_amounts(desk: Desk, amounts: Sequence[str], day: str = "2026-03-01") -> None:
    """Deliver one charge an amount, in one file."""
    rows = [
        f'{number},contract,1,"{amount}",{day}\n' for number, amount in enumerate(amounts, start=1)
    ]
    desk.deliver("charges/a.csv", CHARGES + "".join(rows))


def amounts(desk: Desk) -> list[object]:
    """The loaded amounts, in the order of their ids."""
    return [row[1] for row in desk.rows("id, billable_amount")]


@pytest.mark.parametrize(
    ("mark", "texts", "read"),
    [
        (".", ["1234.50", "1,234.50", "$12.5", "(12.50)"], ["1234.5", "1234.5", "12.5", "-12.5"]),
        (".", ["12.50-", "EUR 5", "5 USD", "-$1,234"], ["-12.5", "5", "5", "-1234"]),
        (".", ["1 234.50", "1'234'567", "1\u00a0234"], ["1234.5", "1234567", "1234"]),
        (",", ["1234,50", "1.234,50", "1.234", "1 234,5"], ["1234.5", "1234.5", "1234", "1234.5"]),
        (",", ["-1.234.567", "0,250", "12 €"], ["-1234567", "0.25", "12"]),
        ("autotask=,;reference=.", ["1.234"], ["1234"]),
    ],
)
def test_numbers_are_read_with_the_decimal_mark_that_is_set(
    charges: Desk, mark: str, texts: list[str], read: list[str]
) -> None:
    """RAW-20."""
    deliver_amounts(charges, texts)
    assert charges.refusals(PSA_DECIMAL_MARK=mark) == []
    assert amounts(charges) == [Decimal(text) for text in read]


@pytest.mark.parametrize(
    ("mark", "text"),
    [(".", "12,50"), (".", "1,23"), (",", "12.50"), (",", "0.250"), (".", "1,234 567"), (".", "$")],
)
def test_groups_are_whole_and_of_one_kind(charges: Desk, mark: str, text: str) -> None:
    """RAW-20."""
    deliver_amounts(charges, ["1", text])
    assert charges.refusals(PSA_DECIMAL_MARK=mark) == []
    assert charges.rows("column_name, offending_value", "quarantine") == [("billable_amount", text)]


@pytest.mark.parametrize(
    "texts",
    [
        ["12,50"],
        ["1"] * 1000 + ["1.234,56"],
        ["1.234.567"],
        ["1 234,50"],
        ["1.234", "2.000", "10.500"],
        ["-1.234", "-2.000", "-3.500"],
        ["7", "1.234", "2.000", "1.234"],
        ["1,234", "2,000", "3,000"],
    ],
)
def test_a_file_that_a_decimal_comma_explains_is_refused_until_the_mark_is_set(
    charges: Desk, texts: list[str]
) -> None:
    """RAW-20, VAL-8."""
    deliver_amounts(charges, texts)
    (refusal,) = charges.load().refusals
    assert refusal.kind == "decimal_mark"
    assert "PSA_DECIMAL_MARK" in str(refusal)
    assert repr(next(text for text in texts if set(text) & set(".,"))) in str(refusal)
    assert "row" in str(refusal)
    kinds = charges.refusals(PSA_DECIMAL_MARK=".")
    assert kinds in ([], ["no_valid_row"])
    assert charges.refusals(PSA_DECIMAL_MARK="") == ([] if kinds == [] else ["decimal_mark"])


@pytest.mark.parametrize(
    "texts",
    [
        ["1.234", "2.000"],
        ["1.234", "2.000", "0.250"],
        ["1.234", "2.000", "1234.500"],
        ["1,234", "2,000", "3,000", "12.50"],
        ["12.50"] * 500 + ["12,50"],
    ],
)
def test_other_files_are_read_with_a_point(charges: Desk, texts: list[str]) -> None:
    """RAW-20."""
    deliver_amounts(charges, texts)
    assert charges.refusals() == []
    assert amounts(charges)[0] == Decimal(texts[0].replace(",", ""))


def test_hours_have_three_decimals_and_no_thousands(tmp_path: Path) -> None:
    """RAW-20."""
    desk = Desk(tmp_path, name="time_entries")
    rows = "".join(f"{number},2026-03-01,1.250\n" for number in range(5))
    desk.deliver("time_entries.csv", "id,date_worked,hours_worked\n" + rows)
    assert desk.refusals() == []
    desk.deliver("time_entries.csv", 'id,date_worked,hours_worked\n1,2026-03-01,"1,25"\n')
    assert desk.refusals() == ["decimal_mark"]


def test_the_whole_file_is_judged_and_not_its_first_rows(
    charges: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RAW-20."""
    monkeypatch.setattr("orchestration.ingest.readers.delivery.CHUNK_ROWS", 1)
    deliver_amounts(charges, ["1"] * 40_000 + ["1.234", "2.345"] + ["1"] * 40_000 + ["3.456"])
    (refusal,) = charges.load().refusals
    assert refusal.kind == "decimal_mark"
    assert "row 40,001 has '1.234'" in str(refusal)


def test_json_and_parquet_are_never_local(charges: Desk) -> None:
    """RAW-4."""
    record = {"id": 1, "charge_kind": "contract", "date_purchased": "2026-03-01"}
    records = [{**record, "billable_amount": "5.125"}] * 3 + [{**record, "billable_amount": "$5"}]
    charges.deliver("charges/a.json", json.dumps(records))
    assert charges.refusals(PSA_DECIMAL_MARK=",", PSA_DATE_ORDER="dmy") == []
    assert amounts(charges) == [Decimal("5.125")]
    assert charges.rows("offending_value", "quarantine") == [("$5",)]


# --- dates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "text", "day"),
    [
        ("mdy", "3/15/2026", "2026-03-15"),
        ("mdy", "03-15-2026 11:00 PM", "2026-03-15"),
        ("dmy", "15.3.2026", "2026-03-15"),
        ("dmy", "15/03/2026 23:30", "2026-03-15"),
        ("mdy", "2026-03-15", "2026-03-15"),
        ("autotask=dmy", "4/3/2026", "2026-03-04"),
        ("mdy", "4/3/2026", "2026-04-03"),
    ],
)
def test_dates_are_read_in_the_order_that_is_set(
    charges: Desk, order: str, text: str, day: str
) -> None:
    """RAW-21."""
    deliver_amounts(charges, ["1"], text)
    assert charges.refusals(PSA_DATE_ORDER=order) == []
    assert charges.rows("date_purchased::varchar") == [(day,)]


@pytest.mark.parametrize(
    ("order", "text", "kind"),
    [
        ("", "3/15/2026", "date_order"),
        ("", "3/4/2026", "date_order"),
        ("mdy", "15/3/2026", "date_order"),
        ("dmy", "3/15/2026", "date_order"),
        ("dmy", "31.2.2026", "no_valid_row"),
        ("mdy", "3/15/26", "no_valid_row"),
        ("mdy", "3/15-2026", "no_valid_row"),
        ("mdy", "3/15/2026 13:00 PM", "no_valid_row"),
    ],
)
def test_a_date_of_another_order_refuses_the_file(
    charges: Desk, order: str, text: str, kind: str
) -> None:
    """RAW-21, VAL-8."""
    deliver_amounts(charges, ["1"], text)
    (refusal,) = charges.load(PSA_DATE_ORDER=order).refusals
    assert refusal.kind == kind
    if kind == "date_order":
        assert repr(text) in str(refusal)
        assert "PSA_DATE_ORDER" in str(refusal)


def shifted(desk: Desk, hours: Sequence[str], zone: str = "Z", rows: int = 20) -> None:
    """Deliver charges whose dates are timestamps of these times of day."""
    records = [
        {"id": at, "billable_amount": 1, "date_purchased": f"2026-03-01T{hour}{zone}"}
        for at, hour in zip(range(rows), list(hours) * rows, strict=False)
    ]
    desk.deliver("charges/a.json", json.dumps(records))


@pytest.mark.parametrize(
    ("hours", "zone", "rows", "warns"),
    [
        (["23:00:00"], "Z", 20, True),
        (["22:00:00", "23:00:00"], "Z", 20, True),
        (["13:00"], "Z", 20, True),
        (["23:00"], "-05", 20, True),
        (["23:00:00"], "", 20, True),
        (["23:00:00"], "Z", 19, False),
        (["00:00:00"], "Z", 20, False),
        (["05:00:00"], "Z", 20, False),
        (["21:00:00", "23:00:00"], "Z", 20, False),
        (["23:00:00", "22:00:00", "21:00:00"], "Z", 21, False),
    ],
)
def test_dates_that_a_zone_has_shifted_are_told_by_their_time_of_day(
    charges: Desk, hours: list[str], zone: str, rows: int, warns: bool
) -> None:
    """RAW-22."""
    shifted(charges, hours, zone, rows)
    told = [text for text in charges.load().warnings if "PSA_SOURCE_TIMEZONE" in text]
    assert len(told) == warns
    assert all("date_purchased" in text and f"2026-03-01T{hours[0]}" in text for text in told)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-01T23:00:00Z", "2026-03-02"),
        ("2026-03-01T22:59:00+00:00", "2026-03-01"),
        ("2026-03-01T00:00:00Z", "2026-03-01"),
        ("2026-03-01T00:00:00.000-08:00", "2026-03-01"),
        ("2026-03-01T20:00:00-05:00", "2026-03-02"),
        ("2026-03-01T23:00:00", "2026-03-01"),
        ("2026-03-01", "2026-03-01"),
    ],
)
def test_timestamps_become_the_date_in_the_zone_of_the_tenant(
    charges: Desk, text: str, day: str
) -> None:
    """RAW-22."""
    record = {"id": 1, "billable_amount": 1, "date_purchased": text}
    charges.deliver("charges/a.json", json.dumps([record]))
    load = charges.load(PSA_SOURCE_TIMEZONE="Europe/Berlin")
    assert (load.refusals, load.warnings) == ([], [])
    assert charges.rows("date_purchased::varchar") == [(day,)]


# --- all of it together ---------------------------------------------------------------------------

SETTINGS = [
    ({}, oracle.PLAIN, (".", "ymd")),
    (
        {
            "PSA_DECIMAL_MARK": ",",
            "PSA_DATE_ORDER": "dmy",
            "PSA_SOURCE_TIMEZONE": "America/New_York",
            "PSA_PO_FIELDS": "client po;UDF Region",
        },
        oracle.Forms(
            decimal_mark=",",
            date_order="dmy",
            zone="America/New_York",
            po_fields=("client po", "UDF Region"),
        ),
        (",", "dmy"),
    ),
]


@pytest.mark.parametrize(("variables", "forms", "csv_forms"), SETTINGS)
def test_deliveries_are_read_as_the_oracle_reads_them(
    tmp_path: Path, variables: dict[str, str], forms: oracle.Forms, csv_forms: tuple[str, str]
) -> None:
    """RAW-6, RAW-20, RAW-21, RAW-22, RAW-23."""
    landing = Landing()
    rng = random.Random(5)  # noqa: S311 - not a secret
    for step in make_steps(rng, 8, csv_forms=csv_forms, with_tickets=True):
        step.apply(tmp_path / "landing")
        landing.take_in(tmp_path / "landing", forms=forms)
        for source, name in RAW_TABLES:
            desk = Desk(tmp_path, source, name)
            assert desk.load(**variables).refusals == []
            key = desk.store().table.key()
            for path, content in desk.store().contents().items():
                (batch,) = (
                    batch
                    for batch in landing.batches(name)
                    if (batch.batch_id, batch.content_hash) == (content.batch, content.content_hash)
                )
                loaded = pl.read_parquet(path).select(desk.store().table.columns().keys())
                rows = {tuple(str(row[column]) for column in key): row for row in loaded.to_dicts()}
                expected = {tuple(str(row[column]) for column in key): row for row in batch.rows}
                assert rows == expected, content.batch
                assert content.quarantined == batch.quarantined


# --- settings and contents -----------------------------------------------------------------------


def test_a_delivered_file_is_read_anew_and_an_archived_one_keeps_its_reading(
    charges: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VAL-5."""
    deliver_amounts(charges, ["1.234", "12,50", "x"])
    assert charges.refusals(PSA_DECIMAL_MARK=",") == []
    assert charges.load(PSA_DECIMAL_MARK=",").read == 0
    (charges.landing / "autotask/charges/a.csv").unlink()
    load = charges.load(PSA_DECIMAL_MARK=".")
    assert amounts(charges) == [Decimal(1234), Decimal("12.5")]
    assert (load.read, load.refusals) == (0, [])
    (warning,) = load.warnings
    assert "charges/a.csv" in warning
    assert "PSA_DECIMAL_MARK" in warning
    # Newer rules judge it by the settings that it was read with.
    charge_table = charges.store().table
    monkeypatch.setattr(charge_table, "version", lambda *_: "tomorrow")
    load = charges.load(PSA_DECIMAL_MARK=".")
    assert (load.read, load.refusals) == (1, [])
    assert amounts(charges) == [Decimal(1234), Decimal("12.5")]
    assert len(charges.load(PSA_DECIMAL_MARK=".").warnings) == 1
    assert charges.load(PSA_DECIMAL_MARK=",").warnings == []
    monkeypatch.undo()
    deliver_amounts(charges, ["1.234", "12.50", "x"])
    assert charges.load(PSA_DECIMAL_MARK=".").warnings == []
    assert amounts(charges) == [Decimal("1.234"), Decimal("12.5")]
