"""Marts as ingest and dbt make them: half a refresh, where the rest of it is not the point.

No page is drawn and nothing published.
"""

from datetime import date
from pathlib import Path

import duckdb

from orchestration.build.failures import explain
from orchestration.ingest.assets import write_batches
from orchestration.ingest.landing import find_batches
from orchestration.ingest.load import TableLoader
from orchestration.ingest.raw_store import TableFiles
from orchestration.settings import Settings, read_settings
from orchestration.warehouse import MARTS
from schemas import RAW_TABLES
from tests.conftest import dbt


def take_in(settings: Settings) -> None:
    """Load what lies in the landing folder, as a refresh does."""
    settings.prepare_data_dir()
    found, _ = find_batches(settings.landing_dir)
    for source, name in RAW_TABLES:
        load = TableLoader(TableFiles(source, name, settings)).load(found[source, name])
        assert load.refusals == []
    write_batches(settings)


class Built:
    """The marts of a landing folder, as the last `build` has left them."""

    def __init__(self, landing: Path, data_dir: Path, as_of_date: date) -> None:
        """Nothing is built yet."""
        folders = {"PSA_LANDING_DIR": str(landing), "PSA_DATA_DIR": str(data_dir)}
        self._settings = read_settings(folders)
        self._as_of_date = as_of_date
        self.target = data_dir / "target"

    def take_in(self) -> None:
        """Load what lies in the landing folder."""
        take_in(self._settings)

    def build(self, *options: str, without: tuple[str, ...] = ("test", "unit_test")) -> None:
        """Load what lies in the landing folder, and build all models from all rows."""
        self.take_in()
        code, log = self._dbt("--quiet", "build", "--exclude-resource-type", *without, *options)
        assert code == 0, log

    def failures(self, test: str) -> str:
        """Load, run one data test with what it needs, and return what a refresh would say of it."""
        self.take_in()
        (self.target / "run_results.json").unlink(missing_ok=True)
        only = ("--select", f"+{test}", "--indirect-selection", "empty")
        code, log = self._dbt("--quiet", "build", "--exclude-resource-type", "unit_test", *only)
        said = explain(self.target, self._settings, "error", "fail", "runtime error")
        assert bool(said) == bool(code), log
        return said

    def _dbt(self, *arguments: str) -> tuple[int, str]:
        variables = self._settings.environment(self._as_of_date)
        return dbt(self._settings.data_dir, self.target, *arguments, **variables)

    def marts(self) -> duckdb.DuckDBPyConnection:
        """Open the marts."""
        return duckdb.connect(self._settings.warehouse_dir / MARTS, read_only=True)
