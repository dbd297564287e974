"""The working process as those see it who ask: an answer, or why there is none, in time."""

import json
import os
import select
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.settings import ROOT


class RefusedError(ValueError):
    """There is no answer; the message says why, and what would have one."""


@dataclass(frozen=True)
class Found:
    """What a statement has found.

    Attributes:
        columns: their names.
        types: their types.
        rows: values as JSON has them.
        is_cut: whether rows or long texts were left out.
    """

    columns: list[str]
    types: list[str]
    rows: list[list[Any]]
    is_cut: bool


class Child:
    """A working process that is started when it is needed, and again when it had to be killed."""

    def __init__(self, seconds: float | None) -> None:
        """Nothing is started yet.

        Args:
            seconds: how long a statement may take; None for as long as it takes.
        """
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._one_at_a_time = threading.Lock()

    def start(self) -> None:
        """Start it before it is needed."""
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "orchestration.serve.worker"],
                cwd=ROOT,
                # No setting or secret of the parent is needed there.
                env={"PATH": os.defpath, "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )

    def run(
        self,
        database: Path,
        sql: str,
        parameters: dict[str, Any] | None = None,
        *,
        is_foreign: bool = False,
        rows: int | None = None,
        characters: int | None = None,
    ) -> Found:
        """Run a statement on a database of a generation.

        Args:
            database: where the marts are.
            sql: one statement.
            parameters: its values by name.
            is_foreign: whether it is somebody's own and has to be checked.
            rows: most rows that are told.
            characters: most characters of these.

        Raises:
            RefusedError: it may not run, it fails, or it needs more than it may have.
        """
        request = {
            "database": str(database),
            "sql": sql,
            "parameters": {
                name: {"date": value.isoformat()} if hasattr(value, "isoformat") else value
                for name, value in (parameters or {}).items()
            },
            "is_foreign": is_foreign,
            "rows": rows,
            "characters": characters,
        }
        with self._one_at_a_time:
            self.start()
            told = self._ask(json.dumps(request).encode() + b"\n")
            if told.get("exhausted"):
                # What is left of its memory may be too little for the next one.
                self.stop()
                self.start()
        if told.get("exhausted"):
            raise RefusedError(
                "This needs more than 2 GiB of memory. Filter first, aggregate, and join on keys."
            )
        for kind in ("refused", "failed"):
            if kind in told:
                raise RefusedError(str(told[kind]))
        return Found(told["columns"], told["types"], told["rows"], told["is_cut"])

    def stop(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _ask(self, request: bytes) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise RuntimeError("the working process was not started")
        deadline = None if self._seconds is None else time.monotonic() + self._seconds
        try:
            process.stdin.write(request)
            process.stdin.flush()
            line = self._line(process.stdout.fileno(), deadline)
        except BrokenPipeError:
            line = b""
        if line is None:
            self.stop()
            self.start()
            raise RefusedError(
                f"This takes more than {self._seconds:g} s and was ended. Filter first, aggregate, "
                "and join on keys."
            )
        if not line.endswith(b"\n"):
            if process.wait() > 0:
                raise RuntimeError("the working process has ended by a mistake of its own")
            return {"exhausted": True}  # killed or aborted, which only the limits do
        told: dict[str, Any] = json.loads(line)
        return told

    @staticmethod
    def _line(descriptor: int, deadline: float | None) -> bytes | None:
        """The answer; None when time is over, without its end when the process has died."""
        parts: list[bytes] = []
        while not parts or not parts[-1].endswith(b"\n"):
            patience = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([descriptor], [], [], patience)[0]:
                return None
            part = os.read(descriptor, 1 << 20)
            if not part:
                break
            parts.append(part)
        return b"".join(parts)
