"""Loading a table: what becomes of files and rows, whatever dies, and whenever."""

import hashlib
import itertools
import json
import os
import random
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.ingest import landing, load, replay
from orchestration.ingest import raw_store as contents
from orchestration.ingest.judging import JudgedRows
from orchestration.ingest.landing import Batch, find_batches
from orchestration.ingest.load import TableLoad, TableLoader
from orchestration.ingest.raw_store import Content, TableFiles, parquet_file
from orchestration.ingest.readers.stream import Reading
from orchestration.settings import read_settings
from schemas import RAW_TABLES
from schemas.validation import judge
from tests.conftest import answering

COMPANIES = RAW_TABLES["autotask", "companies"]
HEAD = "id,company_name\n"


class Desk:
    """A landing folder and what is kept of one table of it."""

    def __init__(self, root: Path, source: str = "autotask", name: str = "companies") -> None:
        """Start with nothing delivered."""
        self.landing, self.data = root / "landing", root / "data"
        self.source, self.name = source, name
        self.landing.mkdir(parents=True, exist_ok=True)

    def deliver(self, name: str, text: str) -> Path:
        """Write a file below the folder of the source."""
        path = self.landing / self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def deliver_ids(self, name: str, ids: range, broken: range = range(0)) -> Path:
        """Write companies with these ids; those of the broken ones lack their name."""
        rows = [f"{number},Company {number}" for number in ids] + [
            f"{number}," for number in broken
        ]
        return self.deliver(name, HEAD + "\n".join(rows) + "\n")

    def store(self, **variables: str) -> TableFiles:
        """What is kept of the table."""
        folders = {"PSA_LANDING_DIR": str(self.landing), "PSA_DATA_DIR": str(self.data)}
        return TableFiles(self.source, self.name, read_settings(folders | variables))

    def load(self, **variables: str) -> TableLoad:
        """Load the table."""
        found, _ = find_batches(self.landing)
        return TableLoader(self.store(**variables)).load(found[self.source, self.name])

    def refusals(self, **variables: str) -> list[str]:
        """Load the table; the kinds of the refusals."""
        return [refusal.kind for refusal in self.load(**variables).refusals]

    def contents(self) -> list[Content]:
        """The contents that count, in order."""
        return list(self.store().contents().values())

    def rows(self, columns: str, folder: str = "raw") -> list[tuple[object, ...]]:
        """Read columns of all files of a folder."""
        pattern = self.data / folder / self.source / self.name / "*.parquet"
        return duckdb.execute(
            f"select {columns} from read_parquet('{pattern}', union_by_name = true) order by all"  # noqa: S608
        ).fetchall()

    def snapshot(self) -> dict[str, str]:
        """Every kept file with the hash of its bytes."""
        return {
            str(path.relative_to(self.data)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.data.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty landing folder for companies."""
    return Desk(tmp_path)


# --- names ---------------------------------------------------------------------------------------


def test_two_files_of_a_whole_table_refuse_each_other_and_what_was_loaded_stays(desk: Desk) -> None:
    """LND-21."""
    first = desk.deliver("companies.csv", HEAD + "7,Acme\n")
    desk.load()
    second = desk.deliver("Company.json", '[{"id": 8, "company_name": "Bolt"}]')
    refusals = desk.load().refusals
    assert [refusal.kind for refusal in refusals] == ["twins", "twins"]
    for name, other in (("companies.csv", "Company.json"), ("Company.json", "companies.csv")):
        words = f"autotask/{name}: autotask/{other} is the whole of companies, too"
        assert any(str(refusal).startswith(words) for refusal in refusals)
    assert [content.batch for content in desk.contents()] == ["companies.csv"]
    second.unlink()
    assert desk.refusals() == []
    desk.deliver("Company.json", '[{"id": 8, "company_name": "Bolt"}]')
    assert desk.refusals() == ["twins", "twins"]
    first.unlink()
    assert desk.refusals() == []
    assert [content.batch for content in desk.contents()] == ["companies.csv", "Company.json"]
    assert list(desk.store().refused.glob("*.parquet")) == []


def test_a_whole_table_under_another_spelling_of_its_name_is_a_new_batch(desk: Desk) -> None:
    """LND-21."""
    path = desk.deliver("Companies.csv", HEAD + "7,Acme\n")
    desk.load()
    path.rename(path.with_name("companies.csv"))
    assert desk.refusals() == []
    assert [content.batch for content in desk.contents()] == ["Companies.csv", "companies.csv"]
    assert desk.load().unchanged == 1


def test_a_timestamp_in_a_name_counts_for_contents_loaded_earlier(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LND-3."""
    stays = desk.deliver("companies/a_20261120_020000.csv", HEAD + "7,Stays\n")
    goes = desk.deliver("companies/a_2026.11.19.csv", HEAD + "7,Goes\n")
    for path in (stays, goes):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    with monkeypatch.context() as earlier:
        for module in (landing, load, replay):
            earlier.setattr(module, "timestamp_in", lambda name: None)
        desk.load()
    assert {content.extracted_at.year for content in desk.contents()} == {2023}
    goes.unlink()
    assert desk.load().read == 2
    assert [content.extracted_at for content in desk.contents()] == [
        datetime(2026, 11, 19),
        datetime(2026, 11, 20, 2),
    ]
    assert desk.load().unchanged == 1


def test_one_page_of_several_is_no_snapshot(desk: Desk) -> None:
    """LND-22."""
    page = json.dumps(
        {
            "items": [{"id": 7, "companyName": "Acme"}],
            "pageDetails": {"count": 1, "nextPageUrl": "x", "prevPageUrl": None},
        }
    )
    desk.deliver("companies/c.full.json", page.replace('"x"', "null"))
    desk.deliver("companies/a.json", page)
    desk.deliver("companies/b.full.json", page)
    loaded = desk.load()
    assert [(refusal.kind, str(refusal).split(":")[0]) for refusal in loaded.refusals] == [
        ("one_page", "autotask/companies/b.full.json")
    ]
    (warning,) = loaded.warnings
    assert warning.startswith("autotask/companies/a.json: it is one page of several")
    assert {content.batch for content in desk.contents()} == {
        "companies/a.json",
        "companies/c.full.json",
    }


# --- what is loaded ------------------------------------------------------------------------------


def test_a_raw_file_remembers_its_batch(desk: Desk) -> None:
    """PUB-1."""
    desk.deliver("companies/2026-11-20.full.csv", HEAD + "7,Acme\n8,Bolt\n")
    load = desk.load()
    assert (load.read, load.unchanged, load.refusals) == (1, 0, [])
    assert desk.rows("id, _batch, _batch_kind, _extracted_at, _row_number") == [
        (7, "companies/2026-11-20.full.csv", "full", datetime(2026, 11, 20), 1),
        (8, "companies/2026-11-20.full.csv", "full", datetime(2026, 11, 20), 2),
    ]
    assert {len(str(row[0])) for row in desk.rows("_content_hash")} == {64}
    forms = desk.store().forms("companies/2026-11-20.full.csv")
    assert desk.rows("distinct _schema_version") == [(COMPANIES.version(forms),)]


def test_a_run_without_news_touches_no_file(desk: Desk) -> None:
    """LND-7."""
    path = desk.deliver("companies/a.csv", HEAD + "7,Acme\n8,\n")
    desk.load()

    def stamps() -> dict[Path, tuple[int, ...]]:
        found = {kept: kept.stat() for kept in desk.data.rglob("*")}
        return {kept: (of.st_ino, of.st_size, of.st_mtime_ns) for kept, of in found.items()}

    before = stamps()
    path.touch()
    load = desk.load()
    assert (load.read, load.unchanged, load.rejects.height) == (0, 1, 0)
    assert stamps() == before


def test_a_new_file_is_checked_while_it_is_hashed_and_a_known_one_only_hashed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    for name in ("take_hash", "read_once"):
        original = getattr(load, name)

        def counted(*arguments: object, name: str = name, original: Any = original) -> Reading:
            calls.append(name)
            return original(*arguments)  # type: ignore[no-any-return]

        monkeypatch.setattr(load, name, counted)
    desk.deliver("companies.csv", HEAD + "7,Acme\n")
    desk.load()
    assert calls == ["read_once"]
    desk.load()
    assert calls == ["read_once", "take_hash"]
    desk.deliver("companies.csv", HEAD + "7,Acme Ltd\n")
    assert desk.load().read == 1
    assert calls == ["read_once", "take_hash", "take_hash", "read_once"]


def test_every_format_is_loaded_alike(desk: Desk) -> None:
    """LND-2."""
    record = '{"id": 7, "company_name": "Acme", "odd": [1]}'
    desk.deliver("companies/1.csv", 'ID;"Company Name";odd\n7;Acme;1\n')
    desk.deliver("companies/2.json", f"[{record}]")
    desk.deliver("companies/3.json", f'{{"items": [{record}], "pageDetails": {{}}}}')
    desk.deliver("companies/4.ndjson", record)
    pl.DataFrame({"companyName": ["Acme"], "id": ["7"]}).write_parquet(
        desk.landing / "autotask/companies/5.parquet"
    )
    assert desk.load().refusals == []
    assert desk.rows("id, company_name") == [(7, "Acme")] * 5


def test_a_batch_without_rows_is_a_batch(desk: Desk) -> None:
    """LND-10."""
    desk.deliver("companies/2026-11-19.full.csv", HEAD)
    desk.deliver("companies/2026-11-20.full.json", "[]")
    assert desk.load().read == 2
    assert [(content.batch, content.delivered) for content in desk.contents()] == [
        ("companies/2026-11-19.full.csv", 0),
        ("companies/2026-11-20.full.json", 0),
    ]


def test_a_corrected_batch_replaces_its_earlier_self_which_stays_on_the_books(desk: Desk) -> None:
    """LND-7."""
    desk.deliver("companies/a.csv", HEAD + "7,Acme\n8,\n")
    desk.load()
    desk.deliver("companies/a.csv", HEAD + "7,Acme Ltd\n")
    desk.load()
    assert desk.rows("id, company_name") == [(7, "Acme Ltd")]
    (replaced,) = desk.store().contents(desk.store().replaced).values()
    assert (replaced.delivered, replaced.loaded, replaced.quarantined) == (2, 1, 1)
    assert desk.rows("row_number", "quarantine") == [(2,)]
    # The first content again is known, and its successor stays.
    desk.deliver("companies/a.csv", HEAD + "7,Acme\n8,\n")
    assert desk.load().unchanged == 1
    assert desk.rows("company_name") == [("Acme Ltd",)]


def test_an_overwritten_whole_table_keeps_its_earlier_content_as_history(desk: Desk) -> None:
    """LND-7."""
    desk.deliver("companies.csv", HEAD + "7,Acme\n")
    desk.load()
    desk.deliver("companies.csv", HEAD + "7,Acme Ltd\n")
    desk.load()
    assert desk.rows("company_name, _batch") == [
        ("Acme", "companies.csv"),
        ("Acme Ltd", "companies.csv"),
    ]


@pytest.mark.parametrize("age", [-3600, 0])
def test_a_restored_file_follows_what_it_overwrites_whatever_its_time(desk: Desk, age: int) -> None:
    """LND-7."""
    path = desk.deliver("companies.csv", HEAD + "7,Acme\n")
    written = path.stat().st_mtime
    desk.load()
    desk.deliver("companies.csv", HEAD + "7,Acme Ltd\n")
    os.utime(path, (written + age, written + age))
    desk.load()
    assert [row[1] for row in desk.rows("_extracted_at, company_name")] == ["Acme", "Acme Ltd"]


def test_the_last_of_a_key_within_a_batch_wins_and_the_others_are_counted(tmp_path: Path) -> None:
    """VAL-2, VAL-6."""
    desk = Desk(tmp_path, name="charges")
    desk.deliver(
        "charges/a.csv",
        "id,charge_kind,billable_amount,date_purchased\n"
        "1,ticket,1.10,2026-01-01\n"
        "1,project,2,2026-01-01\n"
        "1,TICKET,4,2026-01-01\n"
        "1,ticket,8.5,2026-01-01\n"
        "1,ticket,16,\n"
        "2,ticket,x,2026-01-01\n",
    )
    desk.load()
    assert desk.rows("charge_kind, billable_amount, _row_number") == [
        ("project", Decimal(2), 2),
        ("ticket", Decimal("8.5"), 4),
    ]
    (content,) = desk.contents()
    assert (content.delivered, content.loaded, content.quarantined, content.duplicates) == (
        (6, 2, 2, 2)
    )
    assert content.measure_delivered == Decimal("31.6")
    assert content.measure_loaded == Decimal("10.5")
    assert content.measure_quarantined == Decimal(16)
    assert content.measure_duplicates == Decimal("5.1")


def test_two_spellings_of_a_po_are_one_record(tmp_path: Path) -> None:
    """RAW-8."""
    desk = Desk(tmp_path, "reference", "purchase_orders")
    desk.deliver(
        "purchase_orders.csv", "company_id,purchase_order_number\n1,po  7\n1,PO 7 \n2,PO 7\n"
    )
    desk.load()
    assert desk.rows("company_id, purchase_order_number") == [(1, "PO 7 "), (2, "PO 7")]


def test_a_list_of_deleted_keys_is_judged_by_its_keys_alone(tmp_path: Path) -> None:
    """LND-14, VAL-6."""
    desk = Desk(tmp_path, name="charges")
    desk.deliver(
        "charges/2026-11-20.csv",
        "id,charge_kind,billable_amount,date_purchased\n1,ticket,5,2026-01-01\n",
    )
    desk.deliver(
        "charges/2026-11-21.deleted.csv",
        "id,charge_kind,billable_amount,name,name\n"
        "1,Ticket,x,a,b\n1,ticket,,,\n2,ticket,,,\n3,,,,\n,ticket,,,\n4,oven,,,\n",
    )
    load = desk.load()
    assert load.refusals == []
    assert load.warnings == [
        "autotask/charges/2026-11-21.deleted.csv: 2 of its 3 keys are not current"
    ]
    content = desk.contents()[-1]
    assert content.batch_kind == "deleted"
    assert (content.delivered, content.loaded) == (6, 3)
    assert (content.quarantined, content.duplicates) == (2, 1)
    assert content.measure_delivered is content.measure_loaded is None
    assert content.measure_quarantined is content.measure_duplicates is None
    kept = "id, charge_kind, billable_amount, name, _batch_kind"
    assert desk.rows(kept)[1:] == [
        (1, "ticket", None, None, "deleted"),
        (2, "ticket", None, None, "deleted"),
        (3, "charge", None, None, "deleted"),
    ]
    assert desk.rows("row_number, column_name", "quarantine") == [(5, "id"), (6, "charge_kind")]
    assert desk.load().warnings == []


def test_a_list_of_deleted_keys_needs_the_key(desk: Desk) -> None:
    """LND-14."""
    desk.deliver("companies/2026-11-21.deleted.csv", "company_name\nAcme\n")
    assert desk.refusals() == ["missing_column"]


def test_what_is_deleted_in_a_table_of_one_kind_may_be_held_by_charges(tmp_path: Path) -> None:
    """RAW-10, LND-14."""
    charges, tickets = Desk(tmp_path, name="charges"), Desk(tmp_path, name="ticket_charges")
    head = "id,charge_kind,billable_amount,date_purchased\n"
    charges.deliver("charges.csv", head + "1,ticket,5,2026-01-01\n2,contract,5,2026-01-01\n")
    charges.load()
    tickets.deliver("ticket_charges/1.deleted.csv", "id\n1\n2\n3\n")
    assert tickets.load().warnings == [
        "autotask/ticket_charges/1.deleted.csv: 2 of its 3 keys are not current"
    ]


@pytest.mark.parametrize(("gone", "refused"), [(10, []), (11, ["deletes"])])
def test_a_list_that_deletes_more_than_half_is_refused(
    desk: Desk, gone: int, refused: list[str]
) -> None:
    """LND-13: those that are not current count for nothing."""
    desk.deliver_ids("companies/2026-11-20.full.csv", range(20))
    ids = [*range(gone), *range(100, 200)]
    desk.deliver("companies/2026-11-21.deleted.csv", "id\n" + "\n".join(map(str, ids)))
    assert desk.refusals() == refused
    assert desk.refusals(PSA_ALLOW_SHRINK="1") == []


def test_duplicates_are_kept_apart_and_judged_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RAW-11, VAL-5: a charge that its file named twice is still known after a change of rules."""
    desk = Desk(tmp_path, name="charges")
    head = "id,contract_id,ticket_id,billable_amount,date_purchased\n"
    path = desk.deliver("charges/a.csv", head + "1,7,,100,2026-03-01\n1,,9,500,2026-03-01\n")
    desk.load()

    def doubled() -> list[tuple[object, ...]]:
        columns = "id, contract_id, ticket_id, _schema_version"
        pattern = desk.store().duplicates / "*.parquet"
        return duckdb.read_parquet(str(pattern), union_by_name=True).project(columns).fetchall()

    table = RAW_TABLES["autotask", "charges"]
    forms = desk.store().forms("charges/a.csv")
    assert doubled() == [(1, 7, None, table.version(forms))]
    path.unlink()
    monkeypatch.setattr(table, "version", lambda forms: "newer")
    desk.load()
    assert doubled() == [(1, 7, None, "newer")]


def test_row_numbers_count_through_all_chunks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.ingest.readers.delivery.CHUNK_ROWS", 2_048)
    lines = [f"{number},Company {number}" for number in range(1, 10_001)]
    lines[9_000] = "x,Company"
    lines[5_000] = lines[1]
    desk.deliver("companies/a.csv", "\n".join([HEAD.strip(), *lines]))
    desk.load()
    assert desk.rows("row_number, offending_value", "quarantine") == [(9_001, "x")]
    assert desk.rows("count(*), count_if(id = _row_number)") == [(9_998, 9_997)]


def test_an_optional_table_without_delivery_is_an_empty_typed_file(tmp_path: Path) -> None:
    """RAW-9."""
    desk = Desk(tmp_path, name="tickets")
    desk.load()
    (raw_file,) = desk.store().raw.glob("*.parquet")
    tickets = RAW_TABLES["autotask", "tickets"]
    assert pyarrow.parquet.read_schema(raw_file).names == [
        *tickets.columns(),
        *contents.BATCH_COLUMNS,
    ]
    desk.deliver("tickets.csv", "id,company_id,title\n1,1,Printer\n")
    desk.load()
    assert desk.rows("id") == [(1,)]
    assert not raw_file.exists()


@pytest.mark.parametrize("key", RAW_TABLES)
def test_raw_files_have_the_types_of_the_schema(tmp_path: Path, key: tuple[str, str]) -> None:
    """PUB-1."""
    desk = Desk(tmp_path, *key)
    with parquet_file(tmp_path / "x.parquet", desk.store().raw_schema(), None):
        pass
    described = duckdb.execute(f"describe from '{tmp_path}/x.parquet'").fetchall()
    names = {
        "Int64": "BIGINT",
        "String": "VARCHAR",
        "Boolean": "BOOLEAN",
        "Date": "DATE",
        "Decimal(precision=18, scale=4)": "DECIMAL(18,4)",
        "Decimal(precision=12, scale=4)": "DECIMAL(12,4)",
        "Datetime(time_unit='us', time_zone=None)": "TIMESTAMP",
    }
    assert [row[:2] for row in described] == [
        (column, names[str(dtype)])
        for column, dtype in (RAW_TABLES[key].columns() | contents.BATCH_COLUMNS).items()
    ]


# --- quarantine ----------------------------------------------------------------------------------


def test_a_broken_row_is_set_aside_with_all_its_rules_and_the_rest_loads(desk: Desk) -> None:
    """VAL-1."""
    desk.deliver("companies/a.csv", "id,Company Name,Ort,Ort\n7,Acme,Köln,1\nx,,Bonn,2\n9,Cog,,3\n")
    load = desk.load()
    assert load.refusals == []
    assert desk.rows("id, _row_number") == [(7, 1), (9, 3)]
    row = '{"id": "x", "Company Name": null, "Ort": "Bonn", "Ort (2)": "2"}'
    columns = "source, table_name, batch, row_number, column_name, rule, offending_value, row_json"
    assert desk.rows(columns, "quarantine") == [
        ("autotask", "companies", "companies/a.csv", 2, "company_name", "required", None, row),
        ("autotask", "companies", "companies/a.csv", 2, "id", "a whole number", "x", row),
    ]
    assert load.rejects.height == 2


@pytest.mark.parametrize(
    ("valid", "broken", "ratio", "refused"),
    [
        (5, 10, "0", []),
        (300, 11, "0.05", []),
        (209, 11, "0.05", []),
        (208, 11, "0.05", ["too_many_rejects"]),
        (300, 11, "0", ["too_many_rejects"]),
        (1, 20, "1", []),
        (0, 1, "1", ["no_valid_row"]),
    ],
)
def test_the_budget_of_rejects(
    desk: Desk, valid: int, broken: int, ratio: str, refused: list[str]
) -> None:
    """VAL-3."""
    desk.deliver_ids("companies/a.csv", range(valid), range(1000, 1000 + broken))
    assert desk.refusals(PSA_MAX_QUARANTINE_RATIO=ratio) == refused
    assert len(desk.contents()) == (not refused)


def test_a_refusal_names_file_counts_and_the_top_rules_and_keeps_the_last_good_state(
    desk: Desk,
) -> None:
    """VAL-3, VAL-4."""
    desk.deliver_ids("companies/a.csv", range(3))
    desk.load()
    desk.deliver("companies/a.csv", HEAD + "1,ok\n" + "x,\n" * 12 + "2,\n" * 3)
    desk.deliver_ids("companies/b.csv", range(5, 6))
    (refusal,) = desk.load().refusals
    assert str(refusal) == (
        "autotask/companies/a.csv: 15 of 16 rows break a rule, and only 10 may; most often: "
        "company_name: required (15), id: a whole number (12); correct the rows at the source and "
        "deliver them again, or raise PSA_MAX_QUARANTINE_RATIO."
    )
    assert desk.rows("id") == [(0,), (1,), (2,), (5,)]
    (on_record,) = desk.store().contents(desk.store().refused).values()
    assert (on_record.delivered, on_record.loaded, on_record.quarantined) == (16, 0, 0)


def test_a_file_broken_from_end_to_end_is_counted_and_not_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.ingest.readers.delivery.CHUNK_ROWS", 4_096)
    monkeypatch.setattr("orchestration.ingest.readers.csv_files.PIECE_ROWS", 4_096)
    kept = []
    rejects = JudgedRows.rejects

    def counted(
        judged: JudgedRows, files: TableFiles, content: Content, run_id: str
    ) -> pl.DataFrame:
        kept.append(sum(rows.height for rows in judged.broken))
        return rejects(judged, files, content, run_id)

    monkeypatch.setattr(JudgedRows, "rejects", counted)
    desk.deliver_ids("companies/a.csv", range(1), broken=range(1, 50_000))
    (refusal,) = desk.load().refusals
    assert "49,999 of 50,000 rows" in str(refusal)
    assert "company_name: required (49,999)" in str(refusal)
    assert kept == [4_095]


@pytest.mark.parametrize(
    ("header", "row_json"),
    [
        ("id,,company_name,,", {"id": "2", "": "x", "company_name": None, " (2)": None}),
        ("id,,company_name,column_1", {"id": "2", "": "x", "company_name": None}),
        ("id,a,company_name,a,a (2)", {"id": "2", "a": "x", "a (2)": None, "a (2) (2)": "z"}),
    ],
)
def test_a_broken_row_is_kept_under_headers_of_any_kind(
    desk: Desk, header: str, row_json: dict[str, str | None]
) -> None:
    fields = header.count(",") - 2
    desk.deliver(
        "companies/a.csv", f"{header}\n1,x,Acme{',' * fields}\n2,x,{',' * (fields - 1)},z\n"
    )
    assert desk.refusals() == []
    ((kept,),) = desk.rows("row_json", "quarantine")
    assert row_json.items() <= json.loads(str(kept)).items()


def test_a_parquet_column_that_is_there_twice_is_kept_twice(desk: Desk) -> None:
    path = desk.deliver("companies/a.parquet", "")
    columns = [pa.array(values) for values in ([1, 2], ["Acme", None], ["p", "q"], [3, 4])]
    table = pa.Table.from_arrays(columns, names=["id", "company_name", "z", "z"])
    pyarrow.parquet.write_table(table, path)
    assert desk.refusals() == []
    ((kept,),) = desk.rows("row_json", "quarantine")
    assert json.loads(str(kept)) == {"id": "2", "company_name": None, "z": "q", "z (2)": "4"}


# --- guards --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "broken", "refused"),
    [
        (range(10), range(0), []),  # exactly half
        (range(9), range(0), ["shrinks"]),
        (range(5), range(15, 20), []),  # a broken row is there, too
        (range(5), range(100, 105), ["shrinks"]),
        (range(0), range(0), ["shrinks"]),
        (range(30), range(0), []),
    ],
)
def test_a_snapshot_that_deletes_most_of_a_table_is_refused(
    desk: Desk, ids: range, broken: range, refused: list[str]
) -> None:
    """LND-13."""
    desk.deliver_ids("companies/2026-11-19.full.csv", range(15))
    desk.deliver_ids("companies/2026-11-20.csv", range(15, 20))
    desk.load()
    desk.deliver_ids("companies/2026-11-21.full.csv", ids, broken)
    assert desk.refusals() == refused
    assert desk.refusals(PSA_ALLOW_SHRINK="1") == []
    assert desk.refusals() == []  # once accepted, it stays


def test_small_tables_upserts_and_old_snapshots_may_shrink(desk: Desk) -> None:
    """LND-13."""
    desk.deliver_ids("companies/2026-11-19.full.csv", range(9))
    desk.load()
    desk.deliver_ids("companies/2026-11-20.full.csv", range(0))
    assert desk.refusals() == []
    desk.deliver_ids("companies/2026-11-21.full.csv", range(50))
    desk.load()
    desk.deliver_ids("companies/2026-11-18.full.csv", range(1))
    desk.deliver_ids("companies/2026-11-22.csv", range(1))
    assert desk.refusals() == []


def test_a_corrected_or_overwritten_snapshot_is_guarded_as_well(desk: Desk) -> None:
    """LND-13."""
    desk.deliver_ids("companies/2026-11-19.full.csv", range(30))
    desk.load()
    desk.deliver_ids("companies/2026-11-19.full.csv", range(3))
    assert desk.refusals() == ["shrinks"]
    whole = Desk(desk.landing.parent / "whole")
    whole.deliver_ids("companies.csv", range(30))
    whole.load()
    whole.deliver_ids("companies.csv", range(3))
    assert whole.refusals() == ["shrinks"]


def test_a_key_that_broken_rows_hold_for_long_is_still_guarded(desk: Desk) -> None:
    """LND-6, LND-13."""
    desk.deliver_ids("companies/2026-11-01.full.csv", range(30))
    desk.deliver_ids("companies/2026-11-02.full.csv", range(10, 30), range(10))
    desk.deliver_ids("companies/2026-11-03.full.csv", range(20, 30), range(10, 20))
    assert desk.refusals(PSA_MAX_QUARANTINE_RATIO="1") == []
    # Ids 0 to 9 are gone, 10 to 19 are held by broken rows: 20 are left.
    desk.deliver_ids("companies/2026-11-04.full.csv", range(20, 29))
    (refusal,) = desk.load().refusals
    assert "delete 11 of the table's 20 ids" in str(refusal)


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [
        (range(200), range(10, 200), False),  # exactly 5 %
        (range(199), range(10, 199), True),
        (range(20), range(9, 20), False),  # fewer than ten ids
        (range(20), range(10, 20), True),
        (range(50), range(20, 80), True),  # what came with it does not make up for it
    ],
)
@pytest.mark.parametrize("kind", ["full", "deleted"])
def test_a_delivery_that_takes_much_away_is_told(
    desk: Desk, before: range, after: range, is_told: bool, kind: str
) -> None:
    """LND-15."""
    desk.deliver_ids("companies/2026-11-19.full.csv", before)
    assert desk.load().removals == []
    removed = len(set(before) - set(after))
    if kind == "full":
        desk.deliver_ids("companies/2026-11-20.full.csv", after)
    else:
        gone = "".join(f"{number}\n" for number in before if number not in after)
        desk.deliver("companies/2026-11-20.deleted.csv", "id\n" + gone)
    told = desk.load().removals
    if not is_told:
        assert told == []
        return
    (words,) = told
    file = f"autotask/companies/2026-11-20.{kind}.csv"
    assert words.startswith(
        f"{file} takes away {removed} of the table's {len(before)} ids. If they are not gone"
    )
    assert f"make unload BATCH={file}" in words
    assert desk.load().removals == []  # told once
    kept = desk.contents()[-1]
    assert (kept.removed, kept.removed_of, kept.measure_removed) == (removed, len(before), None)


def test_the_money_of_what_is_taken_away_is_that_of_the_last_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LND-15: by hand, 12 charges of 2.50 and one that was corrected to -1.25."""
    desk = Desk(tmp_path, name="charges")
    head = "charge_kind,id,billable_amount,date_purchased\n"
    row = "ticket,{},{},2026-11-01\n".format
    first = "".join(row(number, "2.50") for number in range(20))
    desk.deliver("charges/2026-11-18.full.csv", head + first)
    desk.deliver("charges/2026-11-19.csv", head + row(0, "-1.25"))
    desk.load()
    kept = "".join(row(number, "9") for number in range(13, 20))
    desk.deliver("charges/2026-11-20.full.csv", head + kept)
    (words,) = desk.load(PSA_ALLOW_SHRINK="1").removals
    assert "takes away 13 of the table's 20 ids, and 28.75 of billable_amount with them" in words
    # Newer rules judge the snapshot anew; by then nothing of it is current, and it is still known.
    monkeypatch.setattr(desk.store().table, "version", lambda forms: "newer")
    assert desk.load().removals == [words]
    assert desk.contents()[-1].measure_removed == Decimal("28.75")


def test_a_corrected_snapshot_is_compared_with_what_it_replaces(desk: Desk) -> None:
    """LND-15."""
    desk.deliver_ids("companies/2026-11-19.full.csv", range(100))
    desk.load()
    desk.deliver_ids("companies/2026-11-19.full.csv", range(70))
    (words,) = desk.load().removals
    assert "takes away 30 of the table's 100 ids" in words


# --- refusals are remembered ---------------------------------------------------------------------


def test_a_refused_file_waits_until_it_is_mended(desk: Desk) -> None:
    """VAL-4."""
    desk.deliver("companies/a.csv", "id\n1\n")
    assert desk.refusals() == ["missing_column"]
    assert desk.refusals() == ["missing_column"]
    desk.deliver("companies/a.csv", HEAD + "1,Acme\n")
    assert desk.refusals() == []
    assert desk.store().contents(desk.store().refused) == {}
    # It stays on the books, until the same bytes are accepted after all.
    (mended,) = desk.store().contents(desk.store().mended).values()
    assert mended.refusal_kind == "missing_column"


def test_a_file_accepted_after_all_is_no_longer_on_the_books_as_refused(desk: Desk) -> None:
    """VAL-4."""
    desk.deliver_ids("companies/a.csv", range(9), range(10, 30))
    assert desk.refusals() == ["too_many_rejects"]
    assert desk.refusals(PSA_MAX_QUARANTINE_RATIO="1") == []
    store = desk.store()
    assert not store.contents(store.refused) | store.contents(store.mended)


@pytest.mark.parametrize("stays", [True, False])
def test_a_later_snapshot_makes_a_refusal_moot(desk: Desk, stays: bool) -> None:
    """VAL-4."""
    desk.deliver_ids("companies/2026-11-18.full.csv", range(30))
    bad = desk.deliver("companies/2026-11-20.full.csv", "id\n1\n")
    assert desk.refusals() == ["missing_column"]
    if not stays:
        bad.unlink()
    desk.deliver_ids("companies/2026-11-19.full.csv", range(30))  # earlier: no help
    assert desk.refusals() == (["missing_column"] if stays else ["gone"])
    desk.deliver_ids("companies/2026-11-21.csv", range(30))  # no snapshot: no help
    assert desk.refusals() == (["missing_column"] if stays else ["gone"])
    desk.deliver_ids("companies/2026-11-22.full.csv", range(30))
    for is_told in (True, stays):
        load = desk.load()
        assert load.refusals == []
        told = [words.partition(": ")[0] for words in load.warnings]
        assert told == ["autotask/companies/2026-11-20.full.csv"] * is_told
    (kept,) = desk.store().contents(desk.store().mended).values()
    assert kept.refusal_kind == "missing_column"
    # Were the snapshot taken out, the file would be waited for again, as long as it is there.
    desk.store().unload("companies/2026-11-22.full.csv")
    assert desk.refusals() == (["missing_column"] if stays else [])


def test_files_that_refuse_each_other_are_not_moot(desk: Desk) -> None:
    """VAL-4, LND-21."""
    desk.deliver_ids("companies.csv", range(30))
    desk.load()
    desk.deliver("Company.json", "[]")
    desk.deliver_ids("companies/2099-01-01.full.csv", range(30))
    assert desk.refusals() == ["twins", "twins"]


def test_a_refused_file_that_leaves_still_waits(desk: Desk) -> None:
    """VAL-4."""
    path = desk.deliver("companies/a.csv", "id\n1\n")
    desk.load()
    path.unlink()
    (refusal,) = desk.load().refusals
    assert refusal.kind == "gone"
    assert "make unload BATCH=autotask/companies/a.csv" in str(refusal)
    assert desk.store().unload("companies/a.csv")
    assert desk.refusals() == []


def test_a_renamed_file_is_mended_and_an_empty_one_may_leave(desk: Desk) -> None:
    """VAL-4."""
    path = desk.deliver("companies/2026-02-30.csv", HEAD + "1,Acme\n")
    empty = desk.deliver("companies/empty.csv", "")
    assert desk.refusals() == ["impossible_date", "empty"]
    path.rename(path.with_name("2026-02-28.csv"))
    empty.unlink()
    assert desk.refusals() == []


def test_a_file_that_changes_while_it_is_read_is_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LND-10."""
    path = desk.deliver("companies/a.csv", HEAD + "1,Acme\n")

    def slowly(*of_rows: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
        path.write_text(HEAD + "1,Acme Ltd\n")
        return judge(*of_rows)

    monkeypatch.setattr("orchestration.ingest.judging.judge", slowly)
    assert desk.refusals() == ["moving"]
    monkeypatch.undo()
    assert desk.refusals() == []


def test_a_file_that_changes_between_its_hash_and_its_reading_is_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LND-10."""
    path = desk.deliver("companies.csv", HEAD + "1,Acme\n")
    gone = desk.deliver("companies/a.csv", HEAD + "2,Bolt\n")
    original = Batch.extracted_at

    def then_written(batch: Batch) -> datetime:
        if batch.path == gone:
            gone.unlink()
        else:
            path.with_suffix(".part").write_text(HEAD + "1,Other\n", encoding="utf-8")
            path.with_suffix(".part").replace(path)
        return original(batch)

    monkeypatch.setattr(Batch, "extracted_at", then_written)
    assert sorted(desk.refusals()) == ["moving", "unreadable"]
    monkeypatch.undo()
    assert desk.refusals() == []
    assert desk.rows("company_name") == [("Other",)]


def test_what_is_known_is_listed_once_however_many_files_there_are(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = []
    contents = TableFiles.contents

    def counted(files: TableFiles, folder: Path | None = None) -> dict[Path, Content]:
        listed.append(folder)
        return contents(files, folder)

    monkeypatch.setattr(TableFiles, "contents", counted)
    counts = []
    for files in (1, 20):
        for number in range(files):
            desk.deliver(f"companies/{number}.csv", HEAD + "1,Acme\n")
        for _ in ("new", "known"):
            listed.clear()
            desk.load()
            counts.append(len(listed))
    assert len(set(counts)) == 1


# --- replay --------------------------------------------------------------------------------------


def _strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Yesterday's rules: no name may be longer than four characters."""
    column = COMPANIES.schema().columns["company_name"]
    monkeypatch.setattr(
        column,
        "checks",
        [type(column.checks[0]).str_length(max_value=4, error="at most 4 characters")],
    )
    monkeypatch.setattr(COMPANIES, "version", lambda *_: "yesterday")


@pytest.mark.parametrize("is_archived", [False, True])
def test_a_changed_rule_judges_again_what_older_rules_have_judged(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, is_archived: bool
) -> None:
    """LND-3, VAL-5."""
    path = desk.deliver(
        "companies/a.csv", "id,Name of it,company_name\n7,z,Acme\n8,y,Cogwheel\nx,,Bolt\n7,,Bolt\n"
    )
    _strict(monkeypatch)
    desk.load()
    assert desk.rows("id, company_name") == [(7, "Bolt")]
    first = desk.rows("_extracted_at")
    monkeypatch.undo()
    if is_archived:
        path.unlink()
    else:
        path.touch()
    assert desk.load().read == 1
    assert desk.rows("id, company_name, _row_number") == [(7, "Bolt", 4), (8, "Cogwheel", 2)]
    version = COMPANIES.version(desk.store().forms("companies/a.csv"))
    assert desk.rows("distinct _schema_version") == [(version,)]
    # The extract is as old as before, although the file was touched.
    assert desk.rows("distinct _extracted_at") == first
    assert desk.rows("row_number, column_name, row_json", "quarantine") == [
        (3, "id", '{"id": "x", "Name of it": null, "company_name": "Bolt"}')
    ]
    (content,) = desk.contents()
    assert (content.delivered, content.loaded, content.quarantined, content.duplicates) == (
        (4, 2, 1, 1)
    )
    assert desk.load().read == 0


def test_a_stricter_rule_sets_archived_rows_aside_and_keeps_their_json(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VAL-5."""
    path = desk.deliver("companies/a.csv", "ID,Company Name\n7,Acme\n8,Cogwheel\n")
    desk.load()
    path.unlink()
    _strict(monkeypatch)
    desk.load()
    assert desk.rows("id") == [(7,)]
    assert desk.rows("row_number, row_json", "quarantine") == [
        (2, '{"ID": "8", "Company Name": "Cogwheel"}')
    ]
    monkeypatch.undo()
    desk.load()
    assert desk.rows("id") == [(7,), (8,)]


def test_a_replay_that_would_lose_too_much_keeps_the_last_good_state(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VAL-5."""
    path = desk.deliver_ids("companies/a.csv", range(30))
    desk.load()
    path.unlink()
    _strict(monkeypatch)
    assert desk.refusals() == ["no_valid_row"]
    assert desk.refusals() == ["no_valid_row"]
    assert len(desk.rows("id")) == 30
    monkeypatch.undo()
    assert desk.refusals() == []
    assert not desk.store().contents(desk.store().refused)


# --- unload --------------------------------------------------------------------------------------


def test_an_unloaded_content_stays_out_and_what_was_before_it_counts_again(desk: Desk) -> None:
    """LND-9."""
    desk.deliver("companies/a.csv", HEAD + "7,Acme\n8,\n")
    desk.load()
    first = desk.snapshot()
    desk.deliver("companies/a.csv", HEAD + "7,Wrong\nx,\n")
    desk.load()
    taken = desk.store().unload("companies/a.csv")
    assert taken
    assert taken.loaded == 1
    kept = {name: digest for name, digest in desk.snapshot().items() if "unloaded" not in name}
    assert kept == first
    load = desk.load()
    assert load.read == 0
    assert len(load.warnings) == 1
    assert desk.rows("company_name") == [("Acme",)]
    desk.store().unload("companies/a.csv")
    assert desk.contents() == []
    assert desk.store().unload("companies/a.csv") is None


# --- whatever dies, in whatever order ------------------------------------------------------------

KILLED = """
import os, sys
from pathlib import Path
from orchestration.ingest.landing import find_batches
from orchestration.ingest.load import TableLoader
from orchestration.ingest.raw_store import TableFiles
from orchestration.settings import read_settings

def load_until(left, landing, data):
    def die(event, arguments):
        nonlocal left
        changes = event in ("os.rename", "os.link", "os.remove", "os.mkdir") or (
            event == "open" and str(arguments[1]).startswith("w"))
        if changes and str(arguments[0]).startswith(data):
            left -= 1
            if left < 0:
                os._exit(9)

    settings = read_settings({"PSA_LANDING_DIR": landing, "PSA_DATA_DIR": data})
    batches = find_batches(Path(landing))[0]["autotask", "companies"]
    sys.addaudithook(die)
    TableLoader(TableFiles("autotask", "companies", settings)).load(batches)

for line in sys.stdin:  # forked from one process that has imported everything
    steps, landing, data = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if child == 0:
        load_until(int(steps), landing, data)
        os._exit(0)  # an exception has ended it before, with 1
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_a_load_killed_at_any_step_ends_like_an_undisturbed_one(tmp_path: Path) -> None:
    """PUB-1."""

    def before(root: Path) -> Desk:
        desk = Desk(root)
        os.utime(desk.deliver("companies/1.csv", HEAD + "1,a\n2,\n1,b\n"), (1_780_000_000,) * 2)
        desk.load()
        desk.deliver("companies/1.csv", HEAD + "1,c\n3,\n1,d\n")
        desk.deliver("companies/2.csv", "id\n1\n")
        for path in (desk.landing / "autotask/companies").iterdir():
            os.utime(path, (1_790_000_000, 1_790_000_000))
        return desk

    undisturbed = before(tmp_path / "undisturbed")
    undisturbed.load()
    with answering(sys.executable, "-c", KILLED) as load_until:
        for steps in itertools.count():
            desk = before(tmp_path / str(steps))
            exit_code = int(load_until(f"{steps}\t{desk.landing}\t{desk.data}"))
            assert exit_code in (0, 9)
            desk.load()
            assert desk.snapshot() == undisturbed.snapshot(), f"killed after {steps} steps"
            if exit_code == 0:
                break
    assert steps >= 8


DAYS = st.integers(1, 6)
KINDS = st.sampled_from(["", ".full", ".deleted"])
ROWS = st.lists(
    st.tuples(st.sampled_from(["1", "2", "3", "x", ""]), st.sampled_from(["a", "b", ""])),
    max_size=5,
)


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    deliveries=st.lists(
        st.tuples(DAYS, KINDS, st.sampled_from(["csv", "jsonl"]), ROWS),
        min_size=1,
        max_size=6,
        unique_by=lambda delivery: delivery[:3],
    ),
    seed=st.integers(0, 1_000_000),
)
def test_the_order_in_which_files_arrive_never_matters(
    tmp_path_factory: pytest.TempPathFactory,
    deliveries: list[tuple[int, str, str, list[tuple[str, str]]]],
    seed: int,
) -> None:
    """LND-8: all that the models read is the same, byte for byte, however the files trickle in."""

    def deliver(desk: Desk, delivery: tuple[int, str, str, list[tuple[str, str]]]) -> None:
        day, kind, extension, rows = delivery
        lines = (
            ["id,company_name", *(f"{number},{name}" for number, name in rows)]
            if extension == "csv"
            else [json.dumps({"id": number, "company_name": name}) for number, name in rows]
        )
        name = f"companies/2026-11-0{day}{kind}.{extension}"
        desk.deliver(name, "\n".join(lines) + "\n")

    together = Desk(tmp_path_factory.mktemp("together"))
    one_by_one = Desk(tmp_path_factory.mktemp("one_by_one"))
    for delivery in deliveries:
        deliver(together, delivery)
    together.load(PSA_ALLOW_SHRINK="1")
    order = deliveries + deliveries[:2]
    random.Random(seed).shuffle(order)  # noqa: S311 - not a secret
    for delivery in order:
        deliver(one_by_one, delivery)
        one_by_one.load(PSA_ALLOW_SHRINK="1")
    assert one_by_one.snapshot() == together.snapshot()


def test_a_failure_while_writing_leaves_no_raw_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PUB-1."""
    desk.deliver("companies/a.csv", HEAD + "7,Acme\n8,\n")

    def full_disk(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        desk.load()
    assert not [path for path in desk.data.rglob("*") if path.is_file()]


def test_table_files_know_long_names(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.deliver(f"companies/{'ü' * 110}.csv", HEAD + "7,Acme\n8,\n")
    desk.deliver(f"companies/{'ü' * 111}.csv", HEAD + "7,Acme\n8,\n")
    assert desk.load().refusals == []
    assert len(desk.rows("id")) == 2
