"""Nights that go wrong: what the person on call sees, and that the documented steps mend it."""

import shutil
from pathlib import Path

import pytest

from tests.operate.nights import END, FAULTS, PAGE, START, Fault, Night, first_night, table
from tests.operate.webhooks import Webhook


@pytest.fixture(scope="module")
def good_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small tenant whose first night went well."""
    return first_night(tmp_path_factory.mktemp("night")).root


@pytest.fixture
def night(good_night: Path, tmp_path: Path, webhook: Webhook) -> Night:
    """The same, in a folder of its own."""
    shutil.copytree(good_night, tmp_path / "night", symlinks=True)
    (tmp_path / "night/data/landing_dir.txt").unlink()
    return Night(tmp_path / "night", webhook.address)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.title)
def test_a_fault_is_told_at_the_prompt_by_alert_and_by_doctor_and_the_remedy_mends_it(
    fault: Fault, night: Night, webhook: Webhook
) -> None:
    """VAL-4, LND-15, PUB-3, PUB-4, MRT-30."""
    variables = fault.breaks(night)
    webhook.received.clear()
    current = (night.data_dir / "marts/current").resolve()
    code, output, errors = night.type(*fault.command, **variables)
    said = output + errors
    assert code == fault.exit_code, said
    assert fault.prompt in said, said
    assert "Traceback" not in said
    if code:
        assert (night.data_dir / "marts/current").resolve() == current
    alerts = [alert["text"] for alert in webhook.received]
    assert [fault.alert in text for text in alerts if fault.alert] == [True] * bool(fault.alert)
    assert len(alerts) == bool(fault.alert)
    for alert in webhook.received:
        assert alert["severity"] == ("error" if code else "warning")
        assert alert["current"] == (night.data_dir / "marts/current").resolve().name
        assert alert["published"] is (code == 0)

    _, found, findings = night.type("doctor", **variables)
    problems = [line for line in (found + findings).splitlines() if not line.startswith("ok ")]
    if fault.doctor:
        assert any(fault.doctor in line for line in problems), found

    if fault.mends is None:  # the next refresh is an undisturbed one
        return
    fault.mends(night)
    webhook.received.clear()
    code, output, errors = night.type(*fault.command)
    assert code == 0, output + errors
    assert webhook.received == []


def test_the_page_on_operations_has_the_table_of_faults() -> None:
    text = PAGE.read_text(encoding="utf-8")
    written = text.split(START)[1].split(END)[0].strip()
    assert written == table(), "run python -m tests.operate.nights"
