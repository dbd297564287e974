"""Workbooks: what cells hold is read, never how they show it; what cannot be read is told."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from orchestration.ingest.readers import open_delivery, read_once
from orchestration.ingest.readers.delivery import Delivery
from orchestration.ingest.rejections import RefusedFile
from schemas import RAW_TABLES
from schemas.forms import Forms
from schemas.grammar import Column, as_text, parse
from schemas.suspicions import Suspicions
from schemas.validation import judge
from tests.ingest.test_load import Desk
from tests.scenarios.workbooks import Raw, workbook

CHARGES = RAW_TABLES["autotask", "charges"]
HEAD = ("id", "name", "billable_amount", "date_purchased", "is_billable", "last_modified_at")
ROW = (1, "a", 12.5, date(2026, 11, 20), True, datetime(2026, 11, 20, 2))


def opened(folder: Path, content: bytes) -> Delivery:
    """Write a workbook of charges and open it."""
    path = folder / "a.xlsx"
    path.write_bytes(content)
    with path.open("rb") as stream:
        reading = read_once(stream, path, "file")
    return open_delivery(path, "file", CHARGES, reading)


def typed(
    folder: Path, content: bytes
) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """The valid values and the broken rules (row, column, value) of a workbook of charges."""
    delivery = opened(folder, content)
    matched = CHARGES.headers().match(delivery.headers)
    (frame,) = delivery.columns(list(matched.values()))
    rows = frame.select(pl.col(str(at)).alias(name) for name, at in matched.items())
    valid, broken = judge(CHARGES, rows)
    return valid.select(HEAD).rows(), broken.select("row", "column", "value").rows()


@pytest.mark.parametrize("is_1904", [False, True])
def test_values_are_taken_as_the_cells_hold_them(tmp_path: Path, is_1904: bool) -> None:
    """LND-23."""
    rows = [
        HEAD,
        ROW,
        (2, "0042", Raw('<c r="{at}" s="4"><v>0.10000000000000001</v></c>'), date(1999, 3, 1)),
        (),
        (3, 4500012, -7, datetime(2026, 3, 1, 23, 59, 59), False, date(2026, 3, 2), None, "beside"),
        (4, "#N/A", "1234.5", "2026-03-01", "yes", "2026-03-01T10:00:00Z"),
        (5, Raw('<c r="{at}" t="e"><v>#REF!</v></c>'), 1e-05, date(2026, 3, 1)),
        (6, Raw('<c r="{at}" t="str"><f>A1</f><v>of a formula</v></c>'), 1, date(2026, 3, 1)),
        (7, "a_x000D_b & <c> é", 123456789.1234, date(2026, 3, 1)),
    ]
    valid, broken = typed(tmp_path, workbook(rows, is_1904=is_1904))
    assert broken == []
    told = [tuple(None if value is None else str(value) for value in row) for row in valid]
    assert told == [
        ("1", "a", "12.5000", "2026-11-20", "True", "2026-11-20 02:00:00"),
        ("2", "0042", "0.1000", "1999-03-01", None, None),
        ("3", "4500012", "-7.0000", "2026-03-01", "False", "2026-03-02 00:00:00"),
        ("4", "#N/A", "1234.5000", "2026-03-01", "True", "2026-03-01 10:00:00"),
        ("5", "#REF!", "0.0000", "2026-03-01", None, None),
        ("6", "of a formula", "1.0000", "2026-03-01", None, None),
        ("7", "a\rb & <c> é", "123456789.1234", "2026-03-01", None, None),
    ]


def test_a_number_that_the_workbook_has_cut_and_a_time_are_invalid(tmp_path: Path) -> None:
    """LND-23, RAW-6."""
    hours = Raw('<c r="{at}" s="3"><v>1.0625</v></c>')
    rows = [
        HEAD,
        (1, 450001234567891000, 1, date(2026, 3, 1)),
        (2, 999999999999999, hours, date(2026, 3, 1)),
    ]
    assert typed(tmp_path, workbook(rows))[1] == [
        (0, "name", "450001234567891000 (a number of more than 15 digits, cut by the workbook)"),
        (1, "billable_amount", "25:30:00"),
    ]


def test_numbers_beside_texts_cannot_be_taken_for_local_forms(tmp_path: Path) -> None:
    """LND-23, RAW-20."""
    rows = [HEAD, (1, "a", 1.234, date(2026, 3, 1)), (2, "b", "1.234,50", date(2026, 3, 1))]
    (frame,) = opened(tmp_path, workbook(rows)).columns([2])
    assert as_text(frame["2"]).to_list() == ["1.234", "1.234,50"]
    column = Column("billable_amount", Forms(is_local=True, decimal_mark=","))
    read, unread = parse(frame["2"], pl.Decimal(18, 4), column)
    assert read.to_list() == [Decimal("1.234"), Decimal("1234.5")]
    assert unread.null_count() == 2


def test_number_cells_say_nothing_of_the_mark_of_texts(tmp_path: Path) -> None:
    """RAW-20."""
    rows = [HEAD, *((number, "a", number + 0.125, date(2026, 3, 1)) for number in range(5))]
    (frame,) = opened(tmp_path, workbook(rows)).columns([2])
    forms = Forms(is_local=True)
    seen = Suspicions(forms)
    seen.rows = pl.int_range(1, 6, eager=True)
    parse(frame["2"], pl.Decimal(18, 4), Column("billable_amount", forms, seen))
    assert seen.other_mark(set()) is None
    assert not seen.shaped_by


def test_the_first_visible_sheet_with_a_header_is_read(tmp_path: Path) -> None:
    """LND-20, LND-23."""
    title = [("All charges", None, "of 2026"), (), ("sep",)]
    content = workbook([("Notes",)], [HEAD, ROW], [*title, HEAD, ROW, ROW], hidden=[2])
    delivery = opened(tmp_path, content)
    assert list(delivery.above_header) == ["All charges, of 2026", "sep"]
    assert sum(frame.height for frame in delivery.columns([0])) == 2


GOOD = workbook([HEAD, ROW])
REFUSED = {
    "no workbook": (b"id,name\n", "broken_xlsx", "not a zip file"),
    "cut": (GOOD[:-30], "broken_xlsx", ""),
    "with a password": (b"\xd0\xcf\x11\xe0" + b"x" * 600, "odd_workbook", "it has a password"),
    "macros": (workbook([HEAD], beside={"xl/vbaProject.bin": "x"}), "odd_workbook", "macros"),
    "links": (
        workbook([HEAD], beside={"xl/externalLinks/externalLink1.xml": "x"}),
        "odd_workbook",
        "refer to other workbooks",
    ),
    "a bomb": (workbook([HEAD], beside={"a": "0" * 300_000_000}), "bomb", "200 times"),
    "entities": (
        workbook([HEAD], beside={"xl/sharedStrings.xml": '<!DOCTYPE a [<!ENTITY b "c">]><sst/>'}),
        "broken_xlsx",
        "declares entities",
    ),
    "merged": (
        workbook([HEAD, ROW], end='<mergeCells><mergeCell ref="B1:C1"/></mergeCells>'),
        "merged_header",
        "B1:C1",
    ),
    "not computed": (
        workbook([HEAD, ROW, (2, "b", Raw('<c r="{at}"><f>1+1</f></c>'), date(2026, 3, 1))]),
        "no_value",
        "billable_amount: row 2",
    ),
    "nothing": (workbook([]), "no_header", ""),
    "a cell beyond": (
        workbook([HEAD, (Raw('<c r="ZZZZ1"><v>1</v></c>'),)]),
        "broken_xlsx",
        "no cell 'ZZZZ1'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_with_its_words(tmp_path: Path, case: str) -> None:
    """LND-10, LND-23."""
    content, kind, words = REFUSED[case]
    with pytest.raises(RefusedFile) as refusal:
        for _ in opened(tmp_path, content).columns([0, 1, 2]):
            pass
    assert refusal.value.kind == kind
    assert words in str(refusal.value)


def test_a_workbook_loads_like_any_file(tmp_path: Path) -> None:
    """LND-23."""
    desk = Desk(tmp_path, name="charges")
    path = desk.landing / "autotask" / "charges.xlsx"
    path.parent.mkdir(parents=True)
    path.write_bytes(workbook([("Charges",), HEAD, ROW, ("x", *ROW[1:])]))
    loaded = desk.load()
    assert loaded.refusals == []
    (content,) = desk.contents()
    assert (content.loaded, content.quarantined, content.batch_kind) == (1, 1, "full")
    assert content.above_header == "Charges"
    assert desk.rows("row_number, column_name, offending_value", "quarantine") == [(2, "id", "x")]
