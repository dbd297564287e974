"""Rows and key figures of the marts, for the history of each in the Dagster UI."""

from typing import Any

from orchestration.settings import Settings
from orchestration.warehouse import MARTS, SCHEMA, open_database, quoted

ROW_COUNT = "dagster/row_count"  # which Dagster shows in its catalogue


def read_figures(manifest: dict[str, Any], settings: Settings) -> dict[str, dict[str, Any]]:
    """Count the rows of all marts, and add up what `meta.key_figures` of their models names.

    Returns:
        Mart -> label -> number. Decimals come as floats, which Dagster draws over time.
    """
    with open_database(settings.warehouse_dir / MARTS, settings) as marts:
        built = marts.execute(
            "select table_name from duckdb_tables() where schema_name = ?", [SCHEMA]
        ).fetchall()
        asked = {mart: _figures_of(manifest, mart) for (mart,) in built}
        if not asked:
            return {}
        counted = marts.execute(" union all ".join(map(_query, asked, asked.values()))).fetchall()
    return {
        mart: {
            label: int(number) if label == ROW_COUNT else number
            for label, number in zip(asked[mart], numbers, strict=True)
            if number is not None
        }
        for mart, numbers in counted
    }


def _query(mart: str, figures: dict[str, str]) -> str:
    numbers = ", ".join(f"cast({sql} as double)" for sql in figures.values())
    return f"select '{mart}', [{numbers}] from {SCHEMA}.{quoted(mart)}"  # noqa: S608 - our models


def _figures_of(manifest: dict[str, Any], mart: str) -> dict[str, str]:
    node = manifest["nodes"].get(f"model.po_billing.{mart}", {})
    return {ROW_COUNT: "count(*)", **node.get("meta", {}).get("key_figures", {})}
