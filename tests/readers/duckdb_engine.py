"""The marts through SQLAlchemy."""

from pathlib import Path

from tests.readers.recipes import installed, main, recipe, run, wanted

TOOL = "SQLAlchemy"
VERSION = "2.1.9, duckdb-engine 0.17.0"


def attempt(folder: Path, data_dir: Path) -> None:
    """Read, reflect with comments, and see that nothing can be written."""
    python = installed(
        folder, "sqlalchemy==2.1.9", "duckdb-engine==0.17.0", "duckdb==2.0.1", "setuptools<81"
    )
    ((money,),) = wanted(data_dir, "select exposed_amount from marts.po_overview")
    code = f"""
{recipe(TOOL, data_dir)}
from decimal import Decimal
with engine.connect() as connection:
    money = connection.scalar(sqlalchemy.text("select exposed_amount from marts.po_overview"))
    assert money == Decimal("{money}"), money
    try:
        connection.execute(sqlalchemy.text("drop table marts.po_overview"))
    except sqlalchemy.exc.DBAPIError as error:
        assert "read-only" in str(error), error
    else:
        raise AssertionError("the file could be written to")
assert "po_overview" in sqlalchemy.inspect(engine).get_table_names(schema="marts")
"""
    run(python, "-c", code)


if __name__ == "__main__":
    main(TOOL, VERSION, attempt)
