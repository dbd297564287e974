"""Generations on object storage: whole or not there, and one publisher at a time."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration import store as object_store
from orchestration.operate.doctor import examine
from orchestration.operate.generations import show_generations
from orchestration.publish.generations import follow, publish, roll_back
from orchestration.publish.in_step import get_in_step
from orchestration.publish.targets import stored
from orchestration.published import PublishError
from orchestration.settings import ROOT, SettingError, Settings, read_settings
from orchestration.store import MovedOnError, Store, StoreError, open_store
from tests.conftest import MARTS, build, environment, numbers
from tests.object_storage import BUCKET, ObjectStorage

A, B, C = (f"2026010{day}T000000Z-{name}" for day, name in enumerate("abc", 1))
Machine = Callable[[str], Settings]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    retries = object_store.RETRIES | {"max_retries": 1, "retry_timeout": timedelta(seconds=2)}
    monkeypatch.setattr(object_store, "RETRIES", retries)


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    """Of a store of one's own, with letters that have to be escaped on their way."""
    return f"{tmp_path.name}/a+b=c&d%25,é~'(x)"


@pytest.fixture
def machine(storage: ObjectStorage, prefix: str, tmp_path: Path) -> Machine:
    """Makes the settings of a machine whose marts were just built."""

    def make(name: str) -> Settings:
        variables = {
            "PSA_DATA_DIR": str(tmp_path / name),
            "PSA_DATA_URL": f"s3://{BUCKET}/{prefix}",
        }
        settings = read_settings(variables)
        settings.prepare_data_dir()
        build(settings, "create table marts.numbers as select range as number from range(3)")
        return settings

    return make


def opened(settings: Settings) -> str:
    """The generation that readers of the store open."""
    store = open_store(settings)
    assert store
    return stored.published(store)[0].generation


def whole_generations(storage: ObjectStorage, prefix: str) -> set[str]:
    """Generations with all files that they say they have."""
    names = set(storage.names(prefix))
    found = set()
    for name in names:
        folder, _, file = name.rpartition("/")
        if file == "files.json":
            listed = json.loads(storage.text(prefix, name))["files"]
            assert listed
            assert {f"{folder}/{path}" for path in listed} <= names
            found.add(folder.rpartition("/")[2])
    return found


def leftovers(storage: ObjectStorage, prefix: str) -> set[str]:
    """Generations of which anything is left and that nobody can open."""
    known: set[str] = set(json.loads(storage.text(prefix, "marts/current.json"))["generations"])
    folders = {
        name.split("/")[2]
        for name in storage.names(prefix)
        if name.startswith("marts/generations/")
    }
    return folders - known


def test_a_generation_is_published_followed_listed_and_rolled_back_to(
    machine: Machine, storage: ObjectStorage, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """STO-4, STO-7: also on a machine that has not made it."""
    one, two = machine("one"), machine("two")
    get_in_step(one)
    publish(one, MARTS, {"generation": A, "row_counts": {}})
    build(one, "insert into marts.numbers values (99)")
    publish(one, MARTS, {"generation": B})
    assert opened(one) == B
    assert whole_generations(storage, prefix) == {A, B}
    for name in ("manifest.json", "psa_marts.duckdb", "parquet/numbers.parquet"):
        here = (one.marts_dir / "current" / name).read_bytes()
        assert storage.text(prefix, f"marts/generations/{B}/{name}") == here

    assert follow(two) == two.marts_dir / "generations" / B
    assert numbers(two) == [0, 1, 2, 99]
    assert roll_back(two).name == A
    assert opened(one) == A
    assert numbers(two) == [0, 1, 2]
    assert numbers(one) == [0, 1, 2, 99]
    follow(one)
    assert numbers(one) == [0, 1, 2]
    with pytest.raises(PublishError, match=f"no generation 'x'; there are: {A}, {B}"):
        roll_back(two, "x")
    show_generations(two)
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed[1:3]] == [B, "*"]
    # Who published before the way back publishes as ever.
    publish(one, MARTS, {"generation": C})
    assert opened(two) == C


def test_the_oldest_generations_are_retired(
    machine: Machine, storage: ObjectStorage, prefix: str
) -> None:
    """PUB-7, STO-6."""
    keep_two = machine("one").model_copy(update={"keep_generations": 2})
    get_in_step(keep_two)
    for generation in (A, B, C):
        publish(keep_two, MARTS, {"generation": generation})
    assert whole_generations(storage, prefix) == {B, C}
    assert leftovers(storage, prefix) == set()
    assert sorted(path.name for path in (keep_two.marts_dir / "generations").iterdir()) == [B, C]


def test_of_two_publishers_at_once_the_slower_one_is_refused(
    machine: Machine, storage: ObjectStorage, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STO-5: by compare-and-swap, after both have sent all of it; the next run succeeds."""
    one, two = machine("one"), machine("two")
    get_in_step(one)
    publish(one, MARTS, {"generation": A})
    get_in_step(two)
    both = threading.Barrier(2)
    swap, tried = Store.swap, []

    def at_once(
        self: Store, path: str, value: dict[str, object], version: str | None
    ) -> str | None:
        if path == stored.CURRENT and threading.current_thread().name not in tried:
            tried.append(threading.current_thread().name)
            both.wait(timeout=60)  # 2026-11-26: two uploads of a few files
        return swap(self, path, value, version)

    refused: list[Settings] = []

    def run(settings: Settings, generation: str) -> None:
        try:
            publish(settings, MARTS, {"generation": generation})
        except MovedOnError:
            refused.append(settings)

    threads = [
        threading.Thread(target=run, args=(settings, generation))
        for settings, generation in ((one, B), (two, C))
    ]
    with monkeypatch.context() as patch:
        patch.setattr(Store, "swap", at_once)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    (slower,) = refused
    faster = one if slower is two else two
    assert len(whole_generations(storage, prefix)) == 2
    assert leftovers(storage, prefix) == set()
    assert opened(slower) == (faster.marts_dir / "current").resolve().name
    get_in_step(slower)
    publish(slower, MARTS, {"generation": "20260104T000000Z-d"})
    assert opened(faster) == "20260104T000000Z-d"


def test_a_publisher_that_began_before_another_one_published_is_refused(
    machine: Machine, storage: ObjectStorage, prefix: str
) -> None:
    """STO-5: before it sends anything."""
    one, two = machine("one"), machine("two")
    get_in_step(one)
    get_in_step(two)
    publish(one, MARTS, {"generation": B})
    before = storage.names(prefix)
    with pytest.raises(MovedOnError, match="run again, on one machine at a time"):
        publish(two, MARTS, {"generation": C})
    assert storage.names(prefix) == before
    assert opened(two) == B
    get_in_step(two)
    assert numbers(two) == [0, 1, 2]


def test_a_store_that_stops_in_the_middle_leaves_the_generation_before(
    machine: Machine, storage: ObjectStorage, prefix: str
) -> None:
    """STO-4: the next run sends all of it, and removes what was left."""
    settings = machine("one")
    get_in_step(settings)
    publish(settings, MARTS, {"generation": A})
    build(settings, "insert into marts.numbers values (99)")

    def stop(method: str, path: str) -> None:
        if method == "PUT" and path.endswith("manifest.json"):
            storage.before = lambda *_: None
            threading.Thread(target=storage.stop).start()
            raise ConnectionError("pulled")

    storage.before = stop
    try:
        with pytest.raises(StoreError, match=r"cannot be reached.*Check AWS_ENDPOINT_URL"):
            publish(settings, MARTS, {"generation": B})
        with pytest.raises(StoreError, match="cannot be reached"):
            get_in_step(settings)
    finally:
        storage.before = lambda *_: None
        storage.stop()
        storage.start()
    assert numbers(settings) == [0, 1, 2]
    assert opened(settings) == A
    assert whole_generations(storage, prefix) == {A}
    get_in_step(settings)
    assert leftovers(storage, prefix) == set()
    publish(settings, MARTS, {"generation": C})
    assert opened(settings) == C
    assert numbers(settings) == [0, 1, 2, 99]


KILLED = """
import os, signal
from orchestration.publish import generations
from orchestration.publish.targets import stored
from orchestration.settings import read_settings
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
{where} = die
generations.publish(read_settings(), {{"numbers"}}, {{"generation": "{generation}"}})
"""


@pytest.mark.parametrize(
    ("where", "is_published"),
    [("stored.change", False), ("generations._point_current_at", True)],
)
def test_a_publisher_that_is_killed_before_or_after_the_flip_needs_nobody(
    machine: Machine, storage: ObjectStorage, prefix: str, where: str, is_published: bool
) -> None:
    """STO-4, STO-6."""
    settings = machine("one")
    get_in_step(settings)
    publish(settings, MARTS, {"generation": A})
    build(settings, "insert into marts.numbers values (99)")
    ended = subprocess.run(
        [sys.executable, "-c", KILLED.format(where=where, generation=B)],
        cwd=ROOT,
        env=environment(PSA_DATA_DIR=str(settings.data_dir), PSA_DATA_URL=str(settings.data_url)),
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    assert numbers(settings) == [0, 1, 2]
    assert opened(settings) == (B if is_published else A)
    assert leftovers(storage, prefix) == (set() if is_published else {B})
    get_in_step(settings)
    assert leftovers(storage, prefix) == set()
    assert numbers(settings) == ([0, 1, 2, 99] if is_published else [0, 1, 2])
    publish(settings, MARTS, {"generation": C})
    assert opened(settings) == C


def test_what_a_publisher_has_begun_is_left_to_it_for_a_day(
    machine: Machine, storage: ObjectStorage, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STO-6."""
    settings = machine("one")
    get_in_step(settings)
    publish(settings, MARTS, {"generation": A})
    store = open_store(settings)
    assert store
    others = ["marts/generations/other/manifest.json", "raw/autotask/charges/other.parquet"]
    for path in others:
        store.upload(path, settings.marts_dir / "current" / "manifest.json")
    get_in_step(settings)
    assert set(others) <= set(storage.names(prefix))
    monkeypatch.setattr(object_store, "ABANDONED", timedelta(seconds=-5))
    before = storage.names(prefix)
    get_in_step(settings)
    assert sorted({*storage.names(prefix), *others}) == before
    assert leftovers(storage, prefix) == set()
    assert numbers(settings) == [0, 1, 2]


def test_what_arrives_damaged_is_told_and_not_opened(machine: Machine) -> None:
    """STO-4."""
    one, two = machine("one"), machine("two")
    get_in_step(one)
    folder = publish(one, MARTS, {"generation": A})
    store = open_store(one)
    assert store
    store.upload(f"marts/generations/{A}/psa_marts.duckdb", folder / "manifest.json")
    with pytest.raises(StoreError, match=r"psa_marts\.duckdb was damaged"):
        follow(two)
    assert not (two.marts_dir / "current").exists()
    assert follow(one) == folder


def test_a_folder_that_has_published_before_takes_its_generation_along(machine: Machine) -> None:
    """STO-3."""
    one, two = machine("one"), machine("two")
    publish(one.model_copy(update={"data_url": None}), MARTS, {"generation": A})
    get_in_step(one)
    with pytest.raises(MovedOnError):  # a machine that was never in step does not publish
        publish(two, MARTS, {"generation": B})
    assert opened(two) == A


@pytest.fixture
def careless(storage: ObjectStorage) -> Iterator[None]:
    """The server heeds no condition for a while."""
    storage.keeps_conditions = False
    yield
    storage.keeps_conditions = True


def test_a_service_without_conditional_writes_is_refused(machine: Machine, careless: None) -> None:
    """STO-8."""
    with pytest.raises(SettingError, match=r"PSA_DATA_URL: .* knows no conditional writes"):
        get_in_step(machine("one"))


def test_what_cannot_be_used_is_one_message(
    machine: Machine, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STO-8: with the variable, the place, and what to do."""
    settings = machine("one")

    def told(**changes: str | None) -> str:
        with pytest.raises((StoreError, SettingError)) as caught:
            get_in_step(settings.model_copy(update=changes))
        message = str(caught.value)
        assert "\n" not in message
        assert "PSA_DATA_URL" in message
        return message

    assert "there is no bucket 'nobody'. Make it, or correct" in told(data_url="s3://nobody/x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert "cannot be reached" in told()
    monkeypatch.setenv("AWS_ENDPOINT_URL", storage.variables["AWS_ENDPOINT_URL"])
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "AWS_" in told()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://169.254.1.1:9")
    assert "no credentials. Set AWS_ACCESS_KEY_ID" in told()
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    assert "needs the extra `s3`" in told()


@pytest.mark.parametrize(
    "address", ["bucket/x", "gs://bucket", "s3://", "s3://a:b@c/x", "s3://b/x?y", "s3://b//x"]
)
def test_an_address_that_is_none_is_told(address: str) -> None:
    """PUB-9."""
    with pytest.raises(SettingError, match=r"PSA_DATA_URL: .* is not an address such as s3://"):
        read_settings({"PSA_DATA_URL": address})


def test_doctor_compares_this_machine_with_the_store(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """STO-7."""
    one, two = machine("one"), machine("two")

    def said(settings: Settings) -> str:
        examine(settings)
        lines = capsys.readouterr().out.splitlines()
        return "\n".join(line for line in lines if line.split()[1] == "store")

    assert "problem  store       nothing is published in" in said(one)
    get_in_step(one)
    get_in_step(two)
    facts = {"published_at": "2026-01-01T00:00:00+00:00", "as_of_date": "2026-01-01"}
    publish(one, MARTS, {"generation": A, "input_batches": []} | facts)
    assert f"has {A} and 0 others" in said(one)
    assert "another machine has published since" in said(two)
    assert os.environ["AWS_ACCESS_KEY_ID"] not in said(one)


def test_readers_keep_what_they_have_opened(machine: Machine) -> None:
    """PUB-4."""
    settings = machine("one")
    get_in_step(settings)
    first = publish(settings, MARTS, {"generation": A})
    with duckdb.connect(first / "psa_marts.duckdb", read_only=True) as reader:
        publish(settings.model_copy(update={"keep_generations": 1}), MARTS, {"generation": B})
        assert reader.execute("select count(*) from marts.numbers").fetchone() == (3,)
