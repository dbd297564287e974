"""Whatever dies and whenever: readers see the last published generation, and the next one comes."""

import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from orchestration.publish.generations import publish
from orchestration.published import check_generation, list_generations, unfinished_folders
from orchestration.settings import ROOT, Settings, read_settings
from tests.conftest import MARTS, answering, build, environment, numbers

FAULTS = (sys.executable, "-m", "tests.fault_injection")
# In the order of a refresh: each one gets past the point at which the one before died. The steps
# within publishing are those of the test below.
STEPS = [
    "at STEP_START autotask__companies 1",
    "at STEP_START ingest__batches 1",
    "at STEP_START psa_models 1",
    "at STEP_SUCCESS generation 1",
]


def refreshes(data_dir: Path, ends: list[str]) -> list[int]:
    """Start a refresh for each end; after each, readers must find a whole generation."""
    exit_codes = []
    with subprocess.Popen(
        [*FAULTS, "refresh"],
        cwd=ROOT,
        env=environment(PSA_DATA_DIR=str(data_dir)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        current = data_dir / "marts" / "current"
        settings = read_settings({"PSA_DATA_DIR": str(data_dir)})
        rows = check_generation(current, settings)
        for end in ends:
            before = current.resolve()
            process.stdin.write(f"{end}\n")
            process.stdin.flush()
            while (line := process.stdout.readline()) and not line.strip("-\n").isdigit():
                pass  # what the refresh says
            exit_codes.append(int(line))
            assert check_generation(current, settings) == rows, end
            if end.startswith("at") and "STEP_SUCCESS generation" not in end:
                assert current.resolve() == before, end
        process.stdin.close()
    return exit_codes


def test_a_refresh_killed_at_any_step_or_moment_leaves_the_last_generation_and_the_next_one_works(
    published: Path, tmp_path: Path
) -> None:
    # Publishing comes later than six seconds; the test below kills that at every change.
    """PUB-4."""
    moments = sorted(random.Random(20_261_120).uniform(0, 6) for _ in range(7))  # noqa: S311
    data_dir = Path(shutil.copytree(published, tmp_path / "data", symlinks=True))
    kills = [*(f"after {moment:.2f}" for moment in moments), *STEPS]
    exit_codes = refreshes(data_dir, [*kills, "never"])
    assert exit_codes == [-signal.SIGKILL] * len(kills) + [0]
    settings = read_settings({"PSA_DATA_DIR": str(data_dir)})
    assert unfinished_folders(settings) == []
    assert not (data_dir / "refresh.json").exists()


def test_publishing_killed_before_any_change_of_the_file_system_leaves_a_whole_generation(
    settings: Settings,
) -> None:
    """PUB-4."""
    keep_two = settings.model_copy(update={"keep_generations": 2})
    for old in (1, 2):  # so that retiring is among what is killed
        build(settings, "create or replace table marts.names as select 'a' as name")
        publish(keep_two, MARTS | {"names"}, {"generation": f"2026010{old}T000000Z-x"})
    exit_code, change = -signal.SIGKILL, 0
    with answering(*FAULTS, "publish", str(settings.data_dir)) as publish_until:
        while exit_code:
            change += 1
            before = numbers(settings)
            build(settings, f"create or replace table marts.numbers as select {change} as number")
            generation = f"20260201T{change:06}Z-x"
            exit_code = int(publish_until(f"{change} {generation}"))
            assert exit_code in (0, -signal.SIGKILL)
            current = (settings.marts_dir / "current").resolve()
            check_generation(current, settings)
            flipped = current.name == generation
            assert numbers(settings) == ([change] if flipped else before)
            found = list_generations(settings)
            assert all(check_generation(one.folder, settings) for one in found)
            if change % 5 == 0:  # and the next one works, with nothing left over
                publish(keep_two, MARTS | {"names"}, {"generation": f"20260201T{change:06}Z-y"})
                assert numbers(settings) == [change]
                assert unfinished_folders(settings) == []
                assert len(list_generations(settings)) == 2
    assert change > 20


def test_readers_through_twenty_swaps_see_no_error_and_no_mixture(settings: Settings) -> None:
    """PUB-4."""
    marts = {"first", "second"}
    settings = settings.model_copy(update={"keep_generations": 20})

    def publish_number(number: int) -> None:
        build(
            settings,
            "drop table if exists marts.numbers",
            *(f"create or replace table marts.{mart} as select {number} as n" for mart in marts),
        )
        publish(settings, marts, {"generation": f"20260101T{number:06}Z-x"})

    publish_number(0)
    readers = [
        subprocess.Popen(
            [*FAULTS, "read", str(settings.marts_dir / "current")],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    for reader in readers:
        assert reader.stdout
        assert reader.stdout.readline() == "0\n"  # all of them read before the first swap
    for number in range(1, 21):
        publish_number(number)
    for reader in readers:
        seen = list(map(int, reader.communicate("end")[0].split()))
        assert reader.returncode == 0
        assert seen == sorted(seen)
        assert seen[-1] == 20
    assert len({*seen}) > 3  # the last reader has been through several generations


def test_a_full_disk_leaves_the_last_generation_and_of_two_refreshes_then_one_works(
    published: Path, tmp_path: Path
) -> None:
    """PUB-4."""
    disk = tmp_path / "disk"
    disk.mkdir()
    # A small disk of its own, which goes with the process; `fill` knows what to do without one.
    script = (
        'mount -t tmpfs -o size=240m,nr_inodes=8000 tmpfs "$1" || echo cannot mount; '
        'cp -a "$2" "$1/data" && exec "$3" -m tests.fault_injection fill "$1"'
    )
    alone = ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*alone, "true"], check=False).returncode:
        alone = []
    ended = subprocess.run(
        [*alone, "sh", "-c", script, "sh", str(disk), str(published), sys.executable],
        cwd=ROOT,
        env=environment(PSA_DATA_DIR=str(disk / "data")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
