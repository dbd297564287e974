"""Run a recipe of docs/bi_tools.md with the tool itself, and note there that it was tried.

A module of this folder that names its `TOOL` and `VERSION` is the script of a recipe: it installs
that version where it is in nobody's way, runs what the page says, and compares what the tool reads
with the published sample.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.settings import ROOT, SAMPLE_DIR
from tests.conftest import refresh

PAGE = ROOT / "dbt_project/docs/bi_tools.md"
CURRENT = "/srv/psa/marts/current"  # where the page says that the marts are
NOT_TRIED = "not tried"


def rows() -> dict[str, list[str]]:
    """The table of the page: tool -> version, day, and what tries it."""
    table = re.search(r"^\| tool .*\n\|[-|]+\n((?:\|.*\n)+)", PAGE.read_text("utf-8"), re.M)
    assert table
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()
    ]
    return {tool: rest for tool, *rest in cells}


def blocks(tool: str) -> list[str]:
    """The recipes in the section of a tool, in order."""
    section = re.search(
        rf"^## {re.escape(tool)}\n(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.M | re.S
    )
    assert section, f"{PAGE} has no section {tool}"
    return re.findall(r"^```\w*\n(.*?)^```", section[1], re.M | re.S)


def recipe(tool: str, data_dir: Path, number: int = 0) -> str:
    """A recipe of a tool, with the folder of the marts in place of the one that the page names."""
    text = blocks(tool)[number]
    assert CURRENT in text, text
    return text.replace(CURRENT, str(data_dir / "marts/current"))


def wanted(data_dir: Path, query: str) -> list[tuple[object, ...]]:
    """What the published marts say."""
    with duckdb.connect(data_dir / "marts/current/psa_marts.duckdb", read_only=True) as marts:
        return marts.execute(query).fetchall()


def installed(folder: Path, *packages: str, python: str = "3.11") -> Path:
    """Install packages into an environment of their own; returns its Python."""
    uv = str(Path(sys.executable).with_name("uv"))
    environment = folder / "environment"
    if not environment.exists():
        run(uv, "venv", "--quiet", "--python", python, environment)
        found = environment / "bin/python"
        run(uv, "pip", "install", "--quiet", "--python", found, *packages)
    return environment / "bin/python"


def run(*command: str | Path, cwd: Path | None = None, **variables: str) -> str:
    """Run a command; returns what it printed.

    Raises:
        SystemExit: it failed, with what it said.
    """
    ended = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise SystemExit(f"{command} failed:\n{ended.stdout[-4000:]}\n{ended.stderr[-4000:]}")
    return ended.stdout


def main(tool: str, version: str, attempt: Callable[[Path, Path], None]) -> None:
    """Try a recipe and write the day into the table of the page.

    Args:
        tool: as the page calls it.
        version: that is tried.
        attempt: takes a folder for what it needs, and a data folder with the published sample.
    """
    arguments = argparse.ArgumentParser(description=f"Try the recipe for {tool} {version}.")
    arguments.add_argument("--data", type=Path, help="a data folder with the published sample")
    arguments.add_argument("--folder", type=Path, help="where to install; kept, for the next time")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = given.folder or Path(name) / "tool"
        folder.mkdir(parents=True, exist_ok=True)
        data_dir = given.data or _published(Path(name) / "data")
        attempt(folder.resolve(), data_dir.resolve())
    today = datetime.now(UTC).date().isoformat()
    text = PAGE.read_text("utf-8")
    noted = re.sub(
        rf"^\| {re.escape(tool)} \|[^|]*\|[^|]*\|",
        f"| {tool} | {version} | {today} |",
        text,
        flags=re.M,
    )
    PAGE.write_text(noted, encoding="utf-8")
    print(f"{tool} {version}: the recipe works.")


def _published(data_dir: Path) -> Path:
    print("Publishing the sample first; --data takes a data folder that is there.")
    ended = refresh(SAMPLE_DIR, data_dir)
    if ended.exit_code:
        raise SystemExit(ended.output + ended.errors)
    return data_dir
