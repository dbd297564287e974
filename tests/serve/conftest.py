"""Fixtures: the metrics of the published sample, and marts that are made for a case."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import Settings, read_settings
from tests.conftest import Refresh
from tests.serve.figures import Marts

FILE = "semantic_manifest.json"
MakeMarts = Callable[..., Marts]


@pytest.fixture(scope="session")
def manifest(sample: Refresh) -> Path:
    """The definitions that the sample was published with."""
    return sample.data_dir / "marts" / "current" / FILE


@pytest.fixture(scope="module")
def sample_marts(sample: Refresh, manifest: Path) -> Iterator[Marts]:
    """The marts of the sample."""
    with sample.marts() as connection:
        yield Marts(connection, manifest)


@pytest.fixture
def made(sample: Refresh, manifest: Path, tmp_path: Path) -> Iterator[MakeMarts]:
    """Marts without rows, to which statements add some."""
    published = sample.data_dir / "marts" / "current" / "psa_marts.duckdb"
    path = tmp_path / "psa_marts.duckdb"
    connections = []

    def make(*statements: str) -> Marts:
        connection = duckdb.connect(path)
        connections.append(connection)
        name = str(published).replace("'", "''")
        connection.execute(f"attach '{name}' as published (read_only)")
        connection.execute("create schema marts")
        for (mart,) in connection.execute(
            "select table_name from duckdb_tables() where database_name = 'published'"
        ).fetchall():
            connection.execute(f"create table marts.{mart} as from published.marts.{mart} limit 0")
        for statement in statements:
            connection.execute(statement)
        return Marts(connection, manifest)

    yield make
    for connection in connections:
        connection.close()


@pytest.fixture
def two_generations(data_dir: Path) -> tuple[Settings, str, str]:
    """A data folder whose current generation has fewer rows and metrics than the one before."""
    current = (data_dir / "marts" / "current").resolve()
    later = Path(shutil.copytree(current, current.with_name("20991231T000000Z-00000000")))
    told = json.loads((later / FILE).read_text(encoding="utf-8"))
    for model in told["semantic_models"]:
        model["measures"] = [one for one in model["measures"] if one["name"] != "charges_cost"]
    told["metrics"] = [one for one in told["metrics"] if one["name"] != "charges_cost"]
    (later / FILE).write_text(json.dumps(told), encoding="utf-8")
    with duckdb.connect(later / "psa_marts.duckdb") as marts:
        marts.execute("delete from marts.fct_charges_po_resolved where company_id <> 174")
    link = data_dir / "marts" / "current"
    link.unlink()
    link.symlink_to(Path("generations") / later.name, target_is_directory=True)
    return read_settings({"PSA_DATA_DIR": str(data_dir)}), current.name, later.name
