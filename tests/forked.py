"""A command of the project in a child of a process that has imported everything: it starts at once.

Arguments, environment, folder and streams are its own, as those of a new process are.
"""

import logging
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestration.settings import ROOT

# What a refresh imports, but for the definitions, which are made under its settings; then dbt,
# which a refresh starts as a process of its own, and which some tests start alone.
IMPORTED = (
    "orchestration.cli",
    "orchestration.extract.assets",
    "orchestration.ingest.assets",
    "orchestration.operate.readiness",
    "orchestration.operate.refresh",
    "orchestration.operate.triggers",
    "orchestration.publish.assets",
    "orchestration.publish.in_step",
    "tests.forked",
    "dbt.cli.main",
    "dbt.adapters.duckdb",
)
# 2026-11-26: no command of a test takes two minutes, on a loaded machine.
PATIENCE_SECONDS = 600
_fork = multiprocessing.get_context("forkserver")
_fork.set_forkserver_preload(list(IMPORTED))


def run_forked(
    arguments: Sequence[str], environment: Mapping[str, str], *, is_dbt: bool = False
) -> tuple[int, str, str]:
    """Run a command of the project, or of dbt; returns exit code, output and errors."""
    with tempfile.TemporaryDirectory() as streams:
        output, errors = Path(streams, "output"), Path(streams, "errors")
        child = _fork.Process(
            target=_run,
            args=(list(arguments), dict(environment), output, errors, is_dbt),
        )
        child.start()
        child.join(PATIENCE_SECONDS)
        if child.exitcode is None:
            child.kill()
            raise TimeoutError(f"{arguments} did not end:\n{output.read_text('utf-8')}")
        return child.exitcode, output.read_text("utf-8"), errors.read_text("utf-8")


def _run(
    arguments: list[str],
    environment: dict[str, str],
    output: Path,
    errors: Path,
    is_dbt: bool,
) -> None:
    for path, stream in ((output, sys.stdout), (errors, sys.stderr)):
        with path.open("wb") as file:
            os.dup2(file.fileno(), stream.fileno())
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(ROOT)
    if is_dbt:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        from orchestration.build.dbt_command import main

        os.umask(0o027)  # which a refresh hands on
        sys.argv[1:] = arguments
        try:
            main()
        finally:
            # A fork ends without it.
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    else:
        from orchestration.cli import app

        logging.getLogger().handlers.clear()  # dbt, which a command does not load, has set them
        app(arguments)
