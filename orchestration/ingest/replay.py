"""Archived contents: loaded, gone from the landing folder, and to be judged by newer rules."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from orchestration.ingest.landing import timestamp_in
from orchestration.ingest.raw_store import Content, TableFiles, frames
from orchestration.ingest.readers.json_files import Literal
from orchestration.ingest.rows import Piece, distinct, match_headers, rows_as_json
from schemas import user_fields
from schemas.grammar import with_literals

# What of the forms of a content is said by which setting.
SETTINGS = {
    "decimal_mark": "PSA_DECIMAL_MARK",
    "date_order": "PSA_DATE_ORDER",
    "zone": "PSA_SOURCE_TIMEZONE",
    "po_fields": "PSA_PO_FIELDS",
    "po_required_field": "PSA_PO_REQUIRED_FIELD",
}


def archived_contents(
    files: TableFiles, delivered: Mapping[str, str]
) -> Iterator[tuple[Content, Callable[[], "ArchivedRows"]]]:
    """The contents that older rules have judged and that cannot be read again.

    Args:
        files: of the table.
        delivered: hashes of what is in the landing folder, by batch.

    Yields:
        What is known of each under the rules of today, and what opens its rows. It is read by the
        settings that it was read by first.
    """
    for path, content in files.contents().items():
        version = files.table.version(content.forms)
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


def read_otherwise(files: TableFiles, delivered: Mapping[str, str]) -> Iterator[str]:
    """Name the archived contents that the settings of today would read to other values (VAL-5)."""
    for content in files.contents().values():
        if delivered.get(content.batch) == content.content_hash:
            continue
        then, now = content.forms.identity(), files.forms(content.batch).identity()
        asked = [*files.forms(content.batch).po_fields, now["po_required_field"] or ""]
        names = {name for name in SETTINGS if then[name] != now[name]}
        shaped = names & {*content.shaped_by}
        if user_fields.any_of(asked, content.headers):
            shaped |= names & {"po_fields", "po_required_field"}
        if shaped:
            changed = " and ".join(SETTINGS[name] for name in SETTINGS if name in shaped)
            yield (
                f"{content.file}: {changed} would read it otherwise today; it is no longer in the "
                "landing folder and keeps the values that it was loaded with. Put the file back to "
                "have it read anew."
            )


class ArchivedRows:
    """The rows of a content as far as they are kept."""

    is_whole = False

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
            delivered = [_as_delivered(text) for text in whole["row_json"]]
            names = distinct(self.headers)

            def column(at: int) -> pl.Series:
                values = [row.get(names[at]) for row in delivered]
                are_literals = [value is not None and type(value) is not str for value in values]
                return with_literals([_text(value) for value in values], are_literals)

            fields = user_fields.wanted(self.content.forms, self.headers)
            yield (
                whole["row_number"],
                pl.DataFrame(
                    {name: column(at) for name, at in matched.items()}
                    | user_fields.columns(fields, self.headers, column)
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


def _as_delivered(row: str) -> dict[str, Any]:
    """A quarantined row, numbers as they were written."""
    literal: dict[str, Any] = dict.fromkeys(("parse_int", "parse_float", "parse_constant"), Literal)
    found: dict[str, Any] = json.loads(row, **literal)
    return found


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) or value is None else json.dumps(value)
