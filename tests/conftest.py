"""Fixtures: a refresh as its users start one, and the published sample."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from unittest import mock

import duckdb
import filelock
import pytest

from orchestration.cli import app
from orchestration.settings import (
    ROOT,
    SAMPLE_AS_OF_DATE,
    SAMPLE_DIR,
    Settings,
    read_settings,
)
from tests.bench.measure import Cost, Mark, measure
from tests.forked import run_forked
from tests.object_storage import BUCKET, ObjectStorage

MARTS = {"numbers"}  # of the tests that need no more
# Files that take more than a minute, the longest first: begun last they would keep one core busy
# while the other has nothing left to do.
LONGEST_FIRST = (
    "tests/operate/test_nights.py",
    "tests/ingest/test_deliveries.py",
    "tests/operate/test_faults.py",
    "tests/test_pipeline.py",
    "tests/publish/test_second_machine.py",
    "tests/build/test_fingerprint.py",
    "tests/build/test_marts.py",
    "tests/build/test_increments.py",
    "tests/extract/test_marts.py",
    "tests/ingest/test_keys.py",
    "tests/build/test_models.py",
    "tests/ingest/test_load.py",
    "tests/serve/test_server.py",
    "tests/serve/test_prompt.py",
    "tests/operate/test_operation.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    ranks = {name: rank for rank, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: ranks.get(item.nodeid.split("::")[0], len(ranks)))


@dataclass(frozen=True)
class Refresh:
    """A refresh that has ended.

    Attributes:
        data_dir: what it wrote to.
        exit_code: 0 when a generation was published.
        output: what it printed.
        errors: what it printed as errors.
    """

    data_dir: Path
    exit_code: int
    output: str
    errors: str

    @property
    def generations(self) -> list[str]:
        """Names of the published generations, oldest first."""
        return sorted(path.name for path in self.data_dir.glob("marts/generations/*"))

    def marts(self) -> duckdb.DuckDBPyConnection:
        """Open the published marts as a BI tool would."""
        return duckdb.connect(self.data_dir / "marts/current/psa_marts.duckdb", read_only=True)

    def rows(self, generation: str = "") -> dict[str, list[str]]:
        """All rows of all marts as text, in order; by default of what readers open."""
        folder = "marts/current" if not generation else f"marts/generations/{generation}"
        with duckdb.connect(self.data_dir / folder / "psa_marts.duckdb", read_only=True) as marts:
            return rows_of(marts)


def rows_of(marts: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """All rows of all marts as text, in order."""
    names = marts.execute("select table_name from duckdb_tables()").fetchall()
    assert names
    return {name: sorted(map(repr, marts.table(f"marts.{name}").fetchall())) for (name,) in names}


def environment(**variables: str) -> dict[str, str]:
    """The environment of a process that has these settings and no others, and keeps bytecode."""
    others = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PSA_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return others | variables


def python(*arguments: str, **variables: str) -> tuple[int, str, str]:
    """Run Python in the project under settings of its own; returns exit code, output, errors."""
    is_ours = arguments[:2] == ("-m", "orchestration.cli")
    if is_ours and not any(name.startswith("PYTHON") for name in variables):
        return run_forked(arguments[2:], environment(**variables))
    ended = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


@contextlib.contextmanager
def answering(*command: str) -> Iterator[Callable[[str], str]]:
    """A process that answers each line that it is sent by one line, as a function of it."""
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout

        def ask(line: str) -> str:
            assert process.stdin
            assert process.stdout
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            return process.stdout.readline()

        yield ask
        process.stdin.close()


def command(*arguments: str, **variables: str) -> tuple[int, str, str]:
    """Run a command of the project that only looks, in this process: its start is not the point."""
    output, errors = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, environment(**variables), clear=True),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
        pytest.raises(SystemExit) as ended,
    ):
        app(list(arguments))
    code = ended.value.code
    if isinstance(code, str):
        return 1, output.getvalue(), f"{errors.getvalue()}{code}\n"
    return code or 0, output.getvalue(), errors.getvalue()


def dbt(data_dir: Path, target: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """Run dbt on a data folder, as a refresh does.

    Args:
        data_dir: the folder.
        target: dbt's target folder. It starts with a copy of the parsed project, which therefore
            need not be parsed again.
        *arguments: of dbt.
        **variables: what it finds instead of the environment of the sample.

    Returns:
        Exit code and output.
    """
    settings = read_settings({"PSA_DATA_DIR": str(data_dir)} | variables)
    settings.prepare_data_dir()
    target.mkdir(parents=True, exist_ok=True)
    project, parsed = ROOT / "dbt_project", "partial_parse.msgpack"
    if not (target / parsed).exists() and (project / "target" / parsed).exists():
        shutil.copyfile(project / "target" / parsed, target / parsed)
    folders = {"project": project, "profiles": project}
    places = [f"--{name}-dir={path}" for name, path in folders.items()]
    places += [f"--{name}-path={target}" for name in ("target", "log")]
    found = environment(**(settings.environment(SAMPLE_AS_OF_DATE) | variables))
    of_dbt = {name: text for name, text in found.items() if not name.startswith("DBT_")}
    code, output, errors = run_forked([*arguments, *places], of_dbt, is_dbt=True)
    return code, output + errors


def refresh(landing: Path, data_dir: Path, **variables: str) -> Refresh:
    """Refresh from a landing folder into a data folder, as `make run` does."""
    folders = {"PSA_LANDING_DIR": str(landing), "PSA_DATA_DIR": str(data_dir)}
    return Refresh(data_dir, *python("-m", "orchestration.cli", "run", **(folders | variables)))


@pytest.fixture(scope="session")
def measured_sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cost]:
    """The first refresh of the sample and what it cost, in a folder with a space and a quote.

    All workers share it: the first one that needs it refreshes, each takes a copy.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    made, told = shared / "the sample's data", shared / "refreshed.json"
    data_dir = tmp_path_factory.mktemp("the sample's copy") / "data"
    # 2026-11-26: at most ten minutes, in which the other worker refreshes.
    with filelock.FileLock(shared / "refreshed.lock", timeout=600):
        if not told.exists():
            made.mkdir(mode=0o700)
            folders = {"PSA_LANDING_DIR": str(SAMPLE_DIR), "PSA_DATA_DIR": str(made)}
            cost = measure([sys.executable, "-m", "orchestration.cli", "run"], **folders)
            told.write_text(json.dumps(asdict(cost)), encoding="utf-8")
        shutil.copytree(made, data_dir, symlinks=True)
    facts = json.loads(told.read_text(encoding="utf-8").replace(str(made), str(data_dir)))
    marks = tuple(Mark(**mark) for mark in facts.pop("marks"))
    return data_dir, Cost(**facts | {"command": tuple(facts["command"])}, marks=marks)


@pytest.fixture(scope="session")
def sample(measured_sample: tuple[Path, Cost]) -> Refresh:
    """The published sample."""
    data_dir, cost = measured_sample
    ended = Refresh(data_dir, cost.exit_code, cost.output, cost.errors)
    assert ended.exit_code == 0, ended.output + ended.errors
    return ended


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, sample: Refresh) -> Path:
    """A data folder with a published generation, not yet bound to a landing folder."""
    copy = shutil.copytree(sample.data_dir, tmp_path_factory.mktemp("copy") / "data", symlinks=True)
    (copy / "landing_dir.txt").unlink()
    return Path(copy)


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    """A landing folder of one's own, with the sample in it."""
    return Path(shutil.copytree(SAMPLE_DIR, tmp_path / "landing"))


@pytest.fixture
def data_dir(published: Path, tmp_path: Path) -> Path:
    """A data folder of one's own with a published generation."""
    return Path(shutil.copytree(published, tmp_path / "data", symlinks=True))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a data folder whose marts were just built."""
    settings = read_settings({"PSA_DATA_DIR": str(tmp_path / "data")})
    settings.prepare_data_dir()
    build(settings, "create table marts.numbers as select range as number from range(3)")
    return settings


@pytest.fixture(scope="session")
def served() -> Iterator[ObjectStorage]:
    """An S3-compatible server, with a bucket."""
    storage = ObjectStorage()
    storage.start()
    address = f"{storage.variables['AWS_ENDPOINT_URL']}/{BUCKET}"
    with urllib.request.urlopen(urllib.request.Request(address, method="PUT")):  # noqa: S310
        yield storage
    storage.stop()


@pytest.fixture
def storage(served: ObjectStorage, monkeypatch: pytest.MonkeyPatch) -> ObjectStorage:
    """The server, as this process reaches it."""
    for name, value in served.variables.items():
        monkeypatch.setenv(name, value)
    return served


def build(settings: Settings, *statements: str) -> None:
    """Change the marts database as a build does."""
    with duckdb.connect(
        settings.warehouse_dir / "psa_marts.duckdb",
        config={"storage_compatibility_version": "v1.0.0"},  # as the profile says
    ) as marts:
        marts.execute("create schema if not exists marts")
        for statement in statements:
            marts.execute(statement)


def numbers(settings: Settings) -> list[int]:
    """Read the published mart."""
    path = settings.marts_dir / "current" / "psa_marts.duckdb"
    with duckdb.connect(path, read_only=True) as marts:
        return [row[0] for row in marts.execute("from marts.numbers order by all").fetchall()]
