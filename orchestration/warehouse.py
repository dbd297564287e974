"""The DuckDB databases of the pipeline: what they are called and how they are opened.

The build has two, both private to it: the warehouse with staging and intermediate models, and the
marts. A generation holds a copy of the marts.
"""

from pathlib import Path

import duckdb

from orchestration.settings import Settings

WAREHOUSE = "warehouse.duckdb"
MARTS = "psa_marts.duckdb"
SCHEMA = "marts"
STORAGE_VERSION = "v1.0"  # what every DuckDB since 1.0 reads


def open_database(
    database: Path, settings: Settings, *, read_only: bool = True
) -> duckdb.DuckDBPyConnection:
    """Open a database of the warehouse or of a generation within the memory that is allowed.

    Two thirds of it, because Dagster, polars and arrow are in this process as well. Rows of a table
    have no order here; keeping the one they were written in would cost memory.
    """
    return duckdb.connect(
        database,
        read_only=read_only,
        config={
            "memory_limit": f"{settings.memory_limit * 2 // 3}B",
            "temp_directory": str(settings.temp_dir),
            "preserve_insertion_order": False,
        },
    )


def quoted(name: str) -> str:
    """Write a name as an identifier of SQL, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'
