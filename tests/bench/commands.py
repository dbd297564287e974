"""The processes that are measured: refreshes, and what they compare with."""

import sys
from datetime import date
from pathlib import Path

from orchestration.settings import ROOT, SAMPLE_AS_OF_DATE
from tests.bench.measure import Cost, measure

PYTHON = sys.executable


def generate(landing: Path, scale: int, file_format: str) -> Cost:
    """Write an extract."""
    command = [PYTHON, "-m", "data.generator", "--out", str(landing)]
    return measure([*command, "--scale", str(scale), "--format", file_format])


def refresh(landing: Path, data: Path, as_of: date = SAMPLE_AS_OF_DATE, *arguments: str) -> Cost:
    """Refresh as `make run` does."""
    return measure(
        [PYTHON, "-m", "orchestration.cli", "run", *arguments],
        PSA_LANDING_DIR=str(landing),
        PSA_DATA_DIR=str(data),
        PSA_AS_OF_DATE=as_of.isoformat(),
        PSA_KEEP_GENERATIONS="1",
    )


BUILD = ("build", "--exclude-resource-type", "unit_test")


def dbt_build(landing: Path, data: Path, target: Path, *command: str) -> Cost:
    """Build and test all models of a data folder as a refresh does, or another command of dbt."""
    project = str(ROOT / "dbt_project")
    dbt = [PYTHON, "-m", "orchestration.cli", "exec", str(Path(PYTHON).with_name("dbt")), "--quiet"]
    dbt += command or BUILD
    return measure(
        [
            *dbt,
            *("--project-dir", project, "--profiles-dir", project),
            *("--target-path", str(target), "--log-path", str(target)),
        ],
        PSA_LANDING_DIR=str(landing),
        PSA_DATA_DIR=str(data),
        PSA_AS_OF_DATE=SAMPLE_AS_OF_DATE.isoformat(),
    )


def floor(landing: Path, database: Path) -> Cost:
    """Run the hand-written script into a new database."""
    as_of = SAMPLE_AS_OF_DATE.isoformat()
    return measure([PYTHON, "-m", "tests.bench.floor", str(landing), str(database), as_of])


def limit(landing: Path, published: Path, copy: Path) -> Cost:
    """Read all that is delivered and write as much as is published; prints both in bytes."""
    return measure([PYTHON, "-m", "tests.bench.limit", str(landing), str(published), str(copy)])


def plain(library: str, landing: Path) -> Cost:
    """Resolve the POs by a plain script of `polars` or `pandas`, which prints the figures."""
    return measure([PYTHON, "-m", f"tests.bench.naive_{library}", str(landing)])


def load_charges(landing: Path, data: Path) -> Cost:
    """Load the charges alone; prints their number and the seconds of that work."""
    return measure([PYTHON, "-m", "tests.bench.charges", str(landing), str(data)])
