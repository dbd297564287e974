"""Processes that die, as programs: the code under test knows nothing of them.

`publish CHANGE DATA_DIR ID` publishes and is killed just before the given change of the file
system (1 = first). `refresh` reads from stdin, a line each, how a refresh is to end, and starts one
after the other: `after SECONDS`, `at EVENT STEP NUMBER`, or `never`. `read CURRENT` opens the marts
over and over, until its stdin is closed, and prints the generation that it sees. `fill DISK`
fills up a small disk with a data folder on it, again and again.
"""

import errno
import logging
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path

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
    """End this process, all its children and nobody else, as the kernel does without memory."""
    os.killpg(os.getpgid(0), signal.SIGKILL)


def publish_until(change: int, data_dir: str, generation_id: str) -> None:
    """Publish and die before a change of the file system below the marts."""
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

    sys.addaudithook(watch)
    publish(settings, {"numbers", "names"}, {"generation": generation_id}, unchanged={"names"})


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
    return partial(cli.run, force=False)


def refreshes() -> None:
    """Start refreshes from a process that has imported everything, to save their start."""
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


def read(current: str) -> None:
    """Read two marts of a generation, one before and one after a pause, in one connection."""
    import duckdb

    is_last = False
    while True:
        with duckdb.connect(f"{current}/psa_marts.duckdb", read_only=True) as marts:
            first = marts.execute("select n from marts.first").fetchone()
            # 2026-11-21: leaves room for a swap between the two reads of one connection.
            time.sleep(0.05)
            second = marts.execute("select n from marts.second").fetchone()
        assert first
        assert first == second
        print(first[0], flush=True)
        if is_last:
            return
        is_last = bool(select.select([sys.stdin], [], [], 0)[0])


@contextmanager
def full(disk: Path, room: int = 0) -> Iterator[None]:
    """Leave so many bytes, and no names for files, on a disk that is a mount of its own.

    Where mounting was not allowed, files of this process and its children cannot grow instead.
    """
    if not os.path.ismount(disk):
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (max(room, 200_000), most))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        return
    fillers = disk / "fillers"
    fillers.mkdir()
    with suppress(OSError), (fillers / "large").open("wb") as filler:
        while True:
            filler.write(bytes(100_000))
            filler.flush()
    if room:
        os.truncate(fillers / "large", (fillers / "large").stat().st_size - room)
    else:
        with suppress(OSError):
            for number in count():
                (fillers / str(number)).touch()
    try:
        yield
    finally:
        shutil.rmtree(fillers)


def fill(disk: Path) -> None:
    """Fill the disk at the build, at the copy and at the flip; readers must not notice."""
    from orchestration.publish import generations
    from orchestration.published import check_generation
    from orchestration.settings import read_settings

    settings = read_settings({"PSA_DATA_DIR": str(disk / "data")})
    current = settings.marts_dir / "current"
    published, rows = current.resolve(), check_generation(current, settings)
    refresh = [sys.executable, "-m", "orchestration.cli", "run"]

    for room in (0, 4_000_000):  # at the start, and within the build
        with full(disk, room):
            ended = subprocess.run(refresh, capture_output=True, text=True, check=False)
        assert ended.returncode == 1, ended
        assert "Traceback" not in ended.stderr, ended.stderr
        assert current.resolve() == published
        assert check_generation(current, settings) == rows

    with full(disk), suppress(OSError):
        generations.publish(settings, set(rows), {"generation": "20990101T000000Z-copy"})
        raise AssertionError("there was room for a copy")
    assert current.resolve() == published
    assert check_generation(current, settings) == rows

    flip = generations._point_current_at

    def flip_on_full_disk(folder: Path) -> None:
        with full(disk):
            if not os.path.ismount(disk):
                raise OSError(errno.ENOSPC, "No space left on device")
            flip(folder)

    generations._point_current_at = flip_on_full_disk
    with suppress(OSError):
        generations.publish(settings, set(rows), {"generation": "20000101T000000Z-flip"})
        raise AssertionError("there was room for a link")
    assert current.resolve() == published
    assert check_generation(current, settings) == rows

    both = [
        subprocess.Popen(refresh, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    errors = [refresh.communicate()[1] for refresh in both]
    exit_codes = [refresh.returncode for refresh in both]
    assert sorted(exit_codes) == [0, 1], errors
    (told,) = [error for error in errors if error]
    assert f"already running in {settings.data_dir}: process " in told, told
    assert current.resolve() != published
    assert check_generation(current, settings) == rows


if __name__ == "__main__":
    if sys.argv[1] == "publish":
        os.setpgid(0, 0)
        publish_until(int(sys.argv[2]), str(Path(sys.argv[3])), sys.argv[4])
    elif sys.argv[1] == "read":
        read(sys.argv[2])
    elif sys.argv[1] == "fill":
        fill(Path(sys.argv[2]))
    else:
        refreshes()
