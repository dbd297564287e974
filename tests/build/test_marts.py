"""The marts against the oracle, on the sample and on odd worlds."""

import json
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from orchestration.settings import ROOT, SAMPLE_AS_OF_DATE, SAMPLE_DIR
from tests import oracle
from tests.conftest import Refresh, python, refresh
from tests.oracle.corners import CORNERS
from tests.oracle.counting import count_corners
from tests.scenarios import AS_OF_DATE, worlds
from tests.serve import figures

# Each landing folder holds many small worlds in id ranges of their own, so that one refresh judges
# them all; what all worlds of a folder share differs from folder to folder.
WORLDS = 60
EVERYTHING = (
    5,
    {
        "labor_invoiced": True,
        "with_tickets": True,
        "with_claims": True,
        "with_kinds": True,
        "with_charges": True,
        "with_posted": True,
    },
)
SWITCHES = (
    *("labor_invoiced", "with_tickets", "with_claims"),
    *("with_kinds", "with_charges", "with_posted"),
)
SILENT = (
    6,
    {
        "labor_invoiced": False,
        "with_tickets": True,
        "with_claims": False,
        "with_kinds": False,
        "with_posted": False,
    },
)


@dataclass(frozen=True)
class Folder:
    """A landing folder of worlds, what it should give, and what the pipeline made of it."""

    landing: Path
    ended: Refresh

    def differences(self) -> list[str]:
        """Where the published marts are not what the oracle says, or metrics not what marts say."""
        expected = oracle.compute(self.landing, AS_OF_DATE)
        definitions = self.ended.data_dir / "marts" / "current" / "semantic_manifest.json"
        with self.ended.marts() as marts:
            return [*oracle.compare(expected, marts), *figures.differences(marts, definitions)]


def refreshed(folder: Path, seed: int, **shape: bool) -> Folder:
    """Write worlds and refresh from them."""
    landing = folder / "landing"
    worlds.write_worlds(random.Random(seed), landing, WORLDS, **shape)  # noqa: S311 - not a secret
    ended = refresh(landing, folder / "data", PSA_AS_OF_DATE=AS_OF_DATE.isoformat())
    assert ended.exit_code == 0, ended.output + ended.errors
    return Folder(landing, ended)


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Worlds that do not say which labour is invoiced, nor which charge bills a milestone."""
    seed, shape = SILENT
    return refreshed(tmp_path_factory.mktemp("silent"), seed, **shape)


def test_the_sample_equals_the_reference(sample: Refresh) -> None:
    expected = oracle.compute(SAMPLE_DIR, SAMPLE_AS_OF_DATE)
    with sample.marts() as marts:
        assert oracle.compare(expected, marts) == []


def test_worlds_without_invoiced_labour_and_claims_equal_the_reference(silent: Folder) -> None:
    assert silent.differences() == []


# One example is a folder of many worlds and takes as long as a refresh; a smaller one would be no
# quicker, and the differences name the ids: so nothing is shrunk.
@settings(
    max_examples=2,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
)
@example(seed=EVERYTHING[0], shape=EVERYTHING[1])
@given(
    seed=st.integers(min_value=0, max_value=2**32),
    shape=st.fixed_dictionaries({}, optional=dict.fromkeys(SWITCHES, st.booleans())),
)
def test_any_worlds_equal_the_reference(
    tmp_path_factory: pytest.TempPathFactory, seed: int, shape: dict[str, bool]
) -> None:
    """MRT-4, MET-1."""
    folder = refreshed(tmp_path_factory.mktemp("any"), seed, **shape)
    assert folder.differences() == [], f"seed {seed}, {shape}"


def test_other_vars_equal_the_reference(silent: Folder, tmp_path: Path) -> None:
    dbt_vars = {
        "labor_invoice_tracking": "on",
        "milestone_allocation_tracking": "on",
        "po_precedence": ["contract", "task", "charge"],
        "near_limit_pct": 50,
    }
    project = str(ROOT / "dbt_project")
    code, output, errors = python(
        *("-m", "orchestration.cli", "exec", str(ROOT / ".venv/bin/dbt"), "run"),
        *("--project-dir", project, "--profiles-dir", project),
        *("--target-path", str(tmp_path), "--log-path", str(tmp_path)),
        *("--vars", json.dumps(dbt_vars)),
        PSA_LANDING_DIR=str(silent.landing),
        PSA_DATA_DIR=str(silent.ended.data_dir),
        PSA_AS_OF_DATE=AS_OF_DATE.isoformat(),
    )
    assert code == 0, output + errors
    expected = oracle.compute(
        silent.landing,
        AS_OF_DATE,
        labor_tracking=dbt_vars["labor_invoice_tracking"],
        milestone_allocation_tracking=dbt_vars["milestone_allocation_tracking"],
        precedence=dbt_vars["po_precedence"],
        near_limit_pct=dbt_vars["near_limit_pct"],
    )
    built = silent.ended.data_dir / "warehouse/psa_marts.duckdb"
    with duckdb.connect(built, read_only=True) as marts:
        assert oracle.compare(expected, marts) == []


def test_the_worlds_reach_every_corner(tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    for seed, shape in (EVERYTHING, SILENT):
        landing = tmp_path / str(seed)
        worlds.write_worlds(random.Random(seed), landing, WORLDS, **shape)  # noqa: S311
        state = oracle.load(landing, AS_OF_DATE)
        counts += count_corners(state, oracle.compute_from(state))
    assert [corner for corner in CORNERS if counts[corner] == 0] == []
