"""Type and validate the rows of a raw table as its schema declares it (VAL-1)."""

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from schemas import grammar, user_fields
from schemas.base import REQUIRED, TYPE_RULES, RawTable
from schemas.forms import PLAIN, Forms
from schemas.suspicions import Suspicions

_AS_DELIVERED = " as delivered"
_BROKEN_RULES = {"row": pl.Int64, "column": pl.String, "rule": pl.String, "value": pl.String}


def judge(
    table: type[RawTable],
    delivered: pl.DataFrame,
    forms: Forms = PLAIN,
    seen: Suspicions | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Type and validate rows as delivered.

    Args:
        table: whose rows they are.
        delivered: columns by canonical name, of any type; optional ones may be missing.
        forms: by what values are read.
        seen: gathers what they give away of the whole file.

    Returns:
        All rows typed, in the table's column order, and the broken rules: one row per rule that a
        row breaks, with `row` (0-based position), `column`, `rule` and `value` (text as delivered;
        null for a rule over several columns).
    """
    typed: dict[str, pl.Series] = {}
    unread: dict[str, pl.Series] = {}
    for name, dtype in table.columns().items():
        if name in delivered.columns:
            column = grammar.Column(name, forms, seen)
            typed[name], unread[name] = grammar.parse(delivered[name], dtype, column)
        else:
            typed[name] = pl.repeat(None, delivered.height, dtype=dtype, eager=True)
    rows = pl.DataFrame(typed).with_columns(_normalised(table))
    rows = user_fields.fill(rows, delivered, forms, seen)
    unread = {name: texts for name, texts in unread.items() if texts.null_count() < len(texts)}
    return rows, _broken_rules(table, rows, unread, delivered)


def _normalised(table: type[RawTable]) -> list[pl.Expr]:
    expressions = []
    for name, column in table.schema().columns.items():
        metadata = column.metadata or {}
        value = pl.col(name)
        if metadata.get("zero_is_null"):
            value = pl.when(value != 0).then(value)
        if metadata.get("null_reads_as"):
            value = value.fill_null(metadata["null_reads_as"])
        if metadata.get("lower_case"):
            value = value.str.to_lowercase()
        expressions.append(value)
    return expressions


def _broken_rules(
    table: type[RawTable],
    rows: pl.DataFrame,
    unread: dict[str, pl.Series],
    delivered: pl.DataFrame,
) -> pl.DataFrame:
    # What could not be read travels beside the typed column, so that pandera refuses it too.
    beside = [texts.alias(f"{name}{_AS_DELIVERED}") for name, texts in unread.items()]
    companions = {
        f"{name}{_AS_DELIVERED}": pa.Column(
            pl.String,
            checks=pa.Check(_is_null, error=TYPE_RULES[table.columns()[name].base_type()]),
            nullable=True,
        )
        for name in unread
    }
    try:
        table.schema().add_columns(companions).validate(rows.with_columns(beside), lazy=True)
    except SchemaErrors as errors:
        cases: pl.DataFrame = errors.failure_cases
    else:
        return pl.DataFrame(schema=_BROKEN_RULES)
    if cases["index"].has_nulls():
        raise AssertionError(f"{table.__name__} was not typed as declared:\n{cases}")
    broken = cases.select(
        row=pl.col("index").cast(pl.Int64),
        column=pl.col("column").str.strip_suffix(_AS_DELIVERED),
        rule=pl.col("check").replace("not_nullable", REQUIRED),
    ).unique()
    # A value that cannot be read is not also "missing".
    unreadable = broken.filter(pl.col("rule").is_in(list(TYPE_RULES.values())))
    echoes = unreadable.select("row", "column", rule=pl.lit(REQUIRED))
    broken = broken.join(echoes, on=["row", "column", "rule"], how="anti")
    values = [
        found.with_columns(
            value=grammar.as_text(delivered[column].gather(found["row"]))
            if column in delivered.columns
            else pl.lit(None, pl.String)
        )
        for (column,), found in broken.group_by("column")
    ]
    return pl.concat(values).sort("row", "column", "rule")


def _is_null(data: pa.PolarsData) -> pl.LazyFrame:
    return data.lazyframe.select(pl.col(data.key).is_null())
