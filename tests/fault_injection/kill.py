"""Refreshes and publications that are killed at a given point."""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial

CHANGES = {
    "open",
    "os.link",
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.symlink",
    "shutil.copyfile",
    "shutil.rmtree",
}


def die() -> None:
    """Kill this process and all its children, as the kernel does when memory runs out."""
    os.killpg(os.getpgid(0), signal.SIGKILL)


def publications(data_dir: str) -> None:
    """Publish for each line of stdin, which is CHANGE and ID, and print the exit code.

    All are forked from one process that has imported everything, which saves their start.
    """
    from orchestration.publish import generations

    assert generations.__name__
    for line in sys.stdin:
        change, generation_id = line.split()
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            publish_until(int(change), data_dir, generation_id)
            os._exit(0)  # an exception has ended it before, with 1
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def publish_until(change: int, data_dir: str, generation_id: str) -> None:
    """Publish and die just before a change of the file system below the marts (1 = the first)."""
    from orchestration.publish.generations import publish
    from orchestration.settings import read_settings

    settings = read_settings({"PSA_DATA_DIR": data_dir, "PSA_KEEP_GENERATIONS": "2"})
    seen = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        reads = event == "open" and arguments[1] == "r"
        if event in CHANGES and not reads and str(settings.marts_dir) in str(arguments[:2]):
            seen += 1
            if seen == change:
                die()

    pages = settings.warehouse_dir / "reports"
    pages.mkdir(exist_ok=True)
    (pages / "index.html").write_text("pages")
    sys.addaudithook(watch)
    manifest = {"generation": generation_id}
    publish(settings, {"numbers", "names"}, manifest, reports=pages, unchanged={"names"})


def refresh_until(end: list[str]) -> Callable[[], None]:
    """Prepare a refresh that ends in the given way."""
    from orchestration import cli
    from orchestration.operate.watch import Watch

    if end[0] == "at":
        event_type, step, number = end[1], end[2], int(end[3])
        emit, seen = Watch.emit, 0

        def emit_or_die(self: Watch, record: logging.LogRecord) -> None:
            nonlocal seen
            event = getattr(record, "dagster_event", None)
            if event and event.event_type_value == event_type and event.step_key == step:
                seen += 1
                if seen == number:
                    die()
            emit(self, record)

        Watch.emit = emit_or_die  # type: ignore[method-assign]
    # Of a refresh that has nothing to do there would be little to kill.
    return partial(cli.run, force=end[0] == "after")


def refreshes() -> None:
    """Start a refresh for each line of stdin, one after the other, and print its exit code.

    A line says how the refresh ends: `after SECONDS`, `at EVENT STEP NUMBER` or `never`. All are
    forked from one process that has imported everything, which saves their start.
    """
    from orchestration import definitions

    assert definitions.defs
    for line in sys.stdin:
        end = line.split()
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            try:
                refresh_until(end)()
            except SystemExit as ended:
                os._exit(int(ended.code or 0))  # without the parent's threads there is no clean end
        if end[0] == "after":
            # 2026-11-21: the moment of death is the point; whatever it hits must be survived.
            time.sleep(float(end[1]))
            os.kill(-child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
