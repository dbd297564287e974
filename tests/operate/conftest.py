"""Fixtures of operating: a webhook that takes alerts."""

from collections.abc import Iterator

import pytest

from orchestration.operate import alerts
from tests.operate.webhooks import Webhook, open_webhook


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    """A webhook; alerts of this process are tried again at once."""
    monkeypatch.setattr(alerts, "PAUSE_SECONDS", 0)
    with open_webhook() as hook:
        yield hook
