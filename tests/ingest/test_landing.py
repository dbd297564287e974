"""Landing files: which are found, how they are named and dated, which are never opened."""

import os
from datetime import datetime
from pathlib import Path

import pytest

from orchestration.ingest.landing import Batch, find_batches
from orchestration.ingest.readers.stream import take_hash
from orchestration.ingest.rejections import RefusedFile


def deliver(landing: Path, name: str, content: bytes = b"id,company_name\n") -> Batch:
    """Write a file of the table companies and find it as a batch."""
    path = landing / "autotask" / "companies" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    found, _ = find_batches(landing)
    return next(batch for batch in found["autotask", "companies"] if batch.path == path)


def test_whole_tables_and_batches_are_found_and_partial_files_are_not(tmp_path: Path) -> None:
    """LND-1, LND-4, LND-11."""
    names = [
        "autotask/companies.csv",
        "autotask/companies.csv.gz",
        "autotask/companies/2026-11-20.full.csv.gz",
        "autotask/companies/2026-11-21.PARQUET",
        "autotask/companies/2026-11-22_FULL-fixed.ndjson.gz",
        "autotask/companies/fuller.json",
        "autotask/companies/.hidden.csv",
        "autotask/companies/_unfinished.csv",
        "autotask/companies/late.csv.part",
        "autotask/companies/late.csv.tmp",
        "autotask/companies/late.csv.crdownload",
        "autotask/companies/notes.txt",
        "autotask/companies/packed.json.gz",
        "autotask/invoices.csv",
        "autotask/Tickets.csv",
        "autotask/companies.txt",
        "elsewhere/companies.csv",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("id,company_name\n")
    (tmp_path / "autotask/companies/deeper.csv").mkdir()
    os.mkfifo(tmp_path / "autotask/companies/pipe.csv")
    found, ignored = find_batches(tmp_path)
    assert {batch.batch: batch.kind for batch in found["autotask", "companies"]} == {
        "companies.csv": "full",
        "companies.csv.gz": "full",
        "companies/2026-11-20.full.csv.gz": "full",
        "companies/2026-11-21.PARQUET": "upsert",
        "companies/2026-11-22_FULL-fixed.ndjson.gz": "full",
        "companies/fuller.json": "upsert",
    }
    assert [warning.split(":")[0] for warning in ignored] == [
        "elsewhere",
        "autotask/Tickets.csv",
        "autotask/companies/deeper.csv",
        "autotask/companies/notes.txt",
        "autotask/companies/packed.json.gz",
        "autotask/companies/pipe.csv",
        "autotask/companies.txt",
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
    """LND-3."""
    assert deliver(tmp_path, name).extracted_at() == extracted_at


def test_without_a_timestamp_the_file_time_dates_the_extract(tmp_path: Path) -> None:
    """LND-3."""
    batch = deliver(tmp_path, "all.csv")
    os.utime(batch.path, (1_700_000_000, 1_700_000_000))
    assert batch.extracted_at() == datetime(2023, 11, 14, 22, 13, 20)


def test_an_impossible_date_in_the_name_is_refused(tmp_path: Path) -> None:
    """LND-3, LND-10."""
    batch = deliver(tmp_path, "2026-02-30.csv")
    with pytest.raises(RefusedFile, match=r"autotask/companies/2026-02-30\.csv: '2026-02-30'"):
        batch.extracted_at()


def test_no_link_leads_out_of_the_landing_folder(tmp_path: Path) -> None:
    """LND-10."""
    secret = tmp_path / "secret.csv"
    secret.write_text("id,company_name\n1,Secret\n")
    landing = tmp_path / "landing"
    deliver(landing, "a.csv")
    (landing / "autotask/companies/b.csv").symlink_to(secret)
    (landing / "autotask/companies/c.csv").symlink_to(landing / "autotask/companies/a.csv")
    (landing / "autotask/companies/d.csv").symlink_to(landing / "nowhere.csv")
    (landing / "autotask/companies/e.csv").symlink_to("e.csv")
    hashes = {}
    for batch in find_batches(landing)[0]["autotask", "companies"]:
        try:
            with batch.opened() as stream:
                hashes[batch.path.name] = take_hash(stream).content_hash
        except RefusedFile as refusal:
            hashes[batch.path.name] = refusal.kind
    assert hashes["a.csv"] == hashes["c.csv"]
    assert hashes["b.csv"] == "outside"
    assert hashes["d.csv"] == hashes["e.csv"] == "unreadable"


def test_a_file_name_that_is_not_utf8_is_refused_in_printable_words(tmp_path: Path) -> None:
    """LND-10."""
    folder = tmp_path / "autotask" / "companies"
    folder.mkdir(parents=True)
    Path(os.fsdecode(os.fsencode(folder) + b"/M\xfcller.csv")).write_text("id,company_name\n")
    (batch,) = find_batches(tmp_path)[0]["autotask", "companies"]
    words = "not UTF-8; rename the file"
    with pytest.raises(RefusedFile, match=words) as refusal, batch.opened():
        pass
    assert str(refusal.value).encode()
    assert batch.batch.encode()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("2026-11-21.deleted.csv", "deleted"),
        ("2026-11-21_DELETED.parquet", "deleted"),
        ("deleted.jsonl.gz", "deleted"),
        ("2026-11-21.deleted.v2.csv", "upsert"),
        ("deleted-2026-11-21.csv", "upsert"),
        ("2026-11-21.undeleted.csv", "upsert"),
        ("2026-11-21 deleted.csv", "upsert"),
    ],
)
def test_deleted_counts_as_the_last_part_of_a_name(tmp_path: Path, name: str, kind: str) -> None:
    """LND-14: anywhere else it is named in a warning."""
    assert deliver(tmp_path, name).kind == kind
    _, warnings = find_batches(tmp_path)
    is_odd = "deleted" in name.lower().replace("-", ".").split(".") and kind == "upsert"
    assert [f"autotask/companies/{name}: `deleted`" in text for text in warnings] == [True] * is_odd


@pytest.mark.parametrize("name", ["2026-11-21.full.deleted.csv", "deleted_2026-11-21_full.json"])
def test_a_name_with_two_kinds_is_refused(tmp_path: Path, name: str) -> None:
    """LND-14."""
    with pytest.raises(RefusedFile, match="both full and deleted"):
        deliver(tmp_path, name).extracted_at()
