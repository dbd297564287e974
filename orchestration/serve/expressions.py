"""SQL of single metrics: the formula of percentages, and each metric as one expression."""

from collections.abc import Mapping

from orchestration.serve.definitions import Metric


def percentage(part: str, whole: str, *, is_null_without_whole: bool = False) -> str:
    """100 * part / whole as the dbt macro `percentage` has it, in whole numbers (MRT-2).

    Args:
        part: SQL above the line, with four decimals at most.
        whole: SQL below it, likewise.
        is_null_without_whole: whether it is null, not 0, where the whole is not above 0.
    """
    parts = f"cast(cast({part} as decimal(38, 4)) * 10000 as hugeint)"
    wholes = f"cast(cast({whole} as decimal(38, 4)) * 10000 as hugeint)"
    nothing = "null" if is_null_without_whole else "cast(0 as decimal(18, 2))"
    return (
        f"case when coalesce({whole}, 0) <= 0 then {nothing} else cast(cast(sign({parts}) * "
        f"least(999999999999999999, (2 * 10000 * abs({parts}) + {wholes}) // (2 * {wholes})) "
        "as decimal(18, 0)) * cast(0.01 as decimal(2, 2)) as decimal(18, 2)) end"
    )


def expression(metric: Metric, metrics: Mapping[str, Metric]) -> str:
    """A metric as one SQL expression on its mart, for a select list with or without groups."""
    if metric.formula:
        part, whole = (expression(metrics[name], metrics) for name in metric.inputs)
        return percentage(part, whole, is_null_without_whole=metric.is_null_when_empty)
    if metric.last_of:
        last = (
            f"({metric.last_key}, {metric.last_of}) in (select ({metric.last_key}, "  # noqa: S608
            f"max({metric.last_of})) from marts.{metric.source.mart} group by {metric.last_key})"
        )
        return f"coalesce(sum({metric.row}) filter (where {last}), 0)"
    if metric.aggregate == "count_distinct":
        return f"count(distinct {metric.row})"
    if metric.aggregate == "sum" and not metric.is_null_when_empty:
        return f"coalesce(sum({metric.row}), 0)"
    return f"{metric.aggregate}({metric.row})"
