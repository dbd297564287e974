"""Parquet, columns in their own types."""

import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet

from orchestration.ingest.readers.delivery import (
    HEADER_COLUMNS,
    PIECE_ROWS,
    Delivery,
    chunks,
    long_header,
)
from orchestration.ingest.readers.stream import UNPACKED_RATIO, is_of_disk
from orchestration.ingest.rejections import RefusedFile
from schemas import RawTable
from schemas.grammar import with_literals

ROWS_PER_BYTE = 100  # real exports keep more than a byte for so many rows
UTC_NAMES = ("UTC", "Etc/UTC", "Z", "+00:00")


def open_parquet(path: Path, file: str, table: type[RawTable], most_lines: int) -> Delivery:
    """Read a parquet file as far as its schema."""
    broken = (pa.ArrowException, OSError, UnicodeError, pl.exceptions.PolarsError)
    try:
        with pyarrow.parquet.ParquetFile(path) as parquet:
            headers, rows = parquet.schema_arrow.names, parquet.metadata.num_rows
    except broken as error:
        if is_of_disk(error):
            raise
        raise RefusedFile(file, "broken_parquet", reason=_one_line(error)) from None
    if len(headers) > HEADER_COLUMNS:
        raise long_header(file)
    if rows > ROWS_PER_BYTE * path.stat().st_size:
        raise RefusedFile(file, "bomb", ratio=UNPACKED_RATIO)

    def columns(positions: Sequence[int]) -> Iterator[pl.DataFrame]:
        names = [headers[position] for position in positions]
        # Columns that the table does not know may have one name.
        earlier = [headers[:position].count(headers[position]) for position in positions]
        try:
            with pyarrow.parquet.ParquetFile(path) as parquet:
                for chunk in chunks(parquet.iter_batches(PIECE_ROWS, columns=names)):
                    chunk.validate(full=True)
                    alike = chunk.schema.get_all_field_indices
                    yield pl.DataFrame(
                        {
                            str(position): _from_arrow(chunk[alike(name)[nth]], file, name)
                            for position, name, nth in zip(positions, names, earlier, strict=True)
                        }
                    )
        except broken as error:
            if is_of_disk(error):
                raise
            raise RefusedFile(file, "broken_parquet", reason=_one_line(error)) from None

    return Delivery(headers, columns, rows)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300].rstrip(".")


def _from_arrow(array: pa.Array, file: str, column: str) -> pl.Series:
    """Hand a column on in its own type where polars has it, else as text."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _from_arrow(array.dictionary_decode(), file, column)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return _zoned(array)
    is_plain = (
        pa.types.is_null,
        pa.types.is_boolean,
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_string_view,
        pa.types.is_decimal128,
        pa.types.is_date,
        pa.types.is_timestamp,
    )
    if any(test(kind) for test in is_plain):
        return pl.Series(pl.from_arrow(array))
    try:
        values = array.to_pylist()
        texts = [_text(value) for value in values]
        return with_literals(texts, [isinstance(value, dict | list | Decimal) for value in values])
    except (ValueError, OverflowError, pa.ArrowException, UnicodeError):
        raise RefusedFile(file, "odd_column", column=column, type=kind) from None


def _zoned(array: pa.Array) -> pl.Series:
    """Hand a timestamp on in its zone; polars knows no zone that is only an offset."""
    zone = array.type.tz
    instants = pl.Series(pl.from_arrow(array.cast(pa.timestamp(array.type.unit))))
    if zone in UTC_NAMES:
        return instants.dt.replace_time_zone("UTC")
    offset = re.fullmatch(r"([+-])(\d{2}):?(\d{2})", zone)
    if not offset:
        return pl.Series(pl.from_arrow(array))
    sign, hours, minutes = offset.groups()
    shift = pl.duration(minutes=int(f"{sign}1") * (60 * int(hours) + int(minutes)))
    local = pl.select(pl.lit(instants) + shift).to_series()
    return local.dt.to_string(f"%Y-%m-%dT%H:%M:%S%.f{sign}{hours}:{minutes}")


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, dict | list):
        return json.dumps(value, default=str)
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
