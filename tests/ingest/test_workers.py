"""Tables loaded side by side: the same files as one after another, whatever dies."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.ingest.workers import Table, WorkerDiedError, Workers, load
from orchestration.settings import ROOT, SAMPLE_DIR, Settings, read_settings
from schemas import RAW_TABLES
from tests.conftest import environment

LARGE: Table = ("autotask", "charges")
PATIENCE_SECONDS = 60  # 2026-11-26: a process starts in two seconds on a busy machine


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """The sample, with a broken row, a refused file and deleted keys."""
    folder = Path(shutil.copytree(SAMPLE_DIR, tmp_path / "landing"))
    (folder / "autotask" / "companies" / "2026-11-21.csv").write_text(
        "company_id,company_name,po_required\n174,Renamed,true\nx,Broken,false\n", encoding="utf-8"
    )
    wrong = folder / "autotask" / "tickets" / "2026-11-21.csv"
    wrong.write_text("no\n1\n", encoding="utf-8")
    return folder


@pytest.fixture
def machine(landing: Path, tmp_path: Path) -> Callable[..., Settings]:
    """Makes settings of a data folder of its own."""

    def make(name: str, workers: int) -> Settings:
        variables = {
            "PSA_LANDING_DIR": str(landing),
            "PSA_DATA_DIR": str(tmp_path / name),
            "PSA_INGEST_WORKERS": str(workers),
        }
        settings = read_settings(variables)
        settings.prepare_data_dir()
        return settings

    return make


def kept(settings: Settings) -> dict[str, bytes]:
    """All that was kept of the deliveries, by path."""
    return {
        path.relative_to(settings.data_dir).as_posix(): path.read_bytes()
        for folder in ("raw", "quarantine")
        for path in (settings.data_dir / folder).rglob("*")
        if path.is_file()
    }


def test_several_workers_keep_and_tell_the_same_as_one(machine: Callable[..., Settings]) -> None:
    """VAL-9: byte for byte."""
    one, three = machine("one", 1), machine("three", 3)
    alone = {table: load(one, "run", table) for table in RAW_TABLES}
    workers = Workers(three, "run", list(RAW_TABLES))
    side_by_side = {table: workers.result(table) for table in RAW_TABLES}
    assert kept(three) == kept(one)
    assert any(path.startswith("quarantine/autotask/companies/") for path in kept(one))
    for table, expected in alone.items():
        found = side_by_side[table]
        assert (found.read, found.unchanged) == (expected.read, expected.unchanged)
        assert list(map(str, found.refusals)) == list(map(str, expected.refusals))
        assert found.warnings == expected.warnings
        assert found.rejects.equals(expected.rejects)
    assert [refusal.kind for refusal in side_by_side["autotask", "tickets"].refusals]
    assert not side_by_side["autotask", "companies"].rejects.is_empty()


def enlarge(landing: Path) -> None:
    """Make the charges large enough to be caught at work."""
    (file,) = (landing / "autotask" / "charges").glob("*.csv")
    header, *rows = file.read_text("utf-8").splitlines()
    with file.open("w", encoding="utf-8") as charges:
        charges.write(f"{header}\n")
        for _ in range(25):
            charges.write("\n".join(rows) + "\n")


def until(happened: Callable[[], object]) -> None:
    patience = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < patience
        # 2026-11-26: asks again, because another process tells nobody what it did; has an end.
        time.sleep(0.01)


def test_a_worker_that_is_killed_leaves_nothing_half_done(
    machine: Callable[..., Settings], landing: Path
) -> None:
    """VAL-9: the next load succeeds."""
    enlarge(landing)
    settings = machine("killed", 2)
    tables = [LARGE, ("autotask", "projects")]
    workers = Workers(settings, "run", tables)
    until(lambda: list(settings.raw_dir.rglob(".*.unfinished")))
    for process in multiprocessing.active_children():
        os.kill(process.pid or 0, signal.SIGKILL)
    with pytest.raises(WorkerDiedError, match="lower PSA_INGEST_WORKERS"):
        workers.result(LARGE)
    assert not list((settings.raw_dir / "autotask" / "charges").glob("*.parquet"))
    again = Workers(settings, "run", tables)
    assert again.result(LARGE, [("autotask", "projects")]).read == 1
    expected = machine("expected", 1)
    for table in tables:
        load(expected, "run", table)
    assert kept(settings) == kept(expected)


ABANDONED = """
import multiprocessing, time
from orchestration.ingest.workers import Workers
from orchestration.settings import read_settings
if __name__ == "__main__":
    Workers(read_settings(), "run", [("autotask", "charges"), ("autotask", "projects")])
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    # 2026-11-26: is killed by the test as soon as it has told its children; alone it ends, too.
    time.sleep(600)
"""


def test_no_worker_outlives_its_refresh(
    machine: Callable[..., Settings], landing: Path, tmp_path: Path
) -> None:
    """VAL-9: another refresh may begin as soon as the lock is released."""
    enlarge(landing)
    settings = machine("abandoned", 2)
    script = tmp_path / "refresh.py"
    script.write_text(ABANDONED, encoding="utf-8")
    variables = {
        "PSA_LANDING_DIR": str(landing),
        "PSA_DATA_DIR": str(settings.data_dir),
        "PSA_INGEST_WORKERS": "2",
        "PYTHONPATH": str(ROOT),
    }
    with subprocess.Popen(
        [sys.executable, str(script)], env=environment(**variables), stdout=subprocess.PIPE
    ) as refresh:
        assert refresh.stdout
        children = [int(pid) for pid in refresh.stdout.readline().split()]
        until(lambda: list(settings.raw_dir.rglob(".*.unfinished")))
        refresh.kill()
    assert len(children) == 2

    def are_gone() -> bool:
        # One that init has not buried yet is a zombie, and does nothing.
        stats = [Path(f"/proc/{pid}/stat") for pid in children]
        return all(not stat.exists() or ") Z " in stat.read_text() for stat in stats)

    until(are_gone)
