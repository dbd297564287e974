"""Days of a tenant: what was delivered adds up to what the tenant has."""

import pytest

from tests.extract.conftest import Site
from tests.extract.faults import FAULTS
from tests.extract.server import Fault


@pytest.mark.parametrize("fault", FAULTS)
def test_days_add_up_to_what_the_tenant_has(
    site: Site, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EXT-5, EXT-6, EXT-8, EXT-9."""
    monkeypatch.setattr("orchestration.extract.connection.time.sleep", lambda _: None)
    trouble: Fault = FAULTS[fault]
    for day in range(3):
        site.tenant.fault = trouble
        site.extract()
        assert site.rows() == site.expected(), f"day {day}"
        site.load()
        site.world.live_on()
    assert max(call.at_once for call in site.tenant.calls) <= 3
