"""What every reader finds in the files of the published sample: types, keys, descriptions."""

import json
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import Refresh


@pytest.fixture(scope="module")
def files(sample: Refresh) -> list[Path]:
    """The parquet files of the sample."""
    found = sorted((sample.data_dir / "marts/current").resolve().glob("parquet/*.parquet"))
    assert found
    return found


def test_no_number_in_a_file_is_wider_than_readers_take(files: list[Path], sample: Refresh) -> None:
    """MRT-27."""
    for path in files:
        for field in pq.read_schema(path):
            if pa.types.is_decimal(field.type):
                assert field.type.precision <= 18, (path.name, field)
    with sample.marts() as marts:
        wide = marts.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'marts' "
            "and (numeric_precision > 64 or data_type in ('HUGEINT', 'UHUGEINT', 'DOUBLE') "
            "or data_type like 'DECIMAL%' and numeric_precision > 18)"
        ).fetchall()
    assert wide == []


def test_every_file_describes_its_mart_and_every_column(files: list[Path], sample: Refresh) -> None:
    """PUB-13: to Arrow, to polars, to DuckDB; the same words as the comments of the database."""
    with sample.marts() as marts:
        tables = dict(
            marts.execute(
                "select table_name, table_comment from information_schema.tables"
            ).fetchall()
        )
        columns = marts.execute(
            "select table_name, column_name, column_comment from information_schema.columns"
        ).fetchall()
    assert all(tables.values())
    assert all(comment for _, _, comment in columns)
    for path in files:
        wanted = {name: comment for table, name, comment in columns if table == path.stem}
        schema = pq.read_schema(path)
        assert schema.metadata[b"description"].decode() == tables[path.stem]
        assert {field.name: field.metadata[b"description"].decode() for field in schema} == wanted
        assert pl.read_parquet_metadata(path)["description"] == tables[path.stem]
        ((said,),) = duckdb.execute(
            "select decode(value) from parquet_kv_metadata(?) where decode(key) = 'columns'",
            [str(path)],
        ).fetchall()
        assert json.loads(said) == wanted


def test_the_manifest_names_the_folder_and_a_key_of_every_mart(
    files: list[Path], sample: Refresh
) -> None:
    """PUB-2, PUB-14."""
    folder = files[0].parents[1]
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert manifest["generation"] == folder.name
    assert manifest["keys"].keys() == manifest["row_counts"].keys() == {f.stem for f in files}
    with sample.marts() as marts:
        for mart, key in manifest["keys"].items():
            listed = ", ".join(key)
            ((rows, distinct),) = marts.execute(
                f"select count(*), count(distinct row({listed})) from marts.{mart}"
            ).fetchall()
            assert rows == distinct, mart
