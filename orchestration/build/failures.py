"""How a dbt build ended, in words: which models and tests failed, and the rows that fail a test."""

import json
import re
from pathlib import Path
from typing import Any

import duckdb

from orchestration.build import spark
from orchestration.settings import Settings
from orchestration.warehouse import MARTS, WAREHOUSE, open_database

ROWS_SHOWN = 3
TOO_LARGE = re.compile(r"type DECIMAL\(\d+,\s*\d+\) failed: value is out of range")
NO_VALUE = "NOT NULL constraint failed"


def explain(target: Path, settings: Settings, *statuses: str) -> str:
    """Say how a dbt build ended: node, message, and the first rows that break a test."""
    results_file = target / "run_results.json"
    if not results_file.exists():  # dbt stopped before it ran a node
        return ""
    results = json.loads(results_file.read_text(encoding="utf-8"))["results"]
    results = [result for result in results if result["status"] in statuses]
    if not results:
        return ""
    parents = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["parent_map"]
    lines = []
    for result in results:
        kind, _, name = result["unique_id"].split(".")[:3]
        of = ", ".join(parent.split(".")[2] for parent in parents[result["unique_id"]])
        title = f"test {name} of {of}" if kind == "test" and of else f"{kind} {name}"
        lines.append(f"{title}: {result['message']}")
        if TOO_LARGE.search(result["message"] or ""):
            lines.append(
                "  A sum does not fit (MRT-27). A line probably has an amount that is none: find "
                "it in the landing files, correct it at the source and deliver it again."
            )
        if settings.engine == "spark" and NO_VALUE in (result["message"] or ""):
            lines.append(
                "  A required value is null. Spark also returns null for what it cannot compute; "
                "`PSA_ENGINE=duckdb make run` shows which it was."
            )
        if kind == "test" and result["failures"]:
            lines += _first_rows(result, settings)
    return "\n".join(lines)


def _first_rows(result: dict[str, Any], settings: Settings) -> list[str]:
    if settings.engine == "spark":
        return _as_text(spark.first_rows(result["unique_id"]))
    with open_database(settings.warehouse_dir / WAREHOUSE, settings) as connection:
        marts = str(settings.warehouse_dir / MARTS).replace("'", "''")
        connection.execute(f"attach '{marts}' as psa_marts (read_only)")
        return _as_text(connection.sql(result["compiled_code"]))


def _as_text(found: duckdb.DuckDBPyRelation) -> list[str]:
    rows = found.limit(ROWS_SHOWN)
    names = rows.columns
    return [
        "  " + ", ".join(f"{name}={value}" for name, value in zip(names, row, strict=True))
        for row in rows.fetchall()
    ]
