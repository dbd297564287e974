"""`make ask`: metrics for people, as a table, CSV or JSON (rules: metrics.md)."""

import csv
import io
import re
from typing import Any

from rich.console import Console
from rich.table import Table

from orchestration.serve.answers import Answer, Answers, as_json
from orchestration.serve.child import Child
from orchestration.serve.definitions import HOURS, MONEY, PERCENT, Definitions
from orchestration.serve.questions import OPERATORS, QuestionError, ask
from orchestration.settings import Settings

FORMATS = ("table", "csv", "json")
# Longest first, so that `<=` is not read as `<`.
CONDITION = re.compile(
    r"\s*(?P<dimension>\w+)\s*(?P<operator>is\s+not\s+null|is\s+null|not\s+in\b|in\b|contains\b|"
    r"is\s+not\b|is\b|<=|>=|!=|<>|==|=|<|>)\s*(?P<value>.*?)\s*",
    re.IGNORECASE | re.DOTALL,
)


def answer(
    settings: Settings,
    metrics: str,
    by: str = "",
    where: str = "",
    since: str = "",
    until: str = "",
    order: str = "",
    limit: str = "",
    form: str = "table",
) -> str:
    """Answer a question of the prompt, or list what can be asked when there is none.

    Raises:
        QuestionError: it cannot be answered rightly.
        NothingPublishedError: nothing is published.
    """
    if form not in FORMATS:
        raise QuestionError(f"FORMAT is {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, not {form!r}.")
    child = Child(seconds=None)
    answers = Answers(settings, child)
    snapshot = answers.current()
    child.start()  # while MetricFlow loads
    try:
        definitions = answers.definitions(snapshot)
        if not metrics:
            return listing(definitions)
        if limit and not re.fullmatch("[0-9]{1,9}", limit):
            raise QuestionError(f"LIMIT is a whole number, not {limit!r}, of nine digits at most.")
        question = ask(
            definitions,
            _names(metrics),
            _names(by),
            conditions(where),
            since,
            until,
            _names(order),
            int(limit) if limit else None,
        )
        return told(answers.ask(snapshot, question), form, settings.currency)
    finally:
        child.stop()


def conditions(where: str) -> list[dict[str, Any]]:
    """Split `po_required = true and company in 174, 175` into filters.

    Raises:
        QuestionError: a part is no condition.
    """
    found = []
    for part in _parts(where):
        condition = CONDITION.fullmatch(part)
        if condition is None:
            raise QuestionError(
                f"WHERE is a dimension, an operator and a value, such as po_required = true, with "
                f"'and' between several; not {part!r}. Operators: {', '.join(OPERATORS)}."
            )
        operator = " ".join(condition["operator"].lower().split())
        bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", condition["value"])
        if "'" in bare or '"' in bare:
            raise QuestionError(
                f"A quote is open in {part!r}; put such a value into the other kind."
            )
        if re.search(r"(?i)(?<!\w)or(?!\w)", bare) or (operator.endswith("null") and bare):
            raise QuestionError(
                f"{part!r} is no single condition: there is only 'and'; for several values use "
                "'in', and put a value that holds the word or into quotes."
            )
        found.append(
            {
                "dimension": condition["dimension"],
                "operator": operator,
                "value": None if operator.endswith("null") else condition["value"],
            }
        )
    return found


def _parts(where: str) -> list[str]:
    """What stands between `and`, outside of quotes."""
    parts = [""]
    for quoted, bare in re.findall(r"('[^']*'|\"[^\"]*\")|([^'\"]+|['\"])", where.strip()):
        first, *more = [quoted] if quoted else re.split(r"(?i)(?<!\w)and(?!\w)", bare)
        parts[-1] += first
        parts += more
    return parts if where.strip() else []


def listing(definitions: Definitions) -> str:
    """All metrics and dimensions, for the prompt."""
    metrics = _table("metric", "unit", "what it is", "cut by")
    for metric in sorted(definitions.offered, key=lambda one: (one.source.name, one.name)):
        metrics.add_row(metric.name, metric.unit, metric.description, ", ".join(metric.dimensions))
    dimensions = _table("dimension", "what it is")
    for dimension in definitions.dimensions.values():
        dimensions.add_row(dimension.name, dimension.description)
    example = (
        'make ask METRICS=exposed_amount BY=company WHERE="po_required = true"\n'
        "Further: SINCE=2026-01-01 UNTIL=2026-06-30 ORDER=-exposed_amount LIMIT=10 "
        "FORMAT=table|csv|json"
    )
    return f"{_printed(metrics)}\n{_printed(dimensions)}\n{example}"


def told(answer: Answer, form: str, currency: str) -> str:
    """An answer as a table, CSV or JSON."""
    names = [column.name for column in answer.columns]
    if form == "csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(answer.found.rows)
        return text.getvalue().rstrip("\n")
    if form == "json":
        return as_json(
            {
                "generation": answer.snapshot.id,
                "as_of_date": answer.snapshot.as_of_date,
                "units": units(answer, currency),
                "rows": [dict(zip(names, row, strict=True)) for row in answer.found.rows],
            }
        )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in answer.columns:
        label = f"{column.label}{_suffix(column.unit, currency)}"
        table.add_column(label, justify="right" if column.unit else "left")
    for row in answer.found.rows:
        cells = zip(row, answer.columns, strict=True)
        table.add_row(*(_shown(value, column.unit) for value, column in cells))
    count = len(answer.found.rows)
    return (
        f"{_printed(table)}\n{count} row{'' if count == 1 else 's'}. As of "
        f"{answer.snapshot.as_of_date}, generation {answer.snapshot.id}"
    )


def units(answer: Answer, currency: str) -> dict[str, str]:
    """The unit of each metric of an answer; that of money is the currency."""
    return {
        column.name: currency if column.unit == MONEY else column.unit
        for column in answer.columns
        if column.unit
    }


def _names(text: str) -> list[str]:
    return [name for name in re.split(r"[,\s]+", text.strip()) if name]


def _suffix(unit: str | None, currency: str) -> str:
    return {MONEY: f" ({currency})", HOURS: " (h)", PERCENT: " (%)"}.get(unit or "", "")


def _shown(value: Any, unit: str | None) -> str:
    if value is None:
        return "-"
    if unit in (MONEY, HOURS, PERCENT):
        return f"{float(value):,.2f}"
    if unit and isinstance(value, int):
        return f"{value:,}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=column == columns[0], overflow="fold")
    return table


def _printed(table: Table) -> str:
    console = Console(file=io.StringIO(), width=_width(), highlight=False, markup=False)
    console.print(table)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines())


def _width() -> int:
    """That of the terminal; wide where there is none, so that nothing is cut in a file."""
    terminal = Console()
    return terminal.width if terminal.is_terminal else 160
