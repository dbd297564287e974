"""Tell people about a failed refresh: one JSON POST, without row contents and without secrets."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

import dagster as dg

from orchestration.settings import Settings

ALERTED = "psa/alerted"
TRIES = 3
PAUSE_SECONDS = 2.0
TIMEOUT_SECONDS = 10


def alert(settings: Settings, run: dg.DagsterRun, events: Sequence[dg.DagsterEvent]) -> str | None:
    """Report a failed run to the webhook, if there is one.

    Args:
        settings: where to.
        run: the run that failed.
        events: what happened in it.

    Returns:
        What went wrong with reporting, for the log; None when nothing did.
    """
    if settings.alert_webhook is None:
        return None
    return _post(settings.alert_webhook, message(settings, run, events))


def message(
    settings: Settings, run: dg.DagsterRun, events: Sequence[dg.DagsterEvent]
) -> dict[str, Any]:
    """Say which run failed, at which tables, for which reason.

    Names of checks, tables and errors only: what else checks and errors say may quote rows.
    """
    tables, reasons = [], []
    for event in events:
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR:
                table = "/".join(check.asset_key.path)
                tables.append(table)
                reasons.append(f"check {check.check_name} of {table} failed")
        elif event.event_type_value == "STEP_FAILURE":
            error = event.step_failure_data.error
            kind = (error.cause or error).cls_name if error else "failure"
            reasons.append(f"step {event.step_key} failed ({kind})")
    reason = "; ".join(dict.fromkeys(reasons)) or "the run ended outside of its steps"
    link = f"{settings.ui_url.rstrip('/')}/runs/{run.run_id}"
    return {
        "text": f"{run.job_name} failed: {reason}. {link}",
        "run": run.run_id,
        "job": run.job_name,
        "table": ", ".join(dict.fromkeys(tables)) or None,
        "reason": reason,
        "link": link,
    }


def _post(address: str, content: dict[str, Any]) -> str | None:
    request = urllib.request.Request(  # noqa: S310 - the setting allows http and https only
        address,
        data=json.dumps(content).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "po-billing"},
        method="POST",
    )
    problem = ""
    for attempt in range(TRIES):
        time.sleep(PAUSE_SECONDS * attempt)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310
                return None
        except urllib.error.HTTPError as error:
            problem = f"it answers {error.code}"
        except (OSError, ValueError) as error:  # the message may hold the address
            problem = type(error).__name__
    return f"PSA_ALERT_WEBHOOK: the alert could not be delivered in {TRIES} tries: {problem}"
