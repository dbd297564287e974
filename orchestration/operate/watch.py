"""What people see of a refresh at the prompt: a line a step, and a bar for the one at work."""

import logging
from types import TracebackType
from typing import Self

import dagster as dg
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from orchestration.progress import shown_by


class Watch(logging.Handler):
    """Follows a run by its log: warnings, ended steps, and how far the current step has come.

    The bar needs a terminal. Elsewhere there are only lines, the same ones.
    """

    def __init__(self, console: Console) -> None:
        """Say where to show it."""
        super().__init__()
        self._console = console
        self._bars = Progress(
            TextColumn("  {task.description:<40}"),
            BarColumn(bar_width=10),
            TextColumn("{task.fields[said]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._step: TaskID | None = None
        self._listening = shown_by(self.advance)

    def __enter__(self) -> Self:
        """Begin to show progress."""
        self._listening.__enter__()
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take the bar away; the lines stay."""
        self._bars.stop()
        self._listening.__exit__(kind, error, traceback)

    def logger(self) -> dg.LoggerDefinition:
        """The logger that a run must be given to be followed."""

        @dg.logger
        def progress(_: dg.InitLoggerContext) -> logging.Logger:
            logger = logging.Logger("progress")
            logger.addHandler(self)
            return logger

        return progress

    def emit(self, record: logging.LogRecord) -> None:
        """Show what a record of the run says, if it is for people."""
        event: dg.DagsterEvent | None = getattr(record, "dagster_event", None)
        if event is None:
            if record.levelno == logging.WARNING:
                words = record.dagster_meta["orig_message"]  # type: ignore[attr-defined]
                for line in words.splitlines():  # rows that a warning shows are indented
                    self._print(f"  {line}" if line.startswith(" ") else f"  warning: {line}")
        elif event.event_type_value == "STEP_START":
            self._step = self._bars.add_task(str(event.step_key), total=None, said="")
        elif event.event_type_value == "STEP_SUCCESS":
            seconds = event.step_success_data.duration_ms / 1000
            self._ended(f"  {event.step_key:<40}{seconds:7.1f} s")
        elif event.event_type_value == "STEP_FAILURE":
            self._ended(f"  {event.step_key:<40} failed")

    def advance(self, done: int, unit: str, expected: int) -> None:
        """Show that the current step has done so many more, and has so many more to do."""
        if self._step is None:
            return
        task = self._bars.tasks[self._bars.task_ids.index(self._step)]
        total = (task.total or 0) + expected or None
        self._bars.update(self._step, advance=done, total=total)
        rate = f", {task.speed:,.0f}/s" if task.speed else ""
        self._bars.update(self._step, said=f"{task.completed:,.0f} {unit}{rate}")

    def _ended(self, line: str) -> None:
        if self._step is not None:
            self._bars.remove_task(self._step)
            self._step = None
        self._print(line)

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)
        self._console.file.flush()
