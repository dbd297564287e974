"""Landing files (SPEC 1): which are found, in what order, how they are read or refused."""

import os
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from orchestration.landing import Batch, RefusedFile, find_batches, read_chunks
from schemas import RAW_TABLES

COMPANIES = RAW_TABLES["autotask", "companies"]


def deliver(landing: Path, name: str, content: bytes) -> Batch:
    """Write a file of the table companies and find it as a batch."""
    path = landing / "autotask" / "companies" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    found, _ = find_batches(landing)
    return next(batch for batch in found["autotask", "companies"] if batch.path == path)


def read(batch: Batch) -> list[tuple[object, ...]]:
    """All rows of a batch, as delivered."""
    batch.content_hash()
    return [row for chunk in read_chunks(batch, COMPANIES) for row in chunk.iter_rows()]


def test_whole_tables_and_batches_are_found_and_partial_files_are_not(tmp_path: Path) -> None:
    names = [
        "autotask/companies.csv",
        "autotask/companies/2026-11-20.full.csv",
        "autotask/companies/2026-11-21.parquet",
        "autotask/companies/2026-11-22_FULL-fixed.csv",
        "autotask/companies/fuller.csv",
        "autotask/companies/.hidden.csv",
        "autotask/companies/_unfinished.csv",
        "autotask/companies/late.csv.part",
        "autotask/companies/late.csv.tmp",
        "autotask/companies/late.csv.crdownload",
        "autotask/companies/notes.txt",
        "autotask/invoices.csv",
        "autotask/Tickets.csv",
        "elsewhere/companies.csv",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("id,company_name\n")
    found, ignored = find_batches(tmp_path)
    assert {batch.batch: batch.kind for batch in found["autotask", "companies"]} == {
        "companies.csv": "full",
        "companies/2026-11-20.full.csv": "full",
        "companies/2026-11-21.parquet": "upsert",
        "companies/2026-11-22_FULL-fixed.csv": "full",
        "companies/fuller.csv": "upsert",
    }
    assert [warning.split(":")[0] for warning in ignored] == [
        "elsewhere",
        "autotask/Tickets.csv",
        "autotask/companies/notes.txt",
        "autotask/invoices.csv",
    ]


@pytest.mark.parametrize(
    ("name", "extracted_at"),
    [
        ("2026-11-20.csv", datetime(2026, 11, 20)),
        ("20261120.full.csv", datetime(2026, 11, 20)),
        ("2026-11-20T020301Z.csv", datetime(2026, 11, 20, 2, 3, 1)),
        ("full_20261120T020301Z.csv", datetime(2026, 11, 20, 2, 3, 1)),
        ("2026-11-20_2025-01-01.csv", datetime(2026, 11, 20)),
        ("x123456789_20261120.csv", datetime(2026, 11, 20)),
    ],
)
def test_the_first_timestamp_of_the_name_dates_the_extract(
    tmp_path: Path, name: str, extracted_at: datetime
) -> None:
    assert deliver(tmp_path, name, b"id,company_name\n").extracted_at() == extracted_at


def test_without_a_timestamp_the_file_time_dates_the_extract(tmp_path: Path) -> None:
    batch = deliver(tmp_path, "all.csv", b"id,company_name\n")
    os.utime(batch.path, (1_700_000_000, 1_700_000_000))
    assert batch.extracted_at() == datetime(2023, 11, 14, 22, 13, 20)


def test_an_impossible_date_in_the_name_is_refused(tmp_path: Path) -> None:
    batch = deliver(tmp_path, "2026-02-30.csv", b"id,company_name\n")
    with pytest.raises(RefusedFile, match=r"companies/2026-02-30\.csv: '2026-02-30'"):
        batch.extracted_at()


READABLE: dict[str, tuple[bytes, list[tuple[str | None, str | None]]]] = {
    "plain": (b"id,company_name\n1,a\n", [("1", "a")]),
    "byte order mark and CRLF": (b"\xef\xbb\xbfid,company_name\r\n1,a\r\n", [("1", "a")]),
    "no last new line": (b"id,company_name\n1,a", [("1", "a")]),
    "header only": (b"id,company_name\n", []),
    "header without new line": (b"id,company_name", []),
    "blank first line": (b"\nid,company_name\n1,a\n", [("1", "a")]),
    "new line in a value": (b'id,company_name\n1,"a\nb"\n2,c\n', [("1", "a\nb"), ("2", "c")]),
    "new line in the header": (b'id,"company\nname"\n1,a\n', [("1", "a")]),
    "quotes in quotes": (b'id,company_name\n1,"the ""A"""\n', [("1", 'the "A"')]),
    "a quote within a value": (b'id,company_name\n1,14" monitor\n', [("1", '14" monitor')]),
    "empty values": (b'id,company_name\n"",\n', [(None, None)]),
    "unknown columns": (b"x,id,y,company_name\n0,1,0,a\n", [("1", "a")]),
    "umlauts": ("id,company_name\n1,Müller €\n".encode(), [("1", "Müller €")]),
}


@pytest.mark.parametrize("case", READABLE)
def test_csv_in_all_its_spellings_is_read(tmp_path: Path, case: str) -> None:
    content, rows = READABLE[case]
    assert read(deliver(tmp_path, "2026-01-01.csv", content)) == rows


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "empty file": ("a.csv", b"", "the file is empty"),
    "blank lines only": ("a.csv", b"\n\n", "no header"),
    "too few fields": ("a.csv", b"id,company_name\n1,a\n2\n", r"line 3: "),
    "too many fields": ("a.csv", b"id,company_name\n1,a\n2,b,c\n", r"line 3: "),
    "unclosed quote": ("a.csv", b'id,company_name\n1,a\n2,"b\n3,c\n', r"line 3: "),
    "two unclosed quotes": ("a.csv", b'id,company_name\n1,"a\n2,b\n3,"c\n', r"line 2: "),
    "text after a quote": ("a.csv", b'id,company_name\n1,"a"b\n', r"line 2: "),
    "mixed line ends": (
        "a.csv",
        b"id,company_name\n1,a\r\n2,b\n",
        "line ends are of several kinds",
    ),
    "missing column": ("a.csv", b"id\n1\n", "column company_name: required column missing"),
    "another encoding": ("a.csv", b"id,company_name\n1,M\xfcller\n", "position 19"),
    "truncated character": ("a.csv", b"id,company_name\n1,\xc3", "UTF-8|unicode"),
    "not parquet": ("a.parquet", b"id,company_name\n1,a\n", "not readable as parquet"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_by_name_and_place(tmp_path: Path, case: str) -> None:
    name, content, message = REFUSED[case]
    with pytest.raises(RefusedFile, match=rf"^companies/{name}: .*({message})"):
        read(deliver(tmp_path, name, content))


def test_parquet_keeps_its_types_and_drops_unknown_columns(tmp_path: Path) -> None:
    batch = deliver(tmp_path, "2026-01-01.parquet", b"")
    pl.DataFrame({"odd": [[1]], "Company Name": ["a"], "ID": [1]}).write_parquet(batch.path)
    assert read(batch) == [(1, "a")]


def test_a_multi_byte_character_across_blocks_is_read(tmp_path: Path) -> None:
    head = b"id,company_name\n1,"
    filler = b"x" * ((1 << 20) - len(head) - 1)
    batch = deliver(tmp_path, "a.csv", head + filler + "é\n".encode())
    assert read(batch) == [("1", filler.decode() + "é")]


def test_blank_lines_are_no_rows_even_in_a_file_of_one_column(tmp_path: Path) -> None:
    path = tmp_path / "reference" / "po_required_companies.csv"
    path.parent.mkdir()
    path.write_text("company_id\n\n7\n\n8\n\n")
    found, _ = find_batches(tmp_path)
    (batch,) = found["reference", "po_required_companies"]
    table = RAW_TABLES["reference", "po_required_companies"]
    assert [chunk["company_id"].to_list() for chunk in read_chunks(batch, table)] == [["7", "8"]]


@pytest.mark.parametrize("name", ["a[1].csv", "a*.csv", "a?.csv", "it's {a}.csv", "ü b.csv"])
def test_a_file_name_is_no_pattern(tmp_path: Path, name: str) -> None:
    deliver(tmp_path, "a1.csv", b"id,company_name\n2,another\n")
    batch = deliver(tmp_path, name, b"id,company_name\n1,a\n")
    assert read(batch) == [("1", "a")]
