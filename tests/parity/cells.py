"""Where the files that Spark has written differ from the tables that DuckDB has made."""

from collections.abc import Iterator
from pathlib import Path

import duckdb

from orchestration.warehouse import MARTS, WAREHOUSE
from tests.parity.edges import COMPARED, FOLDER

SHOWN = 3
SPARK = "on Spark"  # folder of a data folder


def differences(data_dir: Path) -> Iterator[str]:
    """Compare all marts and work lists, by types and cells, in both directions.

    Args:
        data_dir: what DuckDB has built, with the folder of Spark in it.
    """
    with duckdb.connect() as connection:
        for database, name in ((MARTS, "marts"), (WAREHOUSE, "warehouse")):
            path = str(data_dir / "warehouse" / database).replace("'", "''")
            connection.execute(f"attach '{path}' as {name} (read_only)")
        tables = connection.execute(
            "select database_name, schema_name, table_name from duckdb_tables() "
            "where database_name = 'marts' or table_name like 'int\\_work\\_list\\_%' escape '\\'"
        ).fetchall()
        files = data_dir / SPARK
        marts = {table for _, schema, table in tables if schema == "marts"}
        for only in marts ^ {path.name for path in (files / "marts").iterdir()}:
            yield f"{data_dir.name}: {only} was built by one engine only"
        for database, schema, table in tables:
            where = str(files / schema / table / "*.parquet")
            found = connection.read_parquet(where)
            expected = connection.table(f"{database}.{schema}.{table}")
            yield from _differences(f"{data_dir.name}: {schema}.{table}", expected, found)


def differences_at_edges(data_dir: Path) -> Iterator[str]:
    """Compare what both engines have computed of the edges.

    Args:
        data_dir: the one that Spark has built last.
    """
    folder = data_dir / SPARK / FOLDER
    with duckdb.connect() as connection:
        for name in COMPARED:
            expected = connection.read_parquet(str(folder / f"{name}.duckdb.parquet"))
            found = connection.read_parquet(str(folder / name / "*.parquet"))
            yield from _differences(f"edges of {name}", expected, found)


def _differences(
    what: str, expected: duckdb.DuckDBPyRelation, found: duckdb.DuckDBPyRelation
) -> Iterator[str]:
    types = [
        dict(zip(rows.columns, map(str, rows.types), strict=True)) for rows in (expected, found)
    ]
    # Models that are not published have no contract: there only their cells matter.
    if types[0] != types[1] and "intermediate" not in what:
        yield f"{what}: DuckDB has {types[0]}, Spark {types[1]}"
        return
    found = found.select(*expected.columns)
    for engine, lacking in (
        ("DuckDB", expected.except_(found)),
        ("Spark", found.except_(expected)),
    ):
        for row in lacking.limit(SHOWN).fetchall():
            yield f"{what}: only on {engine}: {dict(zip(expected.columns, row, strict=True))}"
    if len(expected) != len(found):
        yield f"{what}: {len(expected)} rows on DuckDB, {len(found)} on Spark"
