"""The marts against a slow second implementation of the rules, on the sample and on odd worlds."""

import random
from pathlib import Path

import pytest

from orchestration.settings import SAMPLE_AS_OF_DATE, SAMPLE_DIR
from tests import reference, worlds
from tests.conftest import Refresh, refresh

# Each landing folder holds many small worlds in id ranges of their own, so that one refresh judges
# them all; what all worlds of a folder share differs from case to case.
CASES: dict[str, tuple[int, dict[str, bool | None]]] = {
    "labour invoiced": (1, {"labor_invoiced": True, "with_tickets": True}),
    "labour never invoiced": (2, {"labor_invoiced": False, "with_tickets": True}),
    "no tickets delivered": (3, {"labor_invoiced": True, "with_tickets": False}),
    "as it comes": (4, {}),
}
WORLDS = 60


def test_the_sample_equals_the_reference(sample: Refresh) -> None:
    expected = reference.compute(SAMPLE_DIR, SAMPLE_AS_OF_DATE)
    with sample.marts() as marts:
        assert reference.compare(expected, marts) == []


@pytest.mark.parametrize("case", CASES)
def test_odd_worlds_equal_the_reference(case: str, tmp_path: Path) -> None:
    seed, shape = CASES[case]
    landing = tmp_path / "landing"
    worlds.write_worlds(random.Random(seed), landing, WORLDS, **shape)  # noqa: S311 - not a secret
    expected = reference.compute(landing, worlds.AS_OF_DATE)
    ended = refresh(landing, tmp_path / "data", PSA_AS_OF_DATE=worlds.AS_OF_DATE.isoformat())
    assert ended.exit_code == 0, ended.output + ended.errors
    with ended.marts() as marts:
        assert reference.compare(expected, marts) == []
