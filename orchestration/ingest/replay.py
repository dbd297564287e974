"""Archived contents: loaded, gone from the landing folder, and to be judged by newer rules."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import polars as pl

from orchestration.ingest.landing import timestamp_in
from orchestration.ingest.raw_store import Content, TableFiles, frames
from orchestration.ingest.rows import Piece, distinct, match_headers, rows_as_json


def archived_contents(
    files: TableFiles, delivered: Mapping[str, str]
) -> Iterator[tuple[Content, Callable[[], "ArchivedRows"]]]:
    """The contents that older rules have judged and that cannot be read again.

    Args:
        files: of the table.
        delivered: hashes of what is in the landing folder, by batch.

    Yields:
        What is known of each under the rules of today, and what opens its rows.
    """
    version = files.table.version()
    for path, content in files.contents().items():
        is_there = delivered.get(content.batch) == content.content_hash
        named = _named_moment(content)
        if not is_there and (content.schema_version, content.extracted_at) != (version, named):
            open_rows = partial(ArchivedRows, files, path, content)
            yield replace(content, schema_version=version, extracted_at=named), open_rows


def _named_moment(content: Content) -> datetime:
    """The date of a content: what its name says, also where that could not be read earlier."""
    try:
        return timestamp_in(Path(content.batch).name) or content.extracted_at
    except ValueError:
        return content.extracted_at


class ArchivedRows:
    """The rows of a content as far as they are kept."""

    def __init__(self, files: TableFiles, path: Path, content: Content) -> None:
        """Say where they are.

        Args:
            files: of the table.
            path: the raw file.
            content: as older rules have judged it.
        """
        self.files, self.path, self.content = files, path, content
        self.table = files.table_of(content)
        self.headers, self.most_rows = content.headers, content.delivered
        self.above_header = content.above_header
        self.quarantined = files.beside(files.quarantine, content)

    def pieces(self) -> Iterator[Piece]:
        """All rows: typed where they were valid, else as delivered."""
        matched = match_headers(self.table, self.headers, self.content.file)
        columns = set(self.table.columns())
        for source in (self.path, self.files.beside(self.files.duplicates, self.content)):
            if source.exists():
                names = [name for name in pl.read_parquet_schema(source) if name in columns]
                for rows in frames(source, [*names, "_row_number"]):
                    yield rows["_row_number"], rows.drop("_row_number")
        if self.quarantined.exists():
            whole = self._whole_rows().unique("row_number", maintain_order=True)
            delivered = [json.loads(text) for text in whole["row_json"]]
            names = distinct(self.headers)
            yield (
                whole["row_number"],
                pl.DataFrame(
                    {
                        column: pl.Series(
                            [row.get(names[at]) for row in delivered], dtype=pl.String
                        )
                        for column, at in matched.items()
                    }
                ),
            )

    def as_json(self, numbers: pl.Series) -> dict[int, str]:
        """Rows of the quarantine as delivered, all others in the columns that the table knows."""
        names = distinct(self.headers)
        matched = match_headers(self.table, self.headers, self.content.file)
        rows: dict[int, str] = {}
        for found, piece in self.pieces():
            wanted = found.is_in(numbers.implode())
            kept = [column for column in matched if column in piece.columns]
            texts = rows_as_json(
                piece.filter(wanted).select(kept), [names[matched[column]] for column in kept]
            )
            rows |= dict(zip(found.filter(wanted), texts, strict=True))
        if self.quarantined.exists():
            whole = self._whole_rows()
            rows |= {number: text for number, text in whole.iter_rows() if number in rows}
        return rows

    def _whole_rows(self) -> pl.DataFrame:
        return pl.read_parquet(self.quarantined, columns=["row_number", "row_json"])
