"""Tell people about a refresh: one JSON POST, without row contents and without secrets."""

import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import dagster as dg

from orchestration.published import current_generation
from orchestration.settings import SettingError, Settings, read_settings

ALERTED = "psa/alerted"  # tag of a run that has told so itself
TRIES = 3
PAUSE_SECONDS = 2.0
TIMEOUT_SECONDS = 10
REMOVALS = "removals"  # the check whose warnings are worth waking somebody

# What an error of the machine says, and what it means; the first that fits.
PLAIN_WORDS = (
    (r"No space left|Errno 28|disk is full|database or disk is full", "the disk is full"),
    (r"Read-only file system|Errno 30|readonly database", "the disk is read-only"),
    (r"Permission denied|Errno 13", "a file may not be read or written by this user"),
    (r"Input/output error|Errno 5\b|disk I/O error", "the disk does not answer"),
    (r"malformed|not a database", "a database of Dagster's history is damaged"),
    (r"Cannot allocate memory|Errno 12|Out of Memory|MemoryError", "the memory is full"),
    (r"another machine has|changed by another machine", "another machine was faster"),
    (r"PSA_DATA_URL: .* (cannot be reached|no bucket|refuses)|no credentials",
     "object storage does not answer, or refuses"),
    (r"could not connect|connection refused|could not translate host|server closed the connection",
     "a database server does not answer"),
)  # fmt: skip


def alert(settings: Settings, run: dg.DagsterRun, events: Sequence[dg.DagsterEvent]) -> str | None:
    """Report a failed run to the webhook, if there is one.

    Args:
        settings: where to.
        run: the run that failed.
        events: what happened in it.

    Returns:
        What went wrong with reporting, for the log; None when nothing did.
    """
    return _send(settings, message(settings, run, events))


def alert_stopped(settings: Settings, job: str, reason: str, run_id: str = "") -> str | None:
    """Report that a refresh has ended before Dagster could write down how; as `alert`.

    Args:
        settings: where to.
        job: what should have run.
        reason: why it did not, in words without row contents and secrets.
        run_id: its run, if there was one.
    """
    return _send(settings, _told(settings, job, run_id, reason, tables=[], warnings=[]))


def alert_mistaken_setting(job: str, error: str) -> None:
    """Report that a refresh has not begun, if the setting of the webhook can be read at least."""
    name = error.partition(":")[0]  # what follows may hold its value
    reason = plain_words(error) or f"the setting {name} cannot be used"
    for kept in (("PSA_ALERT_WEBHOOK", "PSA_UI_URL", "PSA_DATA_DIR"), ("PSA_ALERT_WEBHOOK",)):
        known = {setting: os.environ[setting] for setting in kept if setting in os.environ}
        with suppress(SettingError):
            alert_stopped(read_settings(known), job, reason)
            return


def alert_warnings(
    settings: Settings, run: dg.DagsterRun, events: Sequence[dg.DagsterEvent]
) -> str | None:
    """Report what a run that went well has warned of, where that cannot wait; as `alert`."""
    warnings = _removals(events)
    if not warnings:
        return None
    told = _told(settings, run.job_name, run.run_id, "", tables=[], warnings=warnings)
    return _send(settings, told)


def message(
    settings: Settings, run: dg.DagsterRun, events: Sequence[dg.DagsterEvent]
) -> dict[str, Any]:
    """Say which run failed, at which tables, for which reason, and what readers have now.

    Names of checks, tables and errors only: what else checks and errors say may quote rows.
    """
    tables, reasons = [], []
    told_steps = set()  # their failed checks say why
    for event in events:
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR:
                table = "/".join(check.asset_key.path)
                tables.append(table)
                reasons.append(f"check {check.check_name} of {table} failed")
                told_steps.add(event.step_key)
        elif event.event_type_value == "STEP_FAILURE":
            error = event.step_failure_data.error
            error = (error.cause or error) if error else None
            kind = error.cls_name if error else None
            if kind in ("DagsterAssetCheckFailedError", "Failure") and event.step_key in told_steps:
                continue
            words = plain_words(error.message) if error else None
            reasons.append(f"step {event.step_key} failed ({words or kind or 'failure'})")
    reason = "; ".join(dict.fromkeys(reasons)) or "the run ended outside of its steps"
    return _told(settings, run.job_name, run.run_id, reason, tables, _removals(events))


def plain_words(error: str) -> str | None:
    """What an error of the machine means; None when it is none."""
    found = (words for pattern, words in PLAIN_WORDS if re.search(pattern, error, re.IGNORECASE))
    return next(found, None)


def published_by(settings: Settings, run_id: str) -> tuple[bool, str | None]:
    """Whether readers open what this run has made, and the generation that they open."""
    try:
        current = current_generation(settings)
    except (OSError, ValueError):
        return False, None
    if current is None:
        return False, None
    made_by = (current.manifest or {}).get("run_id")
    return bool(run_id) and made_by == run_id, current.folder.name


def _removals(events: Sequence[dg.DagsterEvent]) -> list[str]:
    """What deliveries took away (LND-15); names files and counts, and no row."""
    checks = (
        event.asset_check_evaluation_data
        for event in events
        if event.event_type_value == "ASSET_CHECK_EVALUATION"
    )
    return [
        line
        for check in checks
        if check.check_name == REMOVALS and not check.passed and check.description
        for line in check.description.splitlines()
    ]


def _told(
    settings: Settings,
    job: str,
    run_id: str,
    reason: str,
    tables: Sequence[str],
    warnings: Sequence[str],
) -> dict[str, Any]:
    is_published, current = published_by(settings, run_id)
    link = f"{settings.ui_url.rstrip('/')}/runs/{run_id}" if run_id else None
    if not reason:
        readers = ""
    elif is_published:
        readers = f" {current} was published nevertheless."
    elif current:
        readers = f" Nothing was published; readers keep {current}."
    else:
        readers = " Nothing was published yet."
    head = f"{job} failed: {reason}.{readers}" if reason else f"{job} warns:"
    return {
        "text": " ".join(filter(None, [head, *warnings, link])),
        "severity": "error" if reason else "warning",
        "run": run_id or None,
        "job": job,
        "table": ", ".join(dict.fromkeys(tables)) or None,
        "reason": reason or None,
        "warnings": list(warnings),
        "published": is_published,
        "current": current,
        "link": link,
    }


def _send(settings: Settings, content: dict[str, Any]) -> str | None:
    if settings.alert_webhook is None:
        return None
    return _post(settings.alert_webhook, content)


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
