"""Nights that nobody watches: one writer, what starts a refresh, and what is told about it."""

import json
import stat
import threading
import time
import tomllib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import filelock
import pytest
from dagster._core.test_utils import create_run_for_test
from dagster._utils.schedules import schedule_execution_time_iterator
from packaging.requirements import Requirement
from sqlalchemy.exc import DatabaseError

from orchestration.definitions import build_definitions
from orchestration.operate import alerts, run_lock
from orchestration.operate.alerts import ALERTED
from orchestration.operate.folder_lock import (
    Busy,
    Holder,
    holder_of,
    is_refreshing,
    refresh_lock,
)
from orchestration.operate.run_lock import (
    clean_up_after_dead_run,
    hold_for_run,
    single_run_executor,
)
from orchestration.operate.triggers import alert_sensors, landing_sensor, nightly_schedule
from orchestration.publish.generations import publish
from orchestration.settings import ROOT, Settings, read_settings
from tests.conftest import MARTS, Refresh, python, refresh
from tests.operate.webhooks import Webhook

RUN_ID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster instance that is gone after the test."""
    with dg.instance_for_test() as instance:
        yield instance


# One writer


@dg.op
def look_at_the_lock(context: dg.OpExecutionContext) -> None:
    """Fail unless the run that this is in holds the lock, and alone."""
    settings = read_settings()
    holder = holder_of(settings)
    assert holder
    assert holder.run_id == context.run_id
    assert is_refreshing(settings)
    with pytest.raises(Busy, match=f"already running .* run {context.run_id}"):
        hold_for_run(settings, context.instance, "another").__enter__()


def locked_job() -> dg.JobDefinition:
    """A job as the UI, the schedule and the sensor run one."""

    @dg.job(executor_def=single_run_executor(read_settings()))
    def looking() -> None:
        look_at_the_lock()
        look_at_the_lock()

    return looking


def run_locked_job(instance: dg.DagsterInstance) -> tuple[str, str]:
    """Run it; returns the id of its run and what was logged."""
    with dg.execute_job(dg.reconstructable(locked_job), instance=instance) as result:
        assert result.success
        logs = instance.all_logs(result.run_id)
        return result.run_id, "\n".join(entry.user_message for entry in logs)


def release_once_a_run_waits(lock: filelock.BaseFileLock, instance: dg.DagsterInstance) -> None:
    """Let go of the lock as soon as a run has said that it waits for it."""
    until = time.monotonic() + 60
    while time.monotonic() < until and not any(
        "Waiting for it to end" in entry.user_message
        for run in instance.get_runs()
        for entry in instance.all_logs(run.run_id)
    ):
        # 2026-11-26: asks the log again, which has no event to wait for; ends after 60 s.
        time.sleep(0.1)
    lock.release()


def test_a_run_of_dagster_waits_for_the_lock_names_its_holder_and_keeps_it_for_all_steps(
    settings: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PSA_DATA_DIR", str(settings.data_dir))
    lock = refresh_lock(settings)
    lock.acquire()
    holder = Holder(4711, "2026-01-01 02:00:00", RUN_ID)
    (settings.data_dir / "refresh.json").write_text(json.dumps(vars(holder)))
    threading.Thread(target=release_once_a_run_waits, args=(lock, instance), daemon=True).start()
    _, said = run_locked_job(instance)
    assert (
        f"process 4711 since 2026-01-01 02:00:00 UTC, run {RUN_ID}. Waiting for it to end" in said
    )
    assert not is_refreshing(settings)
    assert holder_of(settings) is None


def test_the_run_of_a_dead_process_is_closed_and_its_leftovers_go(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    create_run_for_test(instance, run_id=RUN_ID, status=dg.DagsterRunStatus.STARTED)
    (settings.data_dir / "refresh.json").write_text(
        json.dumps({"pid": 4711, "started": "2026-01-01 02:00:00", "run_id": RUN_ID})
    )
    leftover = settings.raw_dir / "autotask" / ".companies.parquet.unfinished"
    leftover.parent.mkdir()
    leftover.touch()
    spilled = settings.temp_dir / "duckdb_temp_storage_S32K-0.tmp"
    spilled.touch()
    with refresh_lock(settings):  # as long as it works, nothing is tidied up
        clean_up_after_dead_run(settings, instance)
        assert holder_of(settings)
    clean_up_after_dead_run(settings, instance)
    run = instance.get_run_by_id(RUN_ID)
    assert run
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert not leftover.exists()
    assert not spilled.exists()
    assert holder_of(settings) is None


def test_old_history_is_forgotten_and_what_goes_on_is_not(
    settings: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_run_for_test(instance, status=dg.DagsterRunStatus.SUCCESS)
    clean_up_after_dead_run(settings, instance)
    assert instance.get_runs_count() == 1
    create_run_for_test(instance, run_id=RUN_ID, status=dg.DagsterRunStatus.STARTED)
    monkeypatch.setattr(run_lock, "HISTORY_DAYS", -1)
    clean_up_after_dead_run(settings, instance)
    assert [run.run_id for run in instance.get_runs()] == [RUN_ID]


def test_every_job_takes_the_lock_and_an_infrastructure_retry_repeats_all_steps() -> None:
    definitions = build_definitions(read_settings({}))
    for name in ("nightly_refresh", "__ASSET_JOB"):
        assert definitions.resolve_job_def(name).executor_def.name == "single_run"
    tags = definitions.resolve_job_def("nightly_refresh").tags
    assert tags["dagster/retry_strategy"] == "ALL_STEPS"


def test_the_instance_runs_one_at_a_time_and_retries_only_dead_processes(
    settings: Settings,
) -> None:
    with dg.DagsterInstance.from_config(str(settings.data_dir / "dagster")) as instance:
        queue = instance.get_concurrency_config().run_queue_config
        assert queue
        assert queue.max_concurrent_runs == 1
        assert instance.run_monitoring_enabled
        assert instance.run_retries_enabled
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert not instance.telemetry_enabled
        assert instance.root_directory.startswith(str(settings.data_dir))


# What starts a refresh


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("cron", ["0 2 * * *", "30 2 * * *", "15 1 * * *", "0 3 * * *"])
def test_the_schedule_starts_once_a_day_also_when_the_clocks_change(zone: str, cron: str) -> None:
    settings = read_settings({"PSA_NIGHTLY_CRON": cron, "PSA_TIMEZONE": zone})
    schedule = nightly_schedule(settings, "nightly_refresh")
    first = datetime(2026, 1, 1, tzinfo=ZoneInfo(zone))
    ticks = schedule_execution_time_iterator(
        first.timestamp(), str(schedule.cron_schedule), schedule.execution_timezone
    )
    year = takewhile(lambda tick: tick.year == 2026, ticks)
    days = [tick.astimezone(ZoneInfo(zone)).date() for tick in year]
    assert days == [first.date() + timedelta(days=day) for day in range(365)]


def test_the_schedules_are_on_and_the_landing_sensor_off_until_someone_wants_it() -> None:
    definitions = build_definitions(read_settings({}))
    schedules = list(definitions.schedules or [])
    (sensor,) = definitions.sensors or []
    assert len(schedules) == 2
    for schedule in schedules:
        assert isinstance(schedule, dg.ScheduleDefinition)
        assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert isinstance(sensor, dg.SensorDefinition)
    assert sensor.default_status == dg.DefaultSensorStatus.STOPPED


def test_the_landing_sensor_starts_once_for_files_that_have_settled(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    folder = tmp_path / "landing" / "autotask"
    folder.mkdir(parents=True)
    settings = read_settings(
        {"PSA_LANDING_DIR": str(folder.parent), "PSA_DATA_DIR": str(tmp_path / "data")}
    )
    settings.prepare_data_dir()
    sensor = landing_sensor(settings, "nightly_refresh")
    cursor: str | None = None

    def starts() -> bool:
        nonlocal cursor
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        data = sensor.evaluate_tick(context)
        cursor = data.cursor
        return bool(data.run_requests)

    (folder / "companies.csv").write_text("id\n")
    assert [starts(), starts(), starts()] == [False, True, False]
    (folder / ".contracts.csv").touch()  # not there yet
    (folder / "contracts.csv.part").touch()
    assert [starts(), starts()] == [False, False]
    contracts = (folder / "contracts.csv.part").rename(folder / "contracts.csv")
    assert not starts()
    contracts.write_text("id\n1\n")  # goes on growing
    assert [starts(), starts(), starts()] == [False, True, False]


# What is told


def failed_run(
    instance: dg.DagsterInstance | None = None,
) -> tuple[dg.DagsterRun, Sequence[dg.DagsterEvent]]:
    """A run in which a check and a step fail and quote a row."""

    @dg.asset(check_specs=[dg.AssetCheckSpec("key", asset="charges")])
    def charges() -> Iterator[Any]:
        yield dg.AssetCheckResult(passed=False, description="the row of Jane Doe")
        raise ValueError("the row of Jane Doe")

    result = dg.materialize([charges], instance=instance, raise_on_error=False)
    return result.dagster_run, result.all_events


def test_an_alert_is_tried_again_and_says_which_run_table_and_reason_but_quotes_no_row(
    webhook: Webhook,
) -> None:
    webhook.answers = (500, 503, 200)
    settings = read_settings(
        {"PSA_ALERT_WEBHOOK": webhook.address, "PSA_UI_URL": "https://psa.example/"}
    )
    run, events = failed_run()
    assert alerts.alert(settings, run, events) is None
    assert len(webhook.received) == 3
    said = webhook.received[-1]
    assert said["run"] == run.run_id
    assert said["table"] == "charges"
    assert said["reason"] == "check key of charges failed; step charges failed (ValueError)"
    assert said["link"] == f"https://psa.example/runs/{run.run_id}"
    assert "Jane Doe" not in json.dumps(said)


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/secret-path", "http://nowhere.invalid/x"])
def test_a_webhook_out_of_reach_does_no_harm(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "PAUSE_SECONDS", 0)
    problem = alerts.alert(read_settings({"PSA_ALERT_WEBHOOK": address}), *failed_run())
    assert problem == ("PSA_ALERT_WEBHOOK: the alert could not be delivered in 3 tries: URLError")


def test_make_run_alerts_too_and_no_secret_gets_into_any_file_or_message(
    tmp_path: Path, webhook: Webhook
) -> None:
    (tmp_path / "landing").mkdir()
    ended = refresh(
        tmp_path / "landing",
        tmp_path / "data",
        PSA_ALERT_WEBHOOK=webhook.address,
        PSA_POSTGRES_URL="postgresql://loader:secret-word@127.0.0.1:1/bi",
    )
    assert ended.exit_code == 1
    (said,) = webhook.received
    assert "autotask/companies" in said["table"]
    files = [path for path in ended.data_dir.rglob("*") if path.is_file()]
    assert len(files) > 10
    for secret in ("secret-path", "secret-word"):
        assert secret not in ended.output + ended.errors
        assert [path for path in files if secret.encode() in path.read_bytes()] == []


@dg.op
def lose_the_history(context: dg.OpExecutionContext) -> None:
    """Damage the databases that Dagster writes events to."""
    for database in Path(context.instance.root_directory).rglob("*.db"):
        for beside in database.parent.glob(f"{database.name}-*"):
            beside.unlink()
        database.write_bytes(b"not a database " * 1000)


def job_without_history() -> dg.JobDefinition:
    """A job as the daemon runs one, whose history fails on the way."""

    @dg.job(executor_def=single_run_executor(read_settings()))
    def losing() -> None:
        lose_the_history()

    return losing


def test_a_run_of_the_daemon_alerts_by_itself_when_its_history_fails(
    settings: Settings,
    instance: dg.DagsterInstance,
    webhook: Webhook,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PSA_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("PSA_ALERT_WEBHOOK", webhook.address)
    with pytest.raises(DatabaseError):
        dg.execute_job(dg.reconstructable(job_without_history), instance=instance)
    (said,) = webhook.received
    assert said["reason"] == "a database of Dagster's history is damaged"
    assert said["job"] == "losing"
    assert "Nothing was published" in said["text"]


def told_by(
    name: str, instance: dg.DagsterInstance, run: dg.DagsterRun, webhook: Webhook
) -> list[dict[str, Any]]:
    """What a sensor posts of a run."""
    settings = read_settings({"PSA_ALERT_WEBHOOK": webhook.address})
    sensor = next(found for found in alert_sensors(settings) if found.name == name)
    last = [entry.dagster_event for entry in instance.all_logs(run.run_id)][-1]
    assert last
    context = dg.build_run_status_sensor_context(name, last, instance, run)
    sensor(context.for_run_failure() if name == "alert_on_failure" else context)
    return webhook.received


def test_the_daemon_tells_what_a_good_run_has_warned_of(
    webhook: Webhook, instance: dg.DagsterInstance
) -> None:
    """LND-15."""

    @dg.asset(check_specs=[dg.AssetCheckSpec("removals", asset="charges")])
    def charges() -> Iterator[Any]:
        yield dg.AssetCheckResult(
            passed=False, severity=dg.AssetCheckSeverity.WARN, description="a.csv takes 9 away"
        )
        yield dg.MaterializeResult()

    run = dg.materialize([charges], instance=instance).dagster_run
    (said,) = told_by("alert_on_warning", instance, run, webhook)
    assert said["severity"] == "warning"
    assert said["warnings"] == ["a.csv takes 9 away"]
    assert said["reason"] is None


def test_a_run_that_has_alerted_by_itself_is_not_told_twice(
    webhook: Webhook, instance: dg.DagsterInstance
) -> None:
    run, _ = failed_run(instance)
    assert len(told_by("alert_on_failure", instance, run, webhook)) == 1
    instance.add_run_tags(run.run_id, {ALERTED: "true"})
    tagged = instance.get_run_by_id(run.run_id)
    assert tagged
    assert len(told_by("alert_on_failure", instance, tagged, webhook)) == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("OSError: [Errno 28] No space left on device: '/data/x'", "the disk is full"),
        ("(sqlite3.OperationalError) database or disk is full", "the disk is full"),
        (
            "(sqlite3.OperationalError) attempt to write a readonly database",
            "the disk is read-only",
        ),
        ("OSError: [Errno 5] Input/output error", "the disk does not answer"),
        ("ValueError: the row of Jane Doe", None),
    ],
)
def test_errors_of_the_machine_are_told_in_plain_words(error: str, words: str | None) -> None:
    assert alerts.plain_words(error) == words


def test_a_failed_check_is_named_once() -> None:
    @dg.asset(check_specs=[dg.AssetCheckSpec("key", asset="charges", blocking=True)])
    def charges() -> Iterator[Any]:
        yield dg.AssetCheckResult(passed=False)
        yield dg.MaterializeResult()

    result = dg.materialize([charges], raise_on_error=False)
    assert not result.success
    told = alerts.message(read_settings({}), result.dagster_run, result.all_events)
    assert told["reason"] == "check key of charges failed"


# What people do


def publish_days(settings: Settings, *days: int) -> None:
    for day in days:
        publish(
            settings,
            MARTS,
            {
                "generation": f"2026010{day}T000000Z-x",
                "as_of_date": f"2026-01-0{day}",
                "published_at": f"2026-01-0{day}T00:00:00+00:00",
            },
        )


def generations(settings: Settings, *arguments: str) -> tuple[int, str, str]:
    """What `make generations` and `make rollback` start."""
    data_dir = str(settings.data_dir)
    return python("-m", "orchestration.cli", *arguments, PSA_DATA_DIR=data_dir)


def test_generations_are_listed_and_rolled_back_and_the_next_refresh_publishes_as_ever(
    settings: Settings,
) -> None:
    """PUB-8."""
    assert "Nothing is published" in generations(settings, "generations")[2]
    publish_days(settings, 1, 2, 3)
    current = settings.marts_dir / "current"

    def listed() -> list[str]:
        return generations(settings, "generations")[1].splitlines()[1:-1]

    assert [line[:20] for line in listed()] == [
        "* 20260103T000000Z-x",
        "  20260102T000000Z-x",
        "  20260101T000000Z-x",
    ]
    assert listed()[0].split()[4:6] == ["2026-01-03", "3"]
    assert "Readers open 20260102T000000Z-x" in generations(settings, "rollback")[1]
    assert current.resolve().name == "20260102T000000Z-x"
    with refresh_lock(settings):  # at once, whatever a refresh does meanwhile
        assert generations(settings, "rollback", "20260101T000000Z-x")[0] == 0
    assert listed()[2].startswith("* 20260101T000000Z-x")
    for wrong in ("", "20270101T000000Z-x", "../../raw"):
        code, _, told = generations(settings, "rollback", wrong)
        assert code == 1
        assert "There is no generation" in told
        assert current.resolve().name == "20260101T000000Z-x"
    publish_days(settings, 4)
    assert current.resolve().name == "20260104T000000Z-x"


def test_a_generation_that_cannot_be_read_is_not_rolled_back_to(settings: Settings) -> None:
    """PUB-8."""
    publish_days(settings, 1, 2)
    damaged = settings.marts_dir / "generations" / "20260101T000000Z-x" / "psa_marts.duckdb"
    damaged.write_bytes(damaged.read_bytes()[:5000])
    code, _, told = generations(settings, "rollback")
    assert code == 1
    assert "cannot be opened" in told
    assert (settings.marts_dir / "current").resolve().name == "20260102T000000Z-x"


def test_the_doctor_finds_nothing_after_a_refresh(sample: Refresh) -> None:
    code, said, errors = python(
        "-m", "orchestration.cli", "doctor", PSA_DATA_DIR=str(sample.data_dir)
    )
    assert code == 0, said + errors
    assert {line.split()[0] for line in said.splitlines()} == {"ok"}
    assert {line.split()[1] for line in said.splitlines()} == {
        "settings",
        "landing",
        "deliveries",
        "versions",
        "disk",
        "access",
        "lock",
        "runs",
        "published",
        "leftovers",
    }


def test_the_doctor_says_what_is_wrong_and_what_to_do(settings: Settings) -> None:
    publish_days(settings, 1)
    (settings.data_dir / "refresh.json").write_text(
        json.dumps({"pid": 4711, "started": "2026-01-01 02:00:00", "run_id": RUN_ID})
    )
    (settings.marts_dir / "generations" / ".20260102T000000Z-x").mkdir()
    (settings.marts_dir / "generations" / "20260101T000000Z-x" / "manifest.json").unlink()
    (settings.warehouse_dir / "warehouse.duckdb").write_text("no database")
    settings.data_dir.chmod(0o755)
    code, said, _ = python("-m", "orchestration.cli", "doctor", PSA_DATA_DIR=str(settings.data_dir))
    problems = "\n".join(line for line in said.splitlines() if line.startswith("problem"))
    assert code == 1
    for part in (
        "a refresh died: process 4711 since 2026-01-01 02:00:00",
        "manifest.json cannot be read. `make rollback`",
        "is open to every user of this machine. chmod -R o-rwx",
        "warehouse.duckdb cannot be opened",
    ):
        assert part in problems
    assert len(problems.splitlines()) == 4


# What outsiders can get at


def test_what_is_written_is_closed_to_other_users(sample: Refresh) -> None:
    modes = {
        (path.is_dir(), stat.S_IMODE(path.stat().st_mode))
        for path in sample.data_dir.rglob("*")
        if not path.is_symlink()
    }
    assert modes == {(True, 0o750), (False, 0o640)}


def test_the_lock_pins_every_package_to_files_by_their_hashes() -> None:
    """What can be known of the lock without asking anybody: complete, exact, and hashed.

    Whether a version has been withdrawn or has a known weakness, only its registry knows.
    """
    locks = [ROOT / "requirements.lock", ROOT / "requirements-spark.lock"]
    text = "".join(lock.read_text(encoding="utf-8") for lock in locks)
    entries = text.replace("\\\n", " ").splitlines()
    pinned = {}
    for entry in entries:
        requirement, *hashes = entry.split(" --hash=")
        parsed = Requirement(requirement.strip())
        assert [spec.operator for spec in parsed.specifier] == ["=="], entry
        assert hashes, entry
        assert all(value.startswith("sha256:") and len(value.split()[0]) == 71 for value in hashes)
        pinned[parsed.name] = str(parsed.specifier)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for group in (project["dependencies"], *project["optional-dependencies"].values()):
        for line in group:
            assert pinned[Requirement(line).name] == str(Requirement(line).specifier)


def test_the_ui_and_the_code_server_listen_to_this_machine_only() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "dagster dev -m orchestration.definitions -h 127.0.0.1" in makefile
    for unit in ("code", "webserver"):
        text = (ROOT / f"orchestration/deploy/po-billing-{unit}.service").read_text()
        assert "-h 127.0.0.1" in text
