"""What is seen of a refresh at the prompt: lines, and a bar where there is a terminal."""

import io
import logging
from types import SimpleNamespace

import pytest
from rich.console import Console

from orchestration.operate.watch import Watch
from orchestration.progress import advance


def event(kind: str, **facts: object) -> logging.LogRecord:
    """The record of an event of the step `autotask__charges`."""
    record = logging.makeLogRecord({"msg": kind})
    record.dagster_event = SimpleNamespace(
        event_type_value=kind, step_key="autotask__charges", **facts
    )
    return record


SUCCESS = {"step_success_data": SimpleNamespace(duration_ms=1_250)}


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_step_that_has_ended_is_one_line(is_terminal: bool) -> None:
    seen = io.StringIO()
    with Watch(Console(file=seen, force_terminal=is_terminal, width=80)) as watch:
        watch.emit(event("STEP_START"))
        advance(10, "rows")
        watch.emit(event("STEP_SUCCESS", **SUCCESS))
        watch.emit(event("STEP_START"))
        watch.emit(event("STEP_FAILURE"))
    assert "  autotask__charges                           1.2 s\n" in seen.getvalue()
    assert "  autotask__charges                        failed\n" in seen.getvalue()
    if not is_terminal:
        assert len(seen.getvalue().splitlines()) == 2


def test_the_bar_shows_rows_done_of_those_expected_and_their_rate() -> None:
    seen = io.StringIO()
    with Watch(Console(file=seen, force_terminal=True, width=100)) as watch:
        advance(99, "rows")  # of no step
        watch.emit(event("STEP_START"))
        for rows in (1_000, 500):  # of two files
            advance(0, "rows", expected=rows)
            advance(rows // 2, "rows")
        watch._bars.refresh()
        (task,) = watch._bars.tasks
        assert (task.completed, task.total) == (750, 1_500)
    assert "750 rows" in seen.getvalue()


def test_without_a_watch_progress_is_told_to_nobody() -> None:
    advance(10, "rows")


def test_text_in_brackets_is_shown_as_it_is() -> None:
    seen = io.StringIO()
    with Watch(Console(file=seen, width=80)) as watch:
        record = logging.makeLogRecord({"levelno": logging.WARNING})
        record.dagster_meta = {"orig_message": "charges[1].csv: [bold]left alone[/bold]"}
        watch.emit(record)
    assert seen.getvalue() == "  warning: charges[1].csv: [bold]left alone[/bold]\n"
