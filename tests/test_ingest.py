"""Loading a table: what becomes a raw file, what is refused, and that nothing is half-written."""

import os
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow.parquet
import pytest

from orchestration import ingest
from orchestration.ingest import RefusedRows, TableLoad, load_table
from orchestration.landing import find_batches
from schemas import RAW_TABLES

COMPANIES = RAW_TABLES["autotask", "companies"]


class Landing:
    """A landing folder for the table companies, and its raw folder."""

    def __init__(self, root: Path) -> None:
        """Start with neither."""
        self.landing, self.raw = root / "landing", root / "raw"

    def deliver(self, name: str, text: str) -> Path:
        """Write a file below `autotask/`."""
        path = self.landing / "autotask" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def load(self) -> TableLoad:
        """Load the table."""
        found, _ = find_batches(self.landing)
        return load_table(COMPANIES, found["autotask", "companies"], self.raw)

    def rows(self, columns: str) -> list[tuple[object, ...]]:
        """Read columns of all raw files."""
        return duckdb.sql(
            f"select {columns} from read_parquet('{self.raw}/*.parquet') order by all"  # noqa: S608
        ).fetchall()


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    """An empty landing folder."""
    return Landing(tmp_path)


def test_a_raw_file_remembers_its_batch(landing: Landing) -> None:
    landing.deliver("companies/2026-11-20.full.csv", "id,company_name\n7,Acme\n8,Bolt\n")
    load = landing.load()
    assert (load.read, load.unchanged, load.refusals) == (1, 0, [])
    assert landing.rows("id, _batch, _batch_kind, _extracted_at, _row_number") == [
        (7, "companies/2026-11-20.full.csv", "full", datetime(2026, 11, 20), 1),
        (8, "companies/2026-11-20.full.csv", "full", datetime(2026, 11, 20), 2),
    ]
    assert {len(str(row[0])) for row in landing.rows("_content_hash")} == {64}
    assert landing.rows("distinct _schema_version") == [(COMPANIES.version(),)]


def test_an_unchanged_batch_is_not_read_again(landing: Landing) -> None:
    path = landing.deliver("companies/a.csv", "id,company_name\n7,Acme\n")
    landing.load()
    first = landing.rows("*")
    path.touch()
    load = landing.load()
    assert (load.read, load.unchanged) == (0, 1)
    assert landing.rows("*") == first


def test_a_changed_rule_judges_a_batch_again(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = landing.deliver("companies/a.csv", "id,company_name\n7,Acme\n")
    landing.load()
    first = landing.rows("_extracted_at")
    path.touch()
    monkeypatch.setattr(COMPANIES, "version", lambda: "another")
    assert landing.load().read == 1
    assert landing.rows("_schema_version") == [("another",)]
    # The extract is as old as before, although the file was touched.
    assert landing.rows("_extracted_at") == first


def test_a_corrected_batch_replaces_its_earlier_self(landing: Landing) -> None:
    landing.deliver("companies/a.csv", "id,company_name\n7,Acme\n")
    landing.load()
    landing.deliver("companies/a.csv", "id,company_name\n7,Acme Ltd\n")
    landing.load()
    assert landing.rows("id, company_name") == [(7, "Acme Ltd")]


def test_an_overwritten_whole_table_keeps_its_earlier_content_as_history(landing: Landing) -> None:
    landing.deliver("companies.csv", "id,company_name\n7,Acme\n")
    landing.load()
    landing.deliver("companies.csv", "id,company_name\n7,Acme Ltd\n")
    landing.load()
    assert landing.rows("company_name, _batch") == [
        ("Acme", "companies.csv"),
        ("Acme Ltd", "companies.csv"),
    ]


@pytest.mark.parametrize("age", [-3600, 0])
def test_a_restored_file_follows_what_it_overwrites_whatever_its_time(
    landing: Landing, age: int
) -> None:
    path = landing.deliver("companies.csv", "id,company_name\n7,Acme\n")
    written = path.stat().st_mtime
    landing.load()
    landing.deliver("companies.csv", "id,company_name\n7,Acme Ltd\n")
    os.utime(path, (written + age, written + age))
    landing.load()
    newest_first = landing.rows("_extracted_at, company_name")[::-1]
    assert [name for _, name in newest_first] == ["Acme Ltd", "Acme"]


def test_a_broken_row_refuses_its_file_by_name_and_keeps_the_last_good_state(
    landing: Landing,
) -> None:
    landing.deliver("companies/a.csv", "id,company_name\n7,Acme\n")
    landing.load()
    landing.deliver("companies/a.csv", "id,company_name\n7,Acme\nx,\n9,Cog\n")
    landing.deliver("companies/b.csv", "id,company_name\n9,Cog\n")
    load = landing.load()
    (refusal,) = load.refusals
    assert isinstance(refusal, RefusedRows)
    assert str(refusal).splitlines() == [
        "companies/a.csv: 1 of 3 rows break a rule; nothing of the file was loaded. "
        "Correct them at the source and deliver the file again.",
        "  row 2, column company_name, value None: rule: required",
        "  row 2, column id, value 'x': rule: a whole number",
    ]
    assert load.broken.rows() == [
        ("companies/a.csv", 2, "company_name", "required", None),
        ("companies/a.csv", 2, "id", "a whole number", "x"),
    ]
    assert (load.read, load.refused_rows) == (1, 3)
    assert landing.rows("id, company_name") == [(7, "Acme"), (9, "Cog")]


def test_row_numbers_count_through_all_chunks(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.landing.CHUNK_ROWS", 2_048)
    lines = [f"{number},Company {number}" for number in range(1, 10_001)]
    landing.deliver("companies/good.csv", "\n".join(["id,company_name", *lines]))
    lines[9_000] = "x,Company"
    landing.deliver("companies/bad.csv", "\n".join(["id,company_name", *lines]))
    load = landing.load()
    assert load.broken.rows() == [("companies/bad.csv", 9_001, "id", "a whole number", "x")]
    assert landing.rows("count(*), count_if(id = _row_number)") == [(10_000, 10_000)]


def test_a_header_only_file_is_a_batch_without_rows(landing: Landing) -> None:
    landing.deliver("companies/2026-11-20.full.csv", "id,company_name\n")
    assert landing.load().read == 1
    (raw_file,) = landing.raw.glob("*.parquet")
    assert ingest.read_ledger(raw_file)["batch"] == "companies/2026-11-20.full.csv"
    assert landing.rows("count(*)") == [(0,)]


def test_an_optional_table_without_delivery_is_an_empty_typed_file(tmp_path: Path) -> None:
    tickets = RAW_TABLES["autotask", "tickets"]
    load_table(tickets, [], tmp_path)
    (raw_file,) = tmp_path.glob("*.parquet")
    schema = pyarrow.parquet.read_schema(raw_file)
    assert schema.names == [*tickets.columns(), *ingest.BATCH_COLUMNS]
    assert ingest.read_ledger(raw_file) == {}
    load_table(COMPANIES, [], tmp_path / "required")
    assert not any((tmp_path / "required").iterdir())


def test_a_failure_while_writing_leaves_no_raw_file(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing.deliver("companies/a.csv", "id,company_name\n7,Acme\n")

    def full_disk(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        landing.load()
    assert list(landing.raw.iterdir()) == []


@pytest.mark.parametrize("key", RAW_TABLES)
def test_raw_files_have_the_types_of_the_schema(tmp_path: Path, key: tuple[str, str]) -> None:
    table = RAW_TABLES[key]
    with ingest._raw_file(tmp_path / "x.parquet", table, {}):
        pass
    described = duckdb.sql(f"describe from '{tmp_path}/x.parquet'").fetchall()
    names = {
        "Int64": "BIGINT",
        "String": "VARCHAR",
        "Boolean": "BOOLEAN",
        "Date": "DATE",
        "Decimal(precision=18, scale=4)": "DECIMAL(18,4)",
        "Decimal(precision=12, scale=4)": "DECIMAL(12,4)",
        "Datetime(time_unit='us', time_zone=None)": "TIMESTAMP",
    }
    columns = table.columns() | ingest.BATCH_COLUMNS
    assert [row[:2] for row in described] == [
        (column, names[str(dtype)]) for column, dtype in columns.items()
    ]
