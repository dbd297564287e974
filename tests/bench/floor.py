"""The floor: `floor.sql`, as a process of its own: `python -m tests.bench.floor LANDING DATABASE`.

DuckDB's defaults, but for a memory limit that leaves the machine something for others, and texts
packed as the project packs them, which is quicker.
"""

import sys
from pathlib import Path

import duckdb

SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds"
MEMORY_LIMIT = "2500MB"


def main(landing: str, database: str, as_of: str) -> None:
    """Run the script on a landing folder of parquet files into a new database."""
    with duckdb.connect(database, config={"memory_limit": MEMORY_LIMIT}) as connection:
        connection.execute("set disabled_compression_methods = 'fsst'")
        for name, value in {"landing": landing, "seeds": str(SEEDS), "as_of": as_of}.items():
            text = value.replace("'", "''")
            connection.execute(f"set variable {name} = '{text}'")
        connection.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(*sys.argv[1:])
