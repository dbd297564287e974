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
        "autotask/expense_items.csv",
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
    assert [batch.batch for batch in found["autotask", "tickets"]] == ["Tickets.csv"]
    assert [left.words.split(":")[0] for left in ignored] == [
        "elsewhere",
        "autotask/companies/deeper.csv",
        "autotask/companies/notes.txt",
        "autotask/companies/packed.json.gz",
        "autotask/companies/pipe.csv",
        "autotask/companies.txt",
        "autotask/expense_items.csv",
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
        ("a_20261120143000.csv", datetime(2026, 11, 20, 14, 30)),
        ("a_20261120_023015.csv", datetime(2026, 11, 20, 2, 30, 15)),
        ("2026-11-20_14-30-00.csv", datetime(2026, 11, 20, 14, 30)),
        ("a-2026-11-20T02-00-05Z.csv", datetime(2026, 11, 20, 2, 0, 5)),
        ("2026-11-20T020000.csv", datetime(2026, 11, 20, 2)),
        ("2026-11-20 020000.csv", datetime(2026, 11, 20, 2)),
        ("2026-11-20t0230z.full.csv", datetime(2026, 11, 20, 2, 30)),
        ("export 2026.11.20.csv", datetime(2026, 11, 20)),
        ("2026-11-20_245959.csv", datetime(2026, 11, 20)),
        ("20261120_7.csv", datetime(2026, 11, 20)),
        ("2026112001.csv", datetime(2026, 11, 20)),
        ("20261101-20261120.csv", datetime(2026, 11, 1)),
        ("20261101_2026-11-20.csv", datetime(2026, 11, 1)),
        ("45000123_20261120.csv", datetime(2026, 11, 20)),
        ("1763600000_20261120.csv", datetime(2026, 11, 20)),
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


@pytest.mark.parametrize(
    ("name", "is_odd"),
    [
        ("a_20-11-2026.csv", True),
        ("a_1763600000.csv", True),
        ("a_45000123.csv", True),
        ("a 3.15.26.csv", True),
        ("a_20261120.csv", False),
        ("a_12345.csv.gz", False),
        ("charges 7 of 12.csv", False),
    ],
)
def test_a_name_that_means_a_timestamp_and_has_none_is_told(
    tmp_path: Path, name: str, is_odd: bool
) -> None:
    """LND-3."""
    assert (deliver(tmp_path, name).unread_timestamp() is not None) == is_odd


@pytest.mark.parametrize("name", ["03152026.csv", "15112026.csv", "2026.02.30.csv"])
def test_what_can_only_be_a_date_and_is_none_is_refused(tmp_path: Path, name: str) -> None:
    """LND-10."""
    with pytest.raises(RefusedFile, match="not a calendar date; name it like 2026-11-20"):
        deliver(tmp_path, name).extracted_at()


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("TimeEntries.csv", "time_entries"),
        ("Contract Milestones.CSV", "contract_milestones"),
        ("tasks.CSV.GZ", "tasks"),
        ("Task.csv", "tasks"),
        ("time-entry/a.csv", "time_entries"),
        ("Company/a.csv", "companies"),
    ],
)
def test_names_of_tables_match_like_headers(tmp_path: Path, name: str, table: str) -> None:
    """LND-21."""
    path = tmp_path / "autotask" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("id\n")
    found, ignored = find_batches(tmp_path)
    assert [batch.batch for batch in found["autotask", table]] == [name]
    assert ignored == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("autotask/companies (1).csv", "numbered copy"),
        ("autotask/Companies(12).csv", "let it replace the file of companies, or move it into"),
        ("autotask/companies - Copy.csv", "numbered copy"),
        ("autotask/chargs.csv", "no table of that name; rename it, the nearest names are charges"),
        ("autotask/purchase_orders.csv", "a table of reference; move it to reference/"),
        ("companies.csv", "move it to autotask/"),
        ("Autotask/companies.csv", "rename it autotask"),
        ("autotask/companies.docx", "not one of csv"),
        ("autotask/companies/a/b.csv", "move its files up"),
    ],
)
def test_what_is_left_alone_is_named_with_what_to_do(tmp_path: Path, name: str, words: str) -> None:
    """LND-11."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("id\n")
    found, (left,) = find_batches(tmp_path)
    assert not any(found.values())
    assert words.replace("of csv", "of .csv") in left.words


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
    told = [f"autotask/companies/{name}: `deleted`" in warning.words for warning in warnings]
    assert told == [True] * is_odd


@pytest.mark.parametrize("name", ["2026-11-21.full.deleted.csv", "deleted_2026-11-21_full.json"])
def test_a_name_with_two_kinds_is_refused(tmp_path: Path, name: str) -> None:
    """LND-14."""
    with pytest.raises(RefusedFile, match="both full and deleted"):
        deliver(tmp_path, name).extracted_at()
