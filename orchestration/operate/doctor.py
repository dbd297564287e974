"""`make doctor`: what a support engineer asks first, answered, each with what to do about it."""

import os
import shlex
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import dagster as dg
import duckdb
from packaging.requirements import Requirement

from orchestration.extract.errors import ExtractionError
from orchestration.extract.survey import survey
from orchestration.ingest.guards import removal
from orchestration.ingest.landing import find_batches
from orchestration.ingest.raw_store import TableFiles
from orchestration.operate.folder_lock import holder_of, is_refreshing
from orchestration.published import (
    PublishError,
    check_generation,
    current_generation,
    unfinished_folders,
)
from orchestration.settings import ROOT, SettingError, Settings, unknown_settings
from orchestration.warehouse import MARTS, WAREHOUSE, open_database
from schemas import RAW_TABLES, parts_of

FRESH_HOURS = 26
RUNS_SHOWN = 3


class Finding(Exception):
    """Something is not as it should be; the message says what, and what to do."""


def examine(settings: Settings) -> int:
    """Ask every question and print the answers.

    Returns:
        How many of them need a person.
    """
    questions: dict[str, Callable[[Settings], Iterator[str]]] = {
        "settings": _settings,
        "landing": _landing,
        "deliveries": _deliveries,
        "versions": _versions,
        "disk": _disk,
        "access": _access,
        "lock": _lock,
        "runs": _runs,
        "published": _published,
        "store": _store,
        "leftovers": _leftovers,
        "autotask": _autotask,
    }
    problems = 0
    for name, question in questions.items():
        try:
            for answer in question(settings):
                print(f"ok       {name:<11} {answer}")
        except Finding as finding:
            problems += 1
            print(f"problem  {name:<11} {finding}")
    return problems


def _settings(settings: Settings) -> Iterator[str]:
    yield f"landing folder {settings.landing_dir}"
    yield f"data folder {settings.data_dir}"
    remembered = settings.data_dir / "landing_dir.txt"
    if not remembered.exists():
        raise Finding(f"{settings.data_dir} holds nothing yet. `make run` fills it.")
    first = Path(remembered.read_text(encoding="utf-8").rstrip("\n"))
    if first != settings.landing_dir:
        raise Finding(
            f"PSA_DATA_DIR: the data folder belongs to {first}. Set PSA_DATA_DIR to another folder."
        )
    if unknown := unknown_settings():
        raise Finding(" ".join(unknown))
    secrets = {
        "PSA_ALERT_WEBHOOK": settings.alert_webhook,
        "PSA_POSTGRES_URL": settings.postgres_url,
    }
    for name, value in secrets.items():
        yield f"{name} is {'set' if value else 'not set'}"
    yield f"the login of Autotask is {'set' if settings.extracts else 'not set'}"
    yield f"nightly at {settings.nightly_cron!r}, {settings.timezone}"


def _landing(settings: Settings) -> Iterator[str]:
    batches, ignored = find_batches(settings.landing_dir)
    files = [batch for found in batches.values() for batch in found]
    if not files and not ignored and settings.extracts:
        yield "nothing is extracted yet; `make run` does it"
        return
    if not files:
        unread = "".join(f"\n  {found.words}" for found in ignored)
        raise Finding(
            f"there is no extract in {settings.landing_dir}. Deliver autotask/<table>.csv.{unread}"
        )
    unreadable = [batch.batch for batch in files if not os.access(batch.path, os.R_OK)]
    if unreadable:
        raise Finding(f"these files cannot be read by this user: {', '.join(unreadable)}. chmod.")
    newest = max(batch.path.stat().st_mtime for batch in files)
    yield f"{len(files):,} files, the newest written {_ago(datetime.fromtimestamp(newest, UTC))}"
    yield from (found.words for found in ignored)


def _deliveries(settings: Settings) -> Iterator[str]:
    tables = [TableFiles(source, name, settings) for source, name in RAW_TABLES]
    refused = [found for table in tables for found in table.contents(table.refused).values()]
    if refused:
        told = "".join(f"\n  {content.file}: {content.refusal_reason}" for content in refused)
        raise Finding(
            f"nothing is published until these are mended; `make quarantine` says how:{told}"
        )
    emptied = [
        f"{table.source}/{table.name}"
        for table in tables
        if not (table.table.is_optional() or table.contents() or parts_of(table.source, table.name))
        and table.contents(table.unloaded)
    ]
    if emptied:
        raise Finding(
            f"{', '.join(emptied)} is required and empty, because its deliveries were taken out. "
            "Deliver another extract, or put one back: `make run` says how."
        )
    week_ago = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=7)
    for table in tables:
        for content in table.contents().values():
            if content.extracted_at >= week_ago and (taken := removal(content)):
                raise Finding(taken)
    yield "no file is refused, and none of this week took much away"
    # Of a file that was delivered again, only what it holds now.
    newest = [
        content
        for table in tables
        for content in {found.batch: found for found in table.contents().values()}.values()
    ]
    if quarantined := sum(content.quarantined for content in newest):
        yield f"quarantined rows of all files: {quarantined:,}; `make quarantine` shows them"


def _versions(_: Settings) -> Iterator[str]:
    wanted = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if "==" in line:
            requirement = Requirement(line.rstrip("\\ "))
            if requirement.marker is None or requirement.marker.evaluate():
                wanted[requirement.name] = str(requirement.specifier).removeprefix("==")
    wrong = []
    for name, locked in wanted.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "missing"
        if found != locked:
            wrong.append(f"{name} {found} instead of {locked}")
    if wrong:
        raise Finding(f"{'; '.join(wrong)}. Remove .venv/ready and run `make setup`.")
    yield f"Python {sys.version.split()[0]}, all {len(wanted)} packages as locked"


def _disk(settings: Settings) -> Iterator[str]:
    existing = next(
        path for path in (settings.data_dir, *settings.data_dir.parents) if path.exists()
    )
    free = shutil.disk_usage(existing).free
    warehouse = sum(path.stat().st_size for path in settings.warehouse_dir.glob("*.duckdb"))
    needed = 3 * warehouse + 500_000_000
    if free < needed:
        raise Finding(
            f"{free / 1e9:.1f} GB free, a refresh may want {needed / 1e9:.1f} GB. Free some, or "
            "lower PSA_KEEP_GENERATIONS."
        )
    yield f"{free / 1e9:.1f} GB free"


def _access(settings: Settings) -> Iterator[str]:
    if not settings.data_dir.exists():
        return
    if not os.access(settings.data_dir, os.W_OK):
        raise Finding(f"{settings.data_dir} cannot be written by this user. Check its owner.")
    if settings.data_dir.stat().st_mode & stat.S_IRWXO:
        raise Finding(
            f"{settings.data_dir} is open to every user of this machine. "
            f"chmod -R o-rwx {shlex.quote(str(settings.data_dir))}"
        )
    yield "written by this user, closed to others"


def _lock(settings: Settings) -> Iterator[str]:
    if not settings.data_dir.exists():
        return
    if is_refreshing(settings):
        yield f"a refresh is running: {holder_of(settings)}"
    elif dead := holder_of(settings):
        raise Finding(
            f"a refresh died: {dead}. The next one tidies up by itself; `make run` starts it."
        )
    else:
        yield "no refresh is running"


def _runs(settings: Settings) -> Iterator[str]:
    settings.hand_on(settings.as_of(datetime.now(UTC)))
    if not (settings.data_dir / "dagster" / "dagster.yaml").exists():
        return
    try:
        with dg.DagsterInstance.get() as instance:
            records = instance.get_run_records(limit=RUNS_SHOWN)
    except Exception as error:  # each storage of Dagster's has exceptions of its own
        raise Finding(
            f"the history cannot be read: {error}. See orchestration/dagster.yaml."
        ) from None
    for record in records:
        run = record.dagster_run
        said = f"{run.status.value} {_ago(record.create_timestamp)}: {run.job_name} {run.run_id}"
        if record is records[0] and run.status == dg.DagsterRunStatus.FAILURE:
            raise Finding(f"{said}. `make run` tells why; so does the run in `make dev`.")
        yield said


def _published(settings: Settings) -> Iterator[str]:
    current = current_generation(settings)
    if current is None:
        if (settings.marts_dir / "current").is_symlink():
            raise Finding("marts/current points at nothing. `make rollback GENERATION=id` or run.")
        raise Finding("nothing is published yet. `make run` does it.")
    try:
        counts = check_generation(current.folder, settings)
    except PublishError as error:
        raise Finding(f"{error}. `make rollback` opens the one before.") from None
    yield f"readers open {current.folder.name}: {len(counts)} marts, {sum(counts.values()):,} rows"
    manifest = current.manifest or {}
    published = datetime.fromisoformat(manifest["published_at"])
    hours = (datetime.now(UTC) - published).total_seconds() / 3600
    if hours > FRESH_HOURS and not settings.is_sample:
        raise Finding(
            f"{current.folder.name} is {hours:.0f} h old. Is the schedule on, the daemon running?"
        )
    as_of_date = date.fromisoformat(manifest["as_of_date"])
    extracts = [batch["extracted_at"] for batch in manifest["input_batches"]]
    if extracts:
        newest = datetime.fromisoformat(max(extracts)).date()
        if not 0 <= (as_of_date - newest).days <= 366:
            raise Finding(
                f"the figures are as of {as_of_date}, the newest extract is of {newest}. Unset "
                "PSA_AS_OF_DATE, or deliver newer extracts."
            )
    yield f"published {_ago(published)}, as of {as_of_date}"


def _store(settings: Settings) -> Iterator[str]:
    if not settings.data_url:
        return
    # Imported here, because they are needed with a store only.
    from orchestration.publish.targets.stored import published
    from orchestration.store import Note, StoreError, open_store

    try:
        store = open_store(settings)
        known, _ = published(store) if store else (None, None)
    except (StoreError, SettingError) as error:
        raise Finding(str(error)) from None
    if known is None or not known.generation:
        raise Finding(f"nothing is published in {settings.data_url} yet. `make run` does it.")
    yield f"{settings.data_url} has {known.generation} and {len(known.generations) - 1} others"
    if Note.read(settings).url != settings.data_url:
        raise Finding(f"this machine was never in step with {settings.data_url}. `make run`.")
    here = current_generation(settings)
    if here is None or here.folder.name != known.generation:
        yield "another machine has published since; this one follows as soon as it is asked"


def _leftovers(settings: Settings) -> Iterator[str]:
    if is_refreshing(settings):
        yield "not looked for while a refresh is running"
        return
    stale = [
        *unfinished_folders(settings),
        *settings.raw_dir.rglob(".*.unfinished"),
        *settings.temp_dir.glob("*"),
        *(settings.warehouse_dir / f"{name}.wal" for name in (WAREHOUSE, MARTS)),
    ]
    found = [str(path) for path in stale if path.exists()]
    for name in (WAREHOUSE, MARTS):
        try:
            if (settings.warehouse_dir / name).exists():
                open_database(settings.warehouse_dir / name, settings).close()
        except duckdb.Error as error:
            if "Conflicting lock" in str(error):  # a dbt that outlives its parent, or a person
                raise Finding(f"{error} End that process.") from None
            raise Finding(
                f"{name} cannot be opened, the next refresh rebuilds it: {error}"
            ) from None
    if found:
        raise Finding(f"of a process that died: {', '.join(found)}. The next refresh removes them.")
    yield "no unfinished files"


def _autotask(settings: Settings) -> Iterator[str]:
    if not settings.extracts:
        return
    try:
        yield from survey(settings)
    except ExtractionError as error:
        raise Finding(str(error)) from None


def _ago(moment: datetime) -> str:
    hours = (datetime.now(UTC) - moment).total_seconds() / 3600
    return f"{hours / 24:.0f} days ago" if hours > 48 else f"{hours:.1f} h ago"
