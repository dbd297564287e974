"""The nights of two machines with one store, from the first upload to what readers get."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas
import polars
import pytest

from orchestration.settings import SAMPLE_DIR
from tests.conftest import Refresh, python, refresh
from tests.object_storage import BUCKET, ObjectStorage
from tests.readers.recipes import blocks

PREFIX = "two-machines"
URL = f"s3://{BUCKET}/{PREFIX}"


@dataclass(frozen=True)
class Nights:
    """What two machines did one after the other.

    Attributes:
        first: refresh of a machine that has published before it had a store.
        second: refresh of a new machine, with two workers, that rebuilds everything.
        storage: where both publish.
    """

    first: Refresh
    second: Refresh
    storage: ObjectStorage


@pytest.fixture(scope="module")
def nights(
    served: ObjectStorage, published: Path, tmp_path_factory: pytest.TempPathFactory
) -> Nights:
    """Both refreshes, of the sample."""
    copy = tmp_path_factory.mktemp("first") / "data"
    shutil.copytree(published, copy, symlinks=True)
    first = refresh(SAMPLE_DIR, copy, PSA_DATA_URL=URL, **served.variables)
    data_dir = tmp_path_factory.mktemp("second")
    run = ("-m", "orchestration.cli", "run", "--force")
    settings = {"PSA_DATA_DIR": str(data_dir), "PSA_DATA_URL": URL, "PSA_INGEST_WORKERS": "2"}
    # A process of its own, whose workers import what they need anew.
    settings["PYTHONHASHSEED"] = "2"
    second = Refresh(data_dir, *python(*run, **settings, **served.variables))
    for ended in (first, second):
        assert ended.exit_code == 0, ended.output + ended.errors
    return Nights(first, second, served)


def test_a_store_begins_with_what_the_first_machine_has(nights: Nights) -> None:
    """STO-3: nothing is built again for it."""
    assert "Nothing has changed: the current generation stays" in nights.first.output
    assert len(nights.first.generations) == 1
    about = json.loads(nights.storage.text(PREFIX, "store.json"))
    assert about["is_ready"]


def test_the_second_machine_takes_over(nights: Nights, sample: Refresh) -> None:
    """STO-3, STO-5, VAL-9: from the raw store of the first, to the same marts."""
    told = nights.second.output
    assert [line.split()[0] for line in told.splitlines()[1:3]] == [
        "store",
        "autotask__billing_codes",
    ]
    assert nights.second.rows() == sample.rows()
    current = json.loads(nights.storage.text(PREFIX, "marts/current.json"))
    (mine, newest) = nights.second.generations
    assert (current["generation"], sorted(current["generations"])) == (newest, [mine, newest])
    assert [mine] == nights.first.generations


def names_of(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run the recipes of the page against the store; returns the names that they leave behind."""
    for name, value in nights.storage.variables.items():
        monkeypatch.setenv(name, value)
    names: dict[str, Any] = {}
    text = "\n".join(blocks("Object storage"))
    assert "msp-billing/live" in text
    exec(text.replace("msp-billing/live", f"{BUCKET}/{PREFIX}"), names)  # noqa: S102 - of the page
    return names


def test_readers_of_the_store_get_every_cell(
    nights: Nights, sample: Refresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STO-1, STO-7: by the recipes of the page."""
    names = names_of(nights, monkeypatch)
    with names["marts"] as marts:
        found = {mart: sorted(map(repr, marts.table(mart).fetchall())) for mart in sample.rows()}
    assert found == sample.rows()
    parquet = nights.second.data_dir / "marts/current/parquet"
    for file in parquet.glob("*.parquet"):
        here = pandas.read_parquet(file, dtype_backend="pyarrow")
        there = pandas.read_parquet(
            f"{names['parquet']}/{file.name}", filesystem=names["s3"], dtype_backend="pyarrow"
        )
        pandas.testing.assert_frame_equal(there, here)
    assert names["exposure"].equals(polars.read_parquet(parquet / "po_exposure.parquet"))


def test_the_prompt_of_the_first_machine_follows_the_second(nights: Nights) -> None:
    """STO-7: lists, asks, reports and rolls back what is in the store."""
    newest = nights.second.generations[-1]
    settings = {"PSA_DATA_DIR": str(nights.first.data_dir), "PSA_DATA_URL": URL}

    def said(*arguments: str) -> str:
        variables = settings | nights.storage.variables
        code, output, errors = python("-m", "orchestration.cli", *arguments, **variables)
        assert code == 0, output + errors
        return output

    assert f"* {newest}" in said("generations")
    assert said("ask", "exposed_amount", *[""] * 6, "csv").splitlines()[-1]
    assert (nights.first.data_dir / "marts/current").resolve().name == newest
    assert nights.first.generations[0] in said("rollback")
    current = json.loads(nights.storage.text(PREFIX, "marts/current.json"))
    assert current["generation"] == nights.first.generations[0]
    said("rollback", newest)


def test_a_store_that_is_away_ends_a_refresh_with_one_message(nights: Nights) -> None:
    """STO-8."""
    away = nights.storage.variables | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    ended = refresh(SAMPLE_DIR, nights.first.data_dir, PSA_DATA_URL=URL, **away)
    assert ended.exit_code == 1
    assert "cannot be reached" in ended.errors
    assert "Check AWS_ENDPOINT_URL" in ended.errors
    assert "Nothing was published; the current generation stays" in ended.errors
    assert "Traceback" not in ended.errors
