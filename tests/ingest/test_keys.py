"""Which keys are alive (LND-6, LND-14): the guard and the staging models say the same."""

import json
import random
import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest

from orchestration.ingest.assets import write_batches
from orchestration.ingest.guards import known_keys
from orchestration.ingest.keys import alive_keys, key_hashes
from orchestration.ingest.landing import find_batches
from orchestration.ingest.load import TableLoader
from orchestration.ingest.raw_store import TableFiles
from orchestration.settings import Settings, read_settings
from schemas import RAW_TABLES
from tests.conftest import dbt

Record = dict[str, str]
LEDGERS = ("stg_ingest__contents", "stg_ingest__batches", "stg_ingest__quarantined_rows")
# The ways to spell a key, the rest of a valid row, and of one of which only the key can be read.
SPELLINGS: dict[str, tuple[list[Record], Record, Record]] = {
    "companies": (
        [{"id": text} for text in ("1", "2", "3", "4", "5", "6", "x")],
        {"company_name": "Acme"},
        {"company_name": ""},
    ),
    "purchase_orders": (
        [
            {"company_id": company_id, "purchase_order_number": number}
            for company_id in ("1", "2", "")
            for number in ("PO 1", "po  1 ", "PO-2")
        ][:7],
        {"authorized_amount": "10"},
        {"authorized_amount": "-1"},
    ),
}
SEEDS, DELIVERIES = range(12), 7


class Keys:
    """A data folder, and the staging models of two tables as dbt compiles them for it."""

    def __init__(self, folder: Path) -> None:
        """Compile the models once."""
        self.landing, self.data = folder / "landing", folder / "data"
        self.landing.mkdir()
        variables = {"PSA_LANDING_DIR": str(self.landing), "PSA_DATA_DIR": str(self.data)}
        self.settings: Settings = read_settings(
            variables | {"PSA_ALLOW_SHRINK": "1", "PSA_MAX_QUARANTINE_RATIO": "1"}
        )
        self.tables = {name: key for key in RAW_TABLES if (name := key[1]) in SPELLINGS}
        models = [f"stg_{source}__{name}" for name, (source, _) in self.tables.items()]
        code, log = dbt(self.data, folder / "target", "compile", "--select", *LEDGERS, *models)
        assert code == 0, log
        self.compiled = {
            path.stem: path.read_text(encoding="utf-8")
            for path in folder.joinpath("target/compiled").rglob("stg_*.sql")
        }
        for source, name in RAW_TABLES:  # the models read the quarantine of all tables at once
            TableLoader(TableFiles(source, name, self.settings)).load([])
        write_batches(self.settings)
        self.connection = duckdb.connect()
        self.connection.execute("attach ':memory:' as warehouse")
        self.connection.execute("create schema warehouse.staging")
        manifest = json.loads(folder.joinpath("target/manifest.json").read_text(encoding="utf-8"))
        self.sources = list(manifest["sources"].values())
        self.open_sources("ingest", "quarantine")
        for model in LEDGERS:
            view = f"create view warehouse.staging.{model} as {self.compiled[model]}"
            self.connection.execute(view)

    def open_sources(self, *schemas: str) -> None:
        """Make the views that dbt makes when it starts, of sources that have files."""
        for source in self.sources:
            schema, table = source["schema"], source["identifier"]
            default = f"raw/{schema}/{table}/*.parquet"
            files = source["config"]["meta"].get("files") or default
            if schema in schemas and list(self.data.glob(files)):
                self.connection.execute(f"create schema if not exists warehouse.{schema}")
                self.connection.execute(
                    f"create or replace view warehouse.{schema}.{table} as from read_parquet("
                    f"'{self.data}/{files}', union_by_name = true, hive_partitioning = false)"
                )

    def start_over(self, name: str) -> None:
        """Forget all deliveries of a table."""
        source, _ = self.tables[name]
        files = TableFiles(source, name, self.settings)
        for path in (self.landing / source, files.raw, files.quarantine):
            shutil.rmtree(path, ignore_errors=True)

    def deliver(self, name: str, day: int, rows: list[Record], kind: str) -> None:
        """Deliver a file and load it."""
        source, _ = self.tables[name]
        file = f"{name}/2026-11-{day:02}{kind}.json" if day else f"{name}.json"
        path = self.landing / source / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(rows), encoding="utf-8")
        batches = find_batches(self.landing)[0][source, name]
        TableLoader(TableFiles(source, name, self.settings)).load(batches)

    def of_the_guard(self, name: str) -> set[int]:
        """The keys that the ingest takes for alive, as hashes."""
        source, _ = self.tables[name]
        return set(alive_keys(known_keys(TableFiles(source, name, self.settings))))

    def of_the_models(self, name: str) -> set[int]:
        """The keys of the rows in staging, as hashes."""
        write_batches(self.settings)
        source, _ = self.tables[name]
        if not list(self.settings.raw_dir.joinpath(source, name).glob("*.parquet")):
            return set()  # a required table without delivery stops every refresh
        self.open_sources("ingest", "quarantine", source)
        # Through a view: `sql` parses the whole text in Python first.
        model = self.compiled[f"stg_{source}__{name}"]
        self.connection.execute(f"create or replace temp view alive as {model}")
        rows = self.connection.table("alive").pl()
        table = RAW_TABLES[source, name]
        key = rows.rename({"company_id": "id"}) if "id" in table.key() else rows
        assert rows.height == key.select(pl.struct(table.key_values()).n_unique()).item()
        return set(key_hashes(table, key))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Staging models, compiled."""
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.mark.parametrize("name", SPELLINGS)
def test_the_guard_and_the_models_agree_on_which_keys_are_alive(keys: Keys, name: str) -> None:
    spellings, valid, broken = SPELLINGS[name]
    for seed in SEEDS:
        rng = random.Random(seed)  # noqa: S311 - not a secret
        keys.start_over(name)
        for _ in range(DELIVERIES):
            records = [
                rng.choice(spellings[:-1]) | rng.choice([valid, valid, broken])
                for _ in range(rng.randint(0, 6))
            ]
            if rng.random() < 0.2:
                records.append(spellings[-1] | valid)  # a key that cannot be read
            day = rng.randint(0, 9)  # 0 for the table's one file
            keys.deliver(name, day, records, rng.choice([".full", ".full", "", ".deleted"]))
            alive = keys.of_the_guard(name)
            assert alive == keys.of_the_models(name), f"seed {seed}"
