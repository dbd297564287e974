"""Fixtures: a refresh as its users start one, and the published sample."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import ROOT, SAMPLE_DIR


@dataclass(frozen=True)
class Refresh:
    """A refresh that has ended.

    Attributes:
        data_dir: what it wrote to.
        exit_code: 0 when a generation was published.
        output: what it printed.
        errors: what it printed as errors.
    """

    data_dir: Path
    exit_code: int
    output: str
    errors: str

    @property
    def generations(self) -> list[str]:
        """Names of the published generations, oldest first."""
        return sorted(path.name for path in self.data_dir.glob("marts/generations/*"))

    def marts(self) -> duckdb.DuckDBPyConnection:
        """Open the published marts as a BI tool would."""
        return duckdb.connect(self.data_dir / "marts/current/psa_marts.duckdb", read_only=True)


def python(*arguments: str, root: Path = ROOT, **variables: str) -> tuple[int, str, str]:
    """Run Python in the project under settings of its own; returns exit code, output, errors."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PSA_")}
    ended = subprocess.run(  # noqa: S603 - our own modules
        [sys.executable, *arguments],
        cwd=root,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


def refresh(landing: Path, data_dir: Path, root: Path = ROOT, **variables: str) -> Refresh:
    """Refresh from a landing folder into a data folder, as `make run` does."""
    folders = {"PSA_LANDING_DIR": str(landing), "PSA_DATA_DIR": str(data_dir)}
    return Refresh(data_dir, *python("-m", "orchestration.run", root=root, **(folders | variables)))


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Refresh:
    """The published sample, in a folder whose name has a space and a quote."""
    ended = refresh(SAMPLE_DIR, tmp_path_factory.mktemp("the sample's data"))
    assert ended.exit_code == 0, ended.output + ended.errors
    return ended
