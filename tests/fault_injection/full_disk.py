"""A data folder on a disk that is full, again and again."""

import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from tests.operate.webhooks import open_webhook


@contextmanager
def full(disk: Path, room: int = 0) -> Iterator[None]:
    """Leave `room` bytes, and no room for new files, on a disk that is a mount of its own.

    Where mounting is not allowed, files of this process and its children cannot grow instead.
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
    refresh = [sys.executable, "-m", "orchestration.cli", "run", "--force"]

    for room in (0, 4_000_000):  # at the start, and within the build
        with open_webhook() as webhook, full(disk, room):
            variables = os.environ | {"PSA_ALERT_WEBHOOK": webhook.address}
            ended = subprocess.run(
                refresh, env=variables, capture_output=True, text=True, check=False
            )
        assert ended.returncode == 1, ended
        assert "Traceback" not in ended.stderr, ended.stderr
        (alert,) = webhook.received
        assert f"Nothing was published; readers keep {published.name}." in alert["text"]
        if os.path.ismount(disk):
            assert "the disk is full" in alert["reason"], (alert, ended)
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
