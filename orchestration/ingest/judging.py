"""The rows of a content, judged: valid ones, quarantined ones, duplicates, and how many of each.

What a valid row is belongs to `schemas`; whether too much is broken, to `guards`.
"""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import polars as pl

from orchestration.ingest.keys import key_hashes, twice
from orchestration.ingest.raw_store import Content, TableFiles, frames
from orchestration.ingest.rows import Piece
from schemas import RawTable
from schemas.forms import PLAIN, Forms
from schemas.suspicions import Suspicions
from schemas.validation import judge


@dataclass
class JudgedRows:
    """What the rows of a content came to, gathered piece by piece.

    The quarantined rows themselves are kept only as long as the content can still be accepted: a
    file that is broken from end to end would fill the memory with them.

    Attributes:
        table: the table of the rows.
        forms: by what their values are read.
        seen: what the values give away of the whole file; None for an archived content.
        broken: the rules that the kept rows break.
        rejected: number, key and measure of the kept rows.
        rules: how many rows break each rule, piece by piece.
        key_hashes: of the valid rows.
        delivered: rows so far.
        quarantined: rows that break a rule.
        measure_delivered: sum of the table's measure where it parses.
        measure_quarantined: the same of the quarantined rows.
    """

    table: type[RawTable]
    forms: Forms = PLAIN
    seen: Suspicions | None = None
    broken: list[pl.DataFrame] = field(default_factory=list)
    rejected: list[pl.DataFrame] = field(default_factory=list)
    rules: list[pl.DataFrame] = field(default_factory=list)
    key_hashes: list[pl.Series] = field(default_factory=list)
    delivered: int = 0
    quarantined: int = 0
    measure_delivered: Decimal = Decimal(0)
    measure_quarantined: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        """Look up what the table accounts for."""
        self.measure = self.table.control_total()

    def take(self, piece: Piece, most_kept: int) -> pl.DataFrame:
        """Judge a piece.

        Args:
            piece: row numbers and columns.
            most_kept: how many quarantined rows to keep before the first that is only counted.

        Returns:
            The valid rows, typed, with their numbers as `_row_number`.
        """
        numbers, delivered = piece
        if self.seen:
            self.seen.rows = numbers
        rows, broken = judge(self.table, delivered, self.forms, self.seen)
        rows = rows.with_columns(numbers.alias("_row_number"))
        self.delivered += rows.height
        self.measure_delivered += self._total(rows)
        if broken.height:
            rows = self._quarantine(rows, broken, most_kept)
        self.key_hashes.append(key_hashes(self.table, rows))
        return rows

    def _quarantine(self, rows: pl.DataFrame, broken: pl.DataFrame, most_kept: int) -> pl.DataFrame:
        """Note what is broken; returns the rows that are not."""
        is_broken = pl.int_range(rows.height, eager=True).is_in(broken["row"].implode())
        rejected = rows.filter(is_broken)
        self.rules.append(broken.group_by("column", "rule").len())
        if self.quarantined <= most_kept:
            measure = pl.col(self.measure) if self.measure else pl.lit(None)
            amount = measure.cast(pl.Decimal(38, 4)).alias("measure")
            self.rejected.append(rejected.select("_row_number", *self.table.key(), amount))
            self.broken.append(broken.with_columns(row=rows["_row_number"].gather(broken["row"])))
        self.quarantined += rejected.height
        self.measure_quarantined += self._total(rejected)
        return rows.filter(~is_broken)

    def _total(self, rows: pl.DataFrame) -> Decimal:
        return Decimal(rows[self.measure].sum() or 0) if self.measure else Decimal(0)

    def counted(self, content: Content) -> Content:
        """The content with what its rows came to, duplicates among the loaded ones."""
        content = replace(
            content,
            delivered=self.delivered,
            loaded=self.delivered - self.quarantined,
            quarantined=self.quarantined,
            shaped_by=sorted(self.seen.shaped_by) if self.seen else content.shaped_by,
        )
        if not self.measure:
            return content
        return replace(
            content,
            measure_delivered=self.measure_delivered,
            measure_loaded=self.measure_delivered - self.measure_quarantined,
            measure_quarantined=self.measure_quarantined,
            measure_duplicates=Decimal(0),
        )

    def most_broken(self) -> str:
        """The three rules that most rows break, in words."""
        top = (
            pl.concat(self.rules)
            .group_by("column", "rule")
            .sum()
            .sort("len", "column", "rule", descending=[True, False, False])
        )
        return ", ".join(
            f"{column}: {rule} ({count:,})" for column, rule, count in top.head(3).iter_rows()
        )

    def rejects(self, files: TableFiles, content: Content, run_id: str) -> pl.DataFrame:
        """The broken rules of the kept rows as the quarantine has them, without the whole rows."""
        if not self.broken:
            return pl.from_arrow(files.quarantine_schema().empty_table())  # type: ignore[return-value]
        rejected = pl.concat(self.rejected).rename({"_row_number": "row_number"})
        broken = pl.concat(self.broken).rename(
            {"row": "row_number", "column": "column_name", "value": "offending_value"}
        )
        return (
            broken.join(rejected, on="row_number", maintain_order="left")
            .with_columns(
                source=pl.lit(content.source),
                table_name=pl.lit(content.table_name),
                batch=pl.lit(content.batch),
                content_hash=pl.lit(content.content_hash),
                schema_version=pl.lit(content.schema_version),
                run_id=pl.lit(run_id),
                row_json=pl.lit(None, pl.String),
            )
            .select(files.quarantine_schema().names)
            .sort("row_number", "column_name", "rule")
        )

    def duplicates(self, raw_file: Path) -> pl.DataFrame:
        """The rows of the raw file that a later one of the same key replaces.

        Returns:
            Their numbers, keys and measure.
        """
        suspects = twice(self.key_hashes)  # different keys may have one hash
        columns = ["_row_number", *self.table.key(), *filter(None, [self.measure])]
        found = pl.concat(
            rows.filter(key_hashes(self.table, rows).is_in(suspects.implode()))
            for rows in frames(raw_file, columns)
        )
        newest = pl.col("_row_number").max().over(self.table.key_values())
        return found.filter(pl.col("_row_number") != newest)

    def without_duplicates(self, content: Content, doubled: pl.DataFrame) -> Content:
        """The content with its duplicates counted apart."""
        loaded = content.loaded - doubled.height
        content = replace(content, loaded=loaded, duplicates=doubled.height)
        if content.measure_loaded is None:
            return content
        amount = self._total(doubled)
        return replace(
            content, measure_loaded=content.measure_loaded - amount, measure_duplicates=amount
        )
