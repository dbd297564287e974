"""Nights that go wrong: what the person on call sees, and that the documented steps mend it."""

from decimal import Decimal
from pathlib import Path

from tests.operate.nights import (
    CHARGES,
    END,
    FAULTS,
    LAST_AMOUNT,
    PAGE,
    START,
    Fault,
    Night,
    first_night,
    table,
)
from tests.operate.webhooks import Webhook


def test_a_fault_is_told_at_the_prompt_by_alert_and_by_doctor_and_the_remedy_mends_it(
    tmp_path: Path, webhook: Webhook
) -> None:
    """VAL-4, LND-15, PUB-3, PUB-4, MRT-30."""
    night = first_night(tmp_path)
    night.webhook = webhook.address
    mended: list[str] = []  # what stopped the refreshes before
    for fault in FAULTS:
        variables = fault.breaks(night)
        _refresh_is_told(night, fault, variables, webhook, mended)
        _doctor_finds(night, fault, variables)
        if fault.mends:
            fault.mends(night)
        if fault.exit_code:
            mended.append(fault.prompt)
    webhook.received.clear()
    last = night.refresh()
    assert last.exit_code == 0, last.output + last.errors
    assert webhook.received == []
    with last.marts() as marts:
        total = "select count(*), sum(billable_amount) from marts.fct_charges_po_resolved"
        assert marts.execute(total).fetchall() == [(CHARGES, CHARGES * Decimal(LAST_AMOUNT))]


def _refresh_is_told(
    night: Night, fault: Fault, variables: dict[str, str], webhook: Webhook, mended: list[str]
) -> None:
    webhook.received.clear()
    current = (night.data_dir / "marts/current").resolve()
    code, output, errors = night.type(*fault.command, **variables)
    said = f"{fault.title}: {output}{errors}"
    assert code == fault.exit_code, said
    assert fault.prompt in said, said
    assert "Traceback" not in said
    assert not [earlier for earlier in mended if earlier in errors], said
    if code:
        assert (night.data_dir / "marts/current").resolve() == current
    alerts = [alert["text"] for alert in webhook.received]
    assert [fault.alert in text for text in alerts if fault.alert] == [True] * bool(fault.alert)
    assert len(alerts) == bool(fault.alert), alerts
    for alert in webhook.received:
        assert alert["severity"] == ("error" if code else "warning")
        assert alert["current"] == (night.data_dir / "marts/current").resolve().name
        assert alert["published"] is (code == 0)


def _doctor_finds(night: Night, fault: Fault, variables: dict[str, str]) -> None:
    _, found, findings = night.look("doctor", **variables)
    problems = [line for line in (found + findings).splitlines() if not line.startswith("ok ")]
    if fault.doctor:
        assert any(fault.doctor in line for line in problems), f"{fault.title}: {found}"


def test_the_page_on_operations_has_the_table_of_faults() -> None:
    text = PAGE.read_text(encoding="utf-8")
    written = text.split(START)[1].split(END)[0].strip()
    assert written == table(), "run python -m tests.operate.nights"
