"""The raw store on object storage: any machine can take over, and none can do harm."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.ingest import stored
from orchestration.ingest.landing import find_batches
from orchestration.ingest.load import TableLoad, TableLoader
from orchestration.ingest.raw_store import TableFiles
from orchestration.operate.deliveries import unload
from orchestration.publish.in_step import get_in_step
from orchestration.settings import SettingError, Settings, read_settings
from orchestration.store import MovedOnError, Store, StoreError, open_store
from tests.object_storage import BUCKET, ObjectStorage

Machine = Callable[[str], Settings]
HEADER = "company_id,company_name,po_required\n"


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """A landing folder with two batches of companies."""
    folder = tmp_path / "landing"
    deliver(folder, "2026-11-18.full.csv", "1,One,false\n2,Two,true\n")
    deliver(folder, "2026-11-19.csv", "2,Deux,true\nx,Broken,true\n")
    return folder


def deliver(landing: Path, name: str, rows: str) -> None:
    path = landing / "autotask" / "companies" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER + rows, encoding="utf-8")


@pytest.fixture
def machine(storage: ObjectStorage, landing: Path, tmp_path: Path) -> Machine:
    """Makes the settings of a machine with a working folder of its own."""

    def make(name: str) -> Settings:
        variables = {
            "PSA_LANDING_DIR": str(landing),
            "PSA_DATA_DIR": str(tmp_path / name),
            "PSA_DATA_URL": f"s3://{BUCKET}/{tmp_path.name}",
        }
        settings = read_settings(variables)
        settings.prepare_data_dir()
        return settings

    return make


def companies(settings: Settings) -> TableFiles:
    return TableFiles("autotask", "companies", settings)


def ingest(settings: Settings) -> TableLoad:
    """Load a table as a refresh does, and commit it."""
    batches, _ = find_batches(settings.landing_dir)
    load = TableLoader(companies(settings), "run").load(batches["autotask", "companies"])
    stored.keep(companies(settings))
    return load


def files(settings: Settings) -> dict[str, tuple[bytes, int]]:
    """All that a machine keeps of its deliveries: bytes and times by path."""
    return {
        path.relative_to(settings.data_dir).as_posix(): (
            path.read_bytes(),
            path.stat().st_mtime_ns,
        )
        for folder in ("raw", "quarantine", "unloaded")
        for path in (settings.data_dir / folder).rglob("*")
        if path.is_file()
    }


def test_another_machine_takes_the_next_night_over(
    machine: Machine, landing: Path, storage: ObjectStorage, tmp_path: Path
) -> None:
    """STO-1, STO-3: with replaced, quarantined and unloaded files; nothing is read twice."""
    one, two = machine("one"), machine("two")
    get_in_step(one)
    assert ingest(one).read == 2
    deliver(landing, "2026-11-19.csv", "2,Deux,true\n3,Trois,true\n")
    get_in_step(one)
    assert ingest(one).read == 1
    names = storage.names(tmp_path.name)
    get_in_step(two)
    assert files(two) == files(one)
    shutil.rmtree(landing / "autotask")
    (landing / "autotask").mkdir()
    deliver(landing, "2026-11-20.csv", "4,Quatre,true\n")
    load = ingest(two)
    assert (load.read, load.refusals) == (1, [])
    # What was kept before keeps its object.
    assert set(names) < set(storage.names(tmp_path.name))
    unload(one, "autotask/companies/2026-11-20.csv")
    get_in_step(two)
    assert files(two) == files(one)
    assert len(companies(two).contents(companies(two).unloaded)) == 1
    assert ingest(two).warnings[0].startswith("autotask/companies/2026-11-20.csv: left out")


def test_a_night_without_deliveries_writes_nothing(
    machine: Machine, storage: ObjectStorage
) -> None:
    """STO-3."""
    one = machine("one")
    get_in_step(one)
    ingest(one)
    written: list[str] = []
    storage.before = lambda method, path: written.append(path) if method == "PUT" else None
    get_in_step(one)
    ingest(one)
    storage.before = lambda *_: None
    assert {Path(path).name for path in written} == {"store.json"}  # and that was refused


def test_a_stale_or_half_written_folder_does_no_harm(machine: Machine) -> None:
    """STO-3."""
    one, two = machine("one"), machine("two")
    get_in_step(one)
    ingest(one)
    get_in_step(two)
    good = files(one)
    raw = sorted(companies(two).raw.glob("*.parquet"))
    raw[0].write_bytes(b"half")
    raw[1].unlink()
    (companies(two).raw / "stray.parquet").write_bytes(b"of nobody")
    (companies(two).raw / ".x.parquet.unfinished").write_bytes(b"of a dead load")
    get_in_step(two)
    (companies(two).raw / ".x.parquet.unfinished").unlink()
    assert files(two) == good
    # The same bytes under another time are not fetched.
    os.utime(raw[0], ns=(1, 1))
    inode = raw[0].stat().st_ino
    get_in_step(two)
    assert files(two) == good
    assert raw[0].stat().st_ino == inode


def test_of_two_machines_that_load_a_table_the_slower_one_is_refused(
    machine: Machine, landing: Path
) -> None:
    """STO-2."""
    one, two = machine("one"), machine("two")
    get_in_step(one)
    ingest(one)
    get_in_step(two)
    deliver(landing, "2026-11-20.csv", "4,Quatre,true\n")
    get_in_step(one)
    ingest(one)
    with pytest.raises(MovedOnError, match="autotask/companies: another machine has loaded it"):
        ingest(two)
    get_in_step(two)
    assert files(two) == files(one)
    assert ingest(two).read == 0


def test_a_load_that_died_before_its_commit_is_loaded_again(
    machine: Machine, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STO-3: on whichever machine."""
    one, two = machine("one"), machine("two")
    get_in_step(one)
    ingest(one)
    good = files(one)
    deliver(landing, "2026-11-20.csv", "4,Quatre,true\n")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "swap", _fail)
        with pytest.raises(StoreError, match="stopped"):
            ingest(one)
    get_in_step(two)
    assert files(two) == good
    assert ingest(two).read == 1
    get_in_step(one)
    assert files(one) == files(two)


def test_a_data_folder_with_deliveries_begins_a_store_or_stays_out_of_it(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STO-3: also where it died while it began."""
    one, two, three = machine("one"), machine("two"), machine("three")
    for settings in (one, three):
        ingest(settings.model_copy(update={"data_url": None}))
    before = files(one)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "upload", _fail)
        with pytest.raises(StoreError, match="stopped"):
            get_in_step(one)
    with pytest.raises(StoreError, match="is being begun by another machine"):
        get_in_step(two)
    get_in_step(one)
    assert files(one) == before
    get_in_step(two)
    assert files(two) == before
    with pytest.raises(SettingError, match="holds deliveries of its own"):
        get_in_step(three)
    assert files(three).keys() == before.keys()
    elsewhere = two.model_copy(update={"landing_dir": tmp_path})
    with pytest.raises(SettingError, match="or mount the folder at the same path"):
        get_in_step(elsewhere)


def _fail(*_: object) -> None:
    raise StoreError("stopped")


def test_a_raw_file_that_was_damaged_is_told(machine: Machine, landing: Path) -> None:
    """STO-4."""
    one, two = machine("one"), machine("two")
    get_in_step(one)
    ingest(one)
    store = open_store(one)
    assert store
    for path in store.sizes("raw/autotask/companies"):
        store.upload(
            f"raw/autotask/companies/{path}", landing / "autotask/companies/2026-11-19.csv"
        )
    with pytest.raises(StoreError, match="was damaged: its SHA-256"):
        get_in_step(two)
    assert not companies(two).contents()
