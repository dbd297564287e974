"""The recipes whose tools are in the lock or in Debian, as the page has them; and the page."""

import importlib
from datetime import date
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from orchestration.settings import ROOT
from tests.conftest import Refresh
from tests.readers import libreoffice
from tests.readers.recipes import NOT_TRIED, PAGE, blocks, recipe, rows, wanted

EXPOSED = "select count(*), sum(total_billable_exposed) from marts.po_exposure"


def names_of(tool: str, sample: Refresh) -> dict[str, Any]:
    """Run the recipe of a tool; returns the names that it leaves behind."""
    names: dict[str, Any] = {}
    exec(recipe(tool, sample.data_dir), names)  # noqa: S102 - what the page says
    return names


def test_duckdb(sample: Refresh) -> None:
    names = names_of("DuckDB", sample)
    ((lines, _),) = wanted(sample.data_dir, EXPOSED)
    assert len(names["rows"]) == lines
    names["marts"].close()


def test_pandas(sample: Refresh) -> None:
    frame = names_of("pandas", sample)["exposure"]
    assert [(len(frame), frame["total_billable_exposed"].sum())] == wanted(sample.data_dir, EXPOSED)
    assert str(frame["total_billable_exposed"].dtype) == "decimal128(18, 4)[pyarrow]"


def test_polars(sample: Refresh) -> None:
    names = names_of("polars", sample)
    frame = names["exposure"]
    assert [(frame.height, frame["total_billable_exposed"].sum())] == wanted(
        sample.data_dir, EXPOSED
    )
    assert names["words"].startswith("One row per company and material code")


def test_adbc(sample: Refresh) -> None:
    """Reads, and cannot write."""
    with names_of("ADBC", sample)["marts"] as marts, marts.cursor() as cursor:
        cursor.execute(EXPOSED)
        found = [(lines, Decimal(str(money))) for lines, money in cursor.fetchall()]
        assert found == wanted(sample.data_dir, EXPOSED)
        with pytest.raises(Exception, match="read-only"):
            cursor.execute("drop table marts.po_exposure")


def test_libreoffice(sample: Refresh, tmp_path: Path) -> None:
    libreoffice.attempt(tmp_path, sample.data_dir)


def test_the_page_says_of_each_tool_what_its_script_says() -> None:
    """No tool is said to be tried that no script tries in that version; no script is left out."""
    listed = rows()
    scripts = {}
    for path in Path(__file__).parent.glob("[!_]*.py"):
        module = importlib.import_module(f"tests.readers.{path.stem}")
        if hasattr(module, "TOOL"):
            scripts[module.TOOL] = module
            tried, day, by = listed[module.TOOL]
            assert tried == module.VERSION, f"{path.name} tries another version: run it"
            assert date.fromisoformat(day) <= date.today()
            assert by == f"`tests/readers/{path.name}`"
    for tool, (tried, day, by) in listed.items():
        if tool in scripts:
            continue
        if tried == NOT_TRIED:
            assert day == ""
            continue
        assert (tried, day) == ("locked", "each change"), tool
        test = (ROOT / by.strip("`")).read_text(encoding="utf-8")
        assert f"def test_{tool.lower()}(" in test or f"import {tool}" in test, tool
        packages = {"ADBC": "adbc-driver-manager", "psycopg2": "psycopg2-binary"}
        assert version(packages.get(tool, tool))


def test_each_tool_of_the_page_has_a_recipe() -> None:
    for tool in rows():
        if tool not in ("psycopg2", "Metabase", "Tableau"):
            assert blocks(tool), tool
    assert "PSA_KEEP_GENERATIONS" in PAGE.read_text(encoding="utf-8")
