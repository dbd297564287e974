"""The one command behind the Makefile: `python -m orchestration.cli COMMAND`.

Here belong the arguments and how an error ends a command; what a command does is said elsewhere.
Imports are made where they are needed, because most commands need little and should start at once.
"""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from orchestration.settings import SettingError, Settings, read_settings

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # it would print the values of variables, secrets among them
    help="Refresh the marts and look after them. `make help` lists the same for daily use.",
)


@contextmanager
def _told(*errors: type[Exception], suffix: str = "") -> Iterator[None]:
    """End the command with exit code 1 and one message when one of these errors is raised."""
    try:
        yield
    except SettingError as error:
        sys.exit(f"Setting {error}")
    except errors as error:
        sys.exit(f"{error}{suffix}")


@contextmanager
def _imported_to_stay() -> Iterator[None]:
    """Stop the garbage collector from rescanning imported objects.

    Importing the definitions and exiting takes 2.4 s otherwise, 1.0 s of it in the collector.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def _extra() -> Iterator[None]:
    """Say how to install what only asking needs."""
    try:
        yield
    except ModuleNotFoundError as error:
        sys.exit(
            f"{error.name} is missing: asking needs the extra `ask`, which `make setup` brings."
        )


def _settings() -> Settings:
    with _told():
        return read_settings()


def _prepared() -> Settings:
    """Settings whose data folder and environment are ready for dbt and Dagster."""
    settings = read_settings()
    settings.prepare_data_dir()
    settings.hand_on(settings.as_of(datetime.now(UTC)))
    return settings


@app.command()
def run(
    force: Annotated[bool, typer.Option(help="Rebuild what has not changed, too.")] = False,
) -> None:
    """Refresh: ingest, validate, build, test, publish."""
    with _told():
        try:
            settings = _prepared()
        except SettingError as error:
            # Imported here, because it loads the orchestrator.
            from orchestration.operate.alerts import alert_mistaken_setting
            from orchestration.publish.assets import NIGHTLY_REFRESH

            alert_mistaken_setting(NIGHTLY_REFRESH, str(error))
            raise
        # Only now, because a mistaken setting must be told at once and in one line.
        with _imported_to_stay():
            from orchestration.definitions import defs
            from orchestration.operate.refresh import refresh
            from orchestration.publish.assets import NIGHTLY_REFRESH

            job = defs.resolve_job_def(NIGHTLY_REFRESH)
        sys.exit(0 if refresh(settings, job, force=force) else 1)


@app.command()
def extract() -> None:
    """Read what has changed in Autotask into the landing folder, without a refresh."""
    from orchestration.operate.extraction import extract

    with _told(RuntimeError, OSError):
        extract(_settings())


@app.command()
def generations() -> None:
    """List what is published, and which generation readers open."""
    from orchestration.operate.generations import show_generations

    with _told(LookupError, RuntimeError, OSError):
        show_generations(_settings())


@app.command()
def rollback(
    generation: Annotated[str | None, typer.Argument(help="Its id; else the one before.")] = None,
) -> None:
    """Let readers open an earlier generation, at once."""
    from orchestration.operate.generations import return_to

    with _told(RuntimeError, OSError, suffix="\nNothing was changed."):
        return_to(_settings(), generation)


@app.command()
def doctor() -> None:
    """Check settings, landing, locks, versions, runs and what is published."""
    from orchestration.operate.doctor import examine

    try:
        settings = read_settings()
    except SettingError as error:
        sys.exit(f"problem  settings    {error}")
    sys.exit(1 if examine(settings) else 0)


@app.command()
def report(
    company: Annotated[str, typer.Argument(help="Id of the client, for its own page.")] = "",
) -> None:
    """Print where the pages are, or write the page of one client."""
    from orchestration.reports.prompt import report

    settings = _settings()
    with _told(RuntimeError, OSError):
        if settings.data_url:
            # Imported here, because it is needed with a store only.
            from orchestration.publish.generations import follow

            follow(settings)
        report(settings, company)


@app.command()
def ask(
    metrics: Annotated[str, typer.Argument(help="Names, commas between; none lists all.")] = "",
    by: Annotated[str, typer.Argument(help="Dimensions to cut by.")] = "",
    where: Annotated[str, typer.Argument(help="Conditions on dimensions, 'and' between.")] = "",
    since: Annotated[str, typer.Argument(help="First day that counts.")] = "",
    until: Annotated[str, typer.Argument(help="Last day that counts.")] = "",
    order: Annotated[str, typer.Argument(help="Names to sort by; - before one: largest.")] = "",
    limit: Annotated[str, typer.Argument(help="Most rows.")] = "",
    form: Annotated[str, typer.Argument(help="table, csv or json.")] = "table",
) -> None:
    """Ask for metrics of the published marts."""
    settings = _settings()
    with _told(ValueError, LookupError), _extra():
        from orchestration.serve.prompt import answer

        print(answer(settings, metrics, by, where, since, until, order, limit, form))


@app.command()
def mcp() -> None:
    """Serve the published marts, read-only, to an MCP client over stdio."""
    settings = _settings()
    with _extra():
        from orchestration.serve.server import serve

        serve(settings)


@app.command()
def quarantine() -> None:
    """Show refused files and quarantined rows, and what to do."""
    from orchestration.operate.deliveries import show_quarantine

    with _told():
        print(show_quarantine(_settings()))


@app.command()
def unload(batch: str) -> None:
    """Take a wrong delivery out, such as autotask/contracts/2026-11-20.full.csv."""
    from orchestration.operate.deliveries import unload

    with _told(LookupError, RuntimeError):
        print(unload(_settings(), batch))


@app.command()
def messages() -> None:
    """Write the table of all messages about deliveries."""
    from orchestration.ingest.rejections import MESSAGES, as_markdown

    MESSAGES.write_text(as_markdown(), encoding="utf-8")
    print(f"{MESSAGES} written")


@app.command(
    name="exec",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
def execute(command: list[str]) -> None:
    """Start another program, such as dbt or Dagster, under the settings."""
    with _told(RuntimeError):
        settings = _prepared()
        if Path(command[0]).name == "dagster-daemon" or command[1:2] == ["dev"]:
            # Imported here, because it loads the orchestrator, which most programs load themselves.
            from orchestration.operate.folder_lock import hold_for_daemon

            hold_for_daemon(settings)
    os.execvp(command[0], command)  # noqa: S606 - the caller's own command


if __name__ == "__main__":
    app()
