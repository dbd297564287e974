"""The published file in the oldest DuckDB that reads it, in the newest, and between."""

from pathlib import Path

from tests.readers.recipes import installed, main, recipe, run, wanted

TOOL = "DuckDB"
VERSIONS = ("1.0.0", "1.1.3", "1.2.2", "1.3.2", "1.4.4", "2.0.1")
VERSION = f"{VERSIONS[0]} to {VERSIONS[-1]}"


def attempt(folder: Path, data_dir: Path) -> None:
    """Read with each version, and see that nothing can be written."""
    ((lines, money),) = wanted(
        data_dir, "select count(*), sum(total_billable_exposed) from marts.po_exposure"
    )
    program = f"""
{recipe(TOOL, data_dir)}
from decimal import Decimal
assert duckdb.__version__ == VERSION, duckdb.__version__
assert len(rows) == {lines}
total = marts.sql("select sum(total_billable_exposed) from marts.po_exposure").fetchall()[0][0]
assert total == Decimal("{money}"), total
comment = marts.sql(
    "select comment from duckdb_tables() where table_name = 'po_exposure'"
).fetchall()
assert comment[0][0].startswith("One row per company"), comment
try:
    marts.sql("drop table marts.po_exposure")
except duckdb.Error as error:
    assert "read-only" in str(error), error
else:
    raise AssertionError("the file could be written to")
files = str(current / "parquet/po_exposure.parquet")
total = duckdb.sql("select sum(total_billable_exposed) from '" + files + "'").fetchall()[0][0]
assert total == Decimal("{money}"), total
"""
    for version in VERSIONS:
        python = installed(folder / version, f"duckdb=={version}")
        run(python, "-c", program.replace("VERSION", repr(version)))


if __name__ == "__main__":
    main(TOOL, VERSION, attempt)
