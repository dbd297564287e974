"""Fixtures: a tenant that is served, and the means to extract from it and load what came."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.extract.entities import ENTITIES
from orchestration.extract.extraction import Extraction
from orchestration.ingest.landing import find_batches
from orchestration.ingest.load import TableLoader
from orchestration.ingest.raw_store import TableFiles
from orchestration.settings import Settings, read_settings
from schemas import RAW_TABLES
from tests.extract.server import LOGIN, Tenant, served
from tests.extract.worlds import World

# Those that are loaded: what is never loaded is never read again.
LOADED = [name for name, entity in ENTITIES.items() if ("autotask", entity.table) in RAW_TABLES]


@dataclass
class Site:
    """A landing folder and a data folder for one tenant."""

    world: World
    settings: Settings
    environment: dict[str, str]

    @property
    def tenant(self) -> Tenant:
        """The tenant."""
        return self.world.tenant

    @property
    def landing(self) -> Path:
        """The landing folder."""
        return self.settings.landing_dir

    def extract(self) -> list[str]:
        """Extract once; returns the warnings."""
        self.settings.prepare_data_dir()
        told: list[str] = []
        extraction = Extraction(self.settings, told.append)
        for name in ENTITIES:
            extraction.extract(name)
        extraction.deliver()
        return told

    def load(self) -> None:
        """Load what was delivered, as the raw assets do."""
        batches, _ = find_batches(self.landing)
        for source, name in RAW_TABLES:
            files = TableFiles(source, name, self.settings)
            load = TableLoader(files, "run").load(batches[source, name])
            assert load.refusals == []

    def files(self) -> dict[str, list[Path]]:
        """The delivered files by table, in the order of their names."""
        found: dict[str, list[Path]] = {}
        for path in sorted(self.landing.glob("autotask/*/*")):
            found.setdefault(path.parent.name, []).append(path)
        return found

    def rows(self) -> dict[str, dict[Any, dict[str, Any]]]:
        """The current records by entity, worked out from the landing files alone."""
        tables = self.files()
        found: dict[str, dict[Any, dict[str, Any]]] = {}
        for entity in ENTITIES.values():
            current: dict[Any, dict[str, Any]] = {}
            # Of one moment, deleted keys come last.
            ordered = sorted(
                tables.get(entity.table, []),
                key=lambda path: (path.name[:16], "deleted" in path.name),
            )
            for path in ordered:
                records = contents(path)
                if ".full." in path.name:
                    current = {}
                for record in records:
                    if ".deleted." in path.name:
                        current.pop(record["id"], None)
                    else:
                        current[record["id"]] = record
            found[entity.name] = current
        return {name: rows for name, rows in found.items() if name in LOADED}

    def expected(self) -> dict[str, dict[Any, dict[str, Any]]]:
        """What the tenant has, in the fields that are asked for."""
        return {
            name: {
                number: {field: row[field] for field in asked(name)}
                for number, row in self.tenant.rows[name].items()
            }
            for name in LOADED
        }


def asked(name: str) -> list[str]:
    return ["id", *(names.partition("|")[0] for names in ENTITIES[name].fields.split())]


def contents(path: Path) -> list[dict[str, Any]]:
    """The records of a landing file."""
    if path.suffix == ".json":
        loaded: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return loaded
    rows = (
        duckdb.connect().execute("select json from read_ndjson_objects(?)", [str(path)]).fetchall()
    )
    return [json.loads(text) for (text,) in rows]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A served tenant, with nothing extracted yet."""
    (tmp_path / "landing").mkdir()
    world = World()
    with served(world.tenant) as tenant:
        environment = LOGIN | {
            "PSA_AUTOTASK_URL": tenant.url,
            "PSA_LANDING_DIR": str(tmp_path / "landing"),
            "PSA_DATA_DIR": str(tmp_path / "data"),
        }
        yield Site(world, read_settings(environment), environment)
