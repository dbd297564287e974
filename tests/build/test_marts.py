"""The marts against the oracle, on the sample and on odd worlds."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from orchestration.build.assets import DEFINITIONS
from orchestration.settings import SAMPLE_AS_OF_DATE, SAMPLE_DIR
from tests import oracle
from tests.built import Built
from tests.conftest import Refresh, refresh
from tests.oracle.corners import CORNERS
from tests.oracle.counting import count_corners
from tests.scenarios import AS_OF_DATE, worlds
from tests.serve import figures

# Each landing folder holds many small worlds in id ranges of their own, so that one build judges
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


def written(folder: Path, seed: int, **shape: bool) -> Path:
    """Write worlds; returns their landing folder."""
    landing = folder / "landing"
    worlds.write_worlds(random.Random(seed), landing, WORLDS, **shape)  # noqa: S311 - not a secret
    return landing


def differences(landing: Path, made: Refresh | Built, definitions: Path) -> list[str]:
    """Where marts are not what the oracle says, or metrics not what marts say."""
    expected = oracle.compute(landing, AS_OF_DATE)
    with made.marts() as marts:
        return [*oracle.compare(expected, marts), *figures.differences(marts, definitions)]


def test_the_sample_equals_the_reference(sample: Refresh) -> None:
    expected = oracle.compute(SAMPLE_DIR, SAMPLE_AS_OF_DATE)
    with sample.marts() as marts:
        assert oracle.compare(expected, marts) == []


def test_a_refresh_of_odd_worlds_equals_the_reference(tmp_path: Path) -> None:
    """MRT-4, MET-1: and all data tests hold."""
    seed, shape = EVERYTHING
    landing = written(tmp_path, seed, **shape)
    ended = refresh(landing, tmp_path / "data", PSA_AS_OF_DATE=AS_OF_DATE.isoformat())
    assert ended.exit_code == 0, ended.output + ended.errors
    definitions = ended.data_dir / "marts/current" / DEFINITIONS
    assert differences(landing, ended, definitions) == []


# One example is a folder of many worlds and takes as long as a build; a smaller one would be no
# quicker, and the differences name the ids: so nothing is shrunk.
@settings(
    max_examples=2,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
)
@given(
    seed=st.integers(min_value=0, max_value=2**32),
    shape=st.fixed_dictionaries({}, optional=dict.fromkeys(SWITCHES, st.booleans())),
)
def test_any_worlds_equal_the_reference(
    tmp_path_factory: pytest.TempPathFactory, seed: int, shape: dict[str, bool]
) -> None:
    """MRT-4, MET-1."""
    folder = tmp_path_factory.mktemp("any")
    landing = written(folder, seed, **shape)
    built = Built(landing, folder / "data", AS_OF_DATE)
    built.build()
    found = differences(landing, built, built.target / DEFINITIONS)
    assert found == [], f"seed {seed}, {shape}"


def test_worlds_that_are_silent_on_labour_and_claims_equal_the_reference(tmp_path: Path) -> None:
    """With the vars as they are, where all data tests hold, and with others."""
    seed, shape = SILENT
    landing = written(tmp_path, seed, **shape)
    built = Built(landing, tmp_path / "data", AS_OF_DATE)
    built.build(without=("unit_test",))
    assert differences(landing, built, built.target / DEFINITIONS) == []
    dbt_vars = {
        "labor_invoice_tracking": "on",
        "milestone_allocation_tracking": "on",
        "po_precedence": ["contract", "task", "charge"],
        "near_limit_pct": 50,
    }
    built.build("--vars", json.dumps(dbt_vars))
    expected = oracle.compute(
        landing,
        AS_OF_DATE,
        labor_tracking=dbt_vars["labor_invoice_tracking"],
        milestone_allocation_tracking=dbt_vars["milestone_allocation_tracking"],
        precedence=dbt_vars["po_precedence"],
        near_limit_pct=dbt_vars["near_limit_pct"],
    )
    with built.marts() as marts:
        assert oracle.compare(expected, marts) == []


def test_the_worlds_reach_every_corner(tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    for seed, shape in (EVERYTHING, SILENT):
        landing = tmp_path / str(seed)
        worlds.write_worlds(random.Random(seed), landing, WORLDS, **shape)  # noqa: S311
        state = oracle.load(landing, AS_OF_DATE)
        counts += count_corners(state, oracle.compute_from(state))
    assert [corner for corner in CORNERS if counts[corner] == 0] == []
