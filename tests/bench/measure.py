"""Run a process and say what it and all that it started cost. Linux only: it reads /proc."""

import os
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestration.settings import ROOT

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = resource.getpagesize()
SAMPLES_PER_SECOND = 5


@dataclass(frozen=True)
class Mark:
    """A line that the process printed, and what had been spent when it did."""

    line: str
    wall: float
    cpu: float


@dataclass(frozen=True)
class Cost:
    """A process that has ended.

    Attributes:
        command: how it was started.
        exit_code: 0 when all went well.
        errors: what it printed as errors.
        wall: seconds by the clock.
        cpu: seconds of processor time, of the process and all that it started.
        tree_bytes: the most that all of them held at once: the sum of their resident memory,
            sampled, so that memory they share counts for each.
        largest_bytes: the most that a single one of them ever held (ru_maxrss).
        marks: the lines that it printed.
    """

    command: tuple[str, ...]
    exit_code: int
    errors: str
    wall: float
    cpu: float
    tree_bytes: int
    largest_bytes: int
    marks: tuple[Mark, ...]

    @property
    def output(self) -> str:
        """What it printed."""
        return "".join(mark.line for mark in self.marks)


def measure(command: list[str], **variables: str) -> Cost:
    """Run a command in the project, under these settings and no others.

    A child's memory begins with that of its parent: who calls this must be small.
    """
    environment = {name: text for name, text in os.environ.items() if not name.startswith("PSA_")}
    started, marks, peak = time.perf_counter(), [], [0]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment | variables,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        ended = threading.Event()
        sampler = threading.Thread(target=_sample, args=(process.pid, ended, peak))
        sampler.start()
        assert process.stdout
        with process.stdout:
            for line in process.stdout:
                marks.append(Mark(line, time.perf_counter() - started, _cpu_seconds(process.pid)))
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        ended.set()
        sampler.join()
        errors.seek(0)
        return Cost(
            command=tuple(command),
            exit_code=process.returncode,
            errors=errors.read(),
            wall=wall,
            cpu=usage.ru_utime + usage.ru_stime,
            tree_bytes=max(peak[0], usage.ru_maxrss * 1024),  # a short process is never sampled
            largest_bytes=usage.ru_maxrss * 1024,
            marks=tuple(marks),
        )


def _sample(pid: int, ended: threading.Event, peak: list[int]) -> None:
    while not ended.wait(1 / SAMPLES_PER_SECOND):
        peak[0] = max(peak[0], sum(int(stat[21]) * PAGE for stat in _tree(pid)))


def _cpu_seconds(pid: int) -> float:
    """Of the process, of its living descendants, and of those that each has waited for."""
    return sum(sum(map(int, stat[11:15])) for stat in _tree(pid)) / TICKS


def _tree(pid: int) -> Iterator[list[str]]:
    """The fields of /proc/PID/stat from the third on, of a process and its descendants."""
    folder = Path("/proc") / str(pid)
    try:
        yield (folder / "stat").read_text().rpartition(")")[2].split()
        threads = list((folder / "task").iterdir())
    except OSError:  # it has just ended
        return
    for thread in threads:
        try:
            children = (thread / "children").read_text().split()
        except OSError:  # so has its thread
            continue
        for child in children:
            yield from _tree(int(child))
