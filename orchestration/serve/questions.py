"""What somebody asks of the metrics, checked against the definitions (rules: metrics.md).

A question that cannot be answered rightly is refused by name, with what would be right.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from orchestration.serve.definitions import GRAINS, Definitions, Dimension, Metric

COMPARED = ("=", "!=", "<", "<=", ">", ">=")
LISTED = ("in", "not in")
BARE = ("is null", "is not null")
CONTAINS = "contains"
OPERATORS = (*COMPARED, *LISTED, *BARE, CONTAINS)
WORDS = {
    "true": True,
    "yes": True,
    "1": True,
    "false": False,
    "no": False,
    "0": False,
}
MOST_VALUES = 100
LONGEST_VALUE = 1000


class QuestionError(ValueError):
    """A question that has no right answer; the message says what would have one."""


@dataclass(frozen=True)
class Filter:
    """A condition on a dimension.

    Attributes:
        dimension: its name, or that of the column beside it, such as company_name.
        operator: one of `OPERATORS`.
        values: what it is compared with, typed.
    """

    dimension: str
    operator: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Question:
    """A checked question.

    Attributes:
        metrics: what is asked.
        by: what it is cut by.
        filters: which lines count.
        since: the first day that counts.
        until: the last day that counts.
        order: names of metrics or dimensions, and whether the largest comes first.
        limit: most rows of the answer; None for all.
    """

    metrics: tuple[Metric, ...]
    by: tuple[Dimension, ...] = ()
    filters: tuple[Filter, ...] = ()
    since: date | None = None
    until: date | None = None
    order: tuple[tuple[str, bool], ...] = ()
    limit: int | None = None


def ask(
    definitions: Definitions,
    metrics: Sequence[str],
    by: Sequence[str] = (),
    filters: Sequence[Mapping[str, Any]] = (),
    since: str | date | None = None,
    until: str | date | None = None,
    order: Sequence[str] = (),
    limit: int | None = None,
) -> Question:
    """Check a question.

    Args:
        definitions: what can be asked.
        metrics: names of metrics.
        by: names of dimensions.
        filters: each with `dimension`, `operator` and `value`.
        since: first day that counts.
        until: last day that counts.
        order: names to sort by; a `-` before one puts the largest first.
        limit: most rows.

    Raises:
        QuestionError: it cannot be answered rightly.
    """
    offered = {metric.name: metric for metric in definitions.offered}
    if not metrics:
        raise QuestionError("Name at least one metric, such as exposed_amount.")
    asked = [_known("metric", name, offered) for name in dict.fromkeys(metrics)]
    cuts = [_dimension(definitions, name) for name in dict.fromkeys(by)]
    cuts = list(dict.fromkeys(cuts))
    question = Question(
        tuple(asked),
        tuple(cuts),
        tuple(_filter(definitions, told) for told in filters),
        _day("SINCE", since),
        _day("UNTIL", until),
        tuple(_order(name, asked, cuts, definitions) for name in order),
        limit,
    )
    if limit is not None and limit < 1:
        raise QuestionError(f"The limit is {limit}; it must be at least 1.")
    _check_cuts(question, definitions)
    _check_dates(question)
    return question


def nearest(name: str, known: Collection[str]) -> str:
    """Name what somebody may have meant."""
    near = difflib.get_close_matches(name.lower(), known, 3, 0.5)
    near += [one for one in sorted(known) if name.lower() in one and one not in near][:3]
    if near:
        return f"Did you mean {_listed(near[:4])}?"
    return f"There are: {', '.join(sorted(known))}."


def shown(name: object) -> str:
    """A name as it was given, short enough for a message."""
    text = repr(name)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _known(what: str, name: str, known: Mapping[str, Metric]) -> Metric:
    found = known.get(name)
    if found is None:
        raise QuestionError(f"There is no {what} {shown(name)}. {nearest(str(name), known.keys())}")
    return found


def _aliases(definitions: Definitions) -> dict[str, Dimension]:
    """Every name that a dimension can be cut by: its own, and those of its columns."""
    named = {}
    for dimension in definitions.dimensions.values():
        for name in (dimension.key, dimension.name_column):
            if name:
                named[name] = dimension
    return named | dict(definitions.dimensions)


def _dimension(definitions: Definitions, name: str) -> Dimension:
    found = _aliases(definitions).get(name)
    if found is None:
        if name in definitions.metrics:
            raise QuestionError(f"{name} is a metric; cut by a dimension, such as company.")
        raise QuestionError(
            f"There is no dimension {shown(name)}. {nearest(str(name), definitions.dimensions)}"
        )
    return found


def _filter(definitions: Definitions, told: Mapping[str, Any]) -> Filter:
    if unknown := sorted(told.keys() - {"dimension", "operator", "value"}):
        raise QuestionError(f"A filter has dimension, operator and value, not {shown(unknown[0])}.")
    name = str(told.get("dimension", ""))
    dimension = _dimension(definitions, name)
    is_name = name == dimension.name_column
    operator = re.sub(r"\s+", " ", str(told.get("operator", "=")).strip().lower())
    operator = {"==": "=", "<>": "!=", "is": "=", "is not": "!="}.get(operator, operator)
    if operator not in OPERATORS:
        raise QuestionError(
            f"There is no operator {shown(operator)}. There are: {', '.join(OPERATORS)}."
        )
    kind = "text" if is_name else dimension.type
    if operator in ("<", "<=", ">", ">=") and kind not in ("date", "integer"):
        raise QuestionError(f"{name} is no number or date: compare it with =, !=, in or not in.")
    if operator == CONTAINS and kind != "text":
        hint = f"{dimension.name_column} has text" if dimension.name_column else "compare with ="
        raise QuestionError(f"{name} is no text, so it contains none: {hint}.")
    value = told.get("value")
    if operator in BARE:
        return Filter(name if is_name else dimension.name, operator)
    values = value if isinstance(value, (list, tuple)) else [value]
    if operator in LISTED and isinstance(value, str):
        inner = re.sub(r"^\((.*)\)$", r"\1", value.strip(), flags=re.DOTALL)
        values = [one.strip() for one in re.findall(r"(?:'[^']*'|\"[^\"]*\"|[^,])+", inner)]
    if any(one is None or str(one).lower() == "null" for one in values):
        raise QuestionError(f"To find lines without {name}, use the operator 'is null'.")
    if operator not in LISTED and len(values) != 1:
        raise QuestionError(f"{operator} takes one value; for several use 'in'.")
    if not 0 < len(values) <= MOST_VALUES:
        raise QuestionError(f"'{operator}' takes 1 to {MOST_VALUES} values, not {len(values)}.")
    typed = tuple(_typed(name, kind, one) for one in values)
    if operator in ("=", "!=", *LISTED):
        for day in typed:
            _check_start(name, day)
    return Filter(name if is_name else dimension.name, operator, typed)


def _typed(name: str, kind: str, value: Any) -> Any:
    text = str(value).strip()
    if len(text) > LONGEST_VALUE or "\0" in text:
        raise QuestionError(f"{name}: a value has at most {LONGEST_VALUE} characters and no NUL.")
    quoted = re.fullmatch(r"'(.*)'|\"(.*)\"", text, re.DOTALL)
    if quoted and isinstance(value, str):
        text = quoted[1] if quoted[1] is not None else quoted[2]
    if kind == "boolean":
        if text.lower() not in WORDS:
            raise QuestionError(f"{name} is true or false, not {shown(value)}.")
        return WORDS[text.lower()]
    if kind == "integer":
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            raise QuestionError(
                f"{name} is compared with an id, a whole number, not {shown(value)}; to search by "
                f"name, filter on {name.removesuffix('_id')}_name."
            )
        return int(text)
    if kind == "date":
        if not text:
            raise QuestionError(f"{name} is a date such as 2026-11-20, not empty.")
        return _day(name, text)
    return text


def _day(name: str, text: str | date | None) -> date | None:
    if not text:
        return None
    if isinstance(text, date):
        return text
    try:
        return date.fromisoformat(str(text).strip("'\""))
    except ValueError:
        raise QuestionError(f"{name} is a date such as 2026-11-20, not {shown(text)}.") from None


def _check_start(name: str, day: Any) -> None:
    """MET-6: a period is compared by its first day; any other day would silently find nothing."""
    starts = {
        "week": lambda: day - timedelta(days=day.weekday()),
        "month": lambda: day.replace(day=1),
        "quarter": lambda: day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
        "year": lambda: day.replace(month=1, day=1),
    }
    if name in starts and day != (start := starts[name]()):
        raise QuestionError(
            f"A {name} is compared by its first day: {start}, not {day}. For any days use SINCE "
            "and UNTIL."
        )


def _order(
    name: str, asked: Iterable[Metric], cuts: Iterable[Dimension], definitions: Definitions
) -> tuple[str, bool]:
    bare = name.removeprefix("-").strip()
    known = {metric.name for metric in asked}
    aliases = _aliases(definitions)
    if bare not in known and bare in aliases and aliases[bare] in cuts:
        return aliases[bare].name, name.startswith("-")
    if bare not in known:
        named = sorted(known | {cut.name for cut in cuts})
        raise QuestionError(
            f"Sort by what is asked for, not by {shown(bare)}: {', '.join(named)}; - before a name "
            "puts the largest first."
        )
    return bare, name.startswith("-")


def _check_cuts(question: Question, definitions: Definitions) -> None:
    """MET-4: no metric is cut by what would multiply its rows."""
    names = [cut.name for cut in question.by]
    aliases = _aliases(definitions)
    names += [aliases[told.dimension].name for told in question.filters]
    for metric in question.metrics:
        for name in dict.fromkeys(names):
            if name not in metric.dimensions:
                others = [one.name for one in definitions.offered if name in one.dimensions]
                raise QuestionError(
                    f"{metric.name} cannot be cut by {name}: the rows of {metric.source.mart} have "
                    f"none, or several each, which would multiply them. {metric.name} can be cut "
                    f"by: {', '.join(metric.dimensions)}. By {name} can be cut: "
                    f"{', '.join(others)}."
                )
        if (question.since or question.until) and not metric.source.date:
            raise QuestionError(
                f"{metric.name} has no date to be limited by: leave SINCE and UNTIL out. It can be "
                f"cut by: {', '.join(metric.dimensions)}."
            )


def _check_dates(question: Question) -> None:
    """MET-5: balances by date only a PO at a time; what is kept by month, by whole months."""
    if question.since and question.until and question.since > question.until:
        raise QuestionError(
            f"SINCE {question.since} is after UNTIL {question.until}, so no day is left."
        )
    for metric in question.metrics:
        dated = [cut.name for cut in question.by if cut.name in GRAINS]
        dated += [
            told.dimension
            for told in question.filters
            if told.dimension in GRAINS and told.operator not in ("<", "<=")
        ]
        dated += ["SINCE"] if question.since else []
        if metric.last_of and dated and metric.last_per not in [cut.name for cut in question.by]:
            raise QuestionError(
                f"{metric.name} with {dated[0]} needs {metric.last_per} to be cut by, too: one "
                f"without activity in a month has no row there, so that sums would miss it. For "
                f"amounts by {dated[0] if dated[0] in GRAINS else 'month'} ask burn_amount; for "
                f"{metric.name} up to a day use UNTIL."
            )
        if metric.source.date and metric.source.finest == "month":
            after = None
            if question.until and question.until < date.max:
                after = question.until + timedelta(days=1)
            if (question.since and question.since.day != 1) or (after and after.day != 1):
                raise QuestionError(
                    f"{metric.name} is kept by month: SINCE must be the first day of a month and "
                    "UNTIL the last."
                )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
