"""Questions as SQL: MetricFlow compiles what is of one mart, and this joins it (metrics.md).

MetricFlow joins metrics by `=`, which tears the lines without a PO or company apart, and computes
percentages in subqueries that it joins likewise. So it is asked for sums and counts of one mart at
a time, which need no such join; percentages are computed on these by their own formula.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metricflow.engine.metricflow_engine import (
    MetricFlowEngine,
    MetricFlowQueryRequest,
    OutputColumnOrderMode,
)
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantic_interfaces.implementations.semantic_manifest import (
    PydanticSemanticManifest,
)
from metricflow_semantic_interfaces.transformations.pydantic_rule_set import (
    PydanticSemanticManifestTransformRuleSet,
)
from metricflow_semantic_interfaces.transformations.semantic_manifest_transformer import (
    PydanticSemanticManifestTransformer,
)
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

from orchestration.serve.definitions import DATE, GRAINS, HOURS, MONEY, PERCENT, Metric, Source
from orchestration.serve.questions import BARE, CONTAINS, LISTED, Filter, Question

# It tells of every metric that dbt has made of a measure.
logging.getLogger("metricflow_semantic_interfaces").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Column:
    """A column of an answer: a dimension when it has no unit."""

    name: str
    label: str
    unit: str | None = None


@dataclass(frozen=True)
class Statement:
    """A compiled question; the values of its filters travel as parameters."""

    sql: str
    parameters: dict[str, Any]
    columns: tuple[Column, ...]


class _Renderer:
    """As much of a database as MetricFlow needs to write SQL for it."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()


class Compiler:
    """MetricFlow with the definitions of one generation."""

    def __init__(self, manifest: Path) -> None:
        """Load the semantic manifest that dbt has written."""
        told = PydanticSemanticManifest.parse_raw(manifest.read_text(encoding="utf-8"))
        rules = PydanticSemanticManifestTransformRuleSet().all_rules
        lookup = SemanticManifestLookup(PydanticSemanticManifestTransformer.transform(told, rules))
        self._engine = MetricFlowEngine(lookup, _Renderer())  # type: ignore[arg-type]

    def linkable(self, metric: str) -> set[str]:
        """What MetricFlow itself would cut a metric by."""
        found = self._engine.simple_dimensions_for_metrics([metric], [])
        entities = self._engine.entities_for_metrics([metric])
        return {one.dunder_name for one in found} | {one.name for one in entities}

    def compile(self, question: Question, metrics: dict[str, Metric]) -> Statement:
        """Write a question as one SQL statement."""
        parameters: dict[str, Any] = {}
        parts: dict[tuple[str, str], list[Metric]] = {}
        for name in dict.fromkeys(one for metric in question.metrics for one in metric.inputs):
            metric = metrics[name]
            # A balance picks its rows by itself, so it cannot share a query.
            key = (metric.source.name, metric.name if metric.last_of else "")
            parts.setdefault(key, []).append(metric)
        compiled = [
            self._part(question, inputs[0].source, inputs, parameters) for inputs in parts.values()
        ]
        keys = [name for cut in question.by for name in (cut.key, cut.name_column) if name]
        figures = [
            f"{_figure(metric)} as {metric.name}" for inputs in parts.values() for metric in inputs
        ]
        ctes = [f"part_{number} as (\n{sql}\n)" for number, sql in enumerate(compiled)]
        ctes += _joined(len(compiled), keys, figures)
        answered = [
            f"{metric.formula} as {metric.name}" if metric.formula else metric.name
            for metric in question.metrics
        ]
        with_clause = ",\n".join(ctes)
        sql = f"with {with_clause}\nselect {', '.join([*keys, *answered])}\nfrom figures"
        if order := _order(question):
            sql += f"\norder by {', '.join(order)}"
        if question.limit is not None:
            sql += f"\nlimit {question.limit:d}"
        columns = [
            Column(name, cut.label if name == (cut.name_column or cut.key) else f"{cut.label} (id)")
            for cut in question.by
            for name in (cut.key, cut.name_column)
            if name
        ]
        columns += [Column(metric.name, metric.label, metric.unit) for metric in question.metrics]
        return Statement(sql, parameters, tuple(columns))

    def _part(
        self, question: Question, source: Source, inputs: list[Metric], parameters: dict[str, Any]
    ) -> str:
        """The sums and counts of one mart; its columns are named as in the answer."""
        wanted = [(cut.key, source.elements[cut.name]) for cut in question.by]
        wanted += [
            (cut.name_column, source.elements[cut.name_column])
            for cut in question.by
            if cut.name_column
        ]
        sql = self._engine.explain(
            MetricFlowQueryRequest.create(
                metric_names=[metric.name for metric in inputs],
                group_by_names=[element for _, element in wanted],
                where_constraints=list(_conditions(question, source, parameters)),
                output_column_order_mode=OutputColumnOrderMode.INPUT_ORDER,
            )
        ).sql_statement.sql
        if "FULL OUTER JOIN" in sql:  # it would tear null groups apart
            names = ", ".join(metric.name for metric in inputs)
            raise RuntimeError(f"{names} were compiled with a join of groups")
        dates = {cut.key for cut in question.by if cut.name in GRAINS}
        named = [
            f"cast({element} as date) as {name}" if name in dates else f"{element} as {name}"
            for name, element in wanted
        ]
        named += [metric.name for metric in inputs]
        return f"select {', '.join(named)} from (\n{sql}\n)"  # noqa: S608 - names of ours


def _conditions(question: Question, source: Source, parameters: dict[str, Any]) -> Iterable[str]:
    """The filters as MetricFlow takes them: its templates, our operators, values by name."""

    def parameter(value: Any) -> str:
        name = f"p{len(parameters)}"
        parameters[name] = value
        return f"${name}"

    for told in question.filters:
        yield _condition(told, _template(told.dimension, source), parameter)
    day = _template("day", source) if source.date else ""
    if question.since:
        yield f"{day} >= {parameter(question.since)}"
    if question.until:
        yield f"{day} <= {parameter(question.until)}"


def _condition(told: Filter, element: str, parameter: Any) -> str:
    """Rows without a value are unlike every value, so != and `not in` keep them (MET-6)."""
    if told.operator in BARE:
        return f"{element} {told.operator}"
    names = [parameter(value) for value in told.values]
    if told.operator == "in":
        return f"{element} in ({', '.join(names)})"
    if told.operator in LISTED:
        return f"coalesce({element} not in ({', '.join(names)}), true)"
    if told.operator == CONTAINS:
        return f"contains(lower({element}), lower({names[0]}))"
    operator = "is distinct from" if told.operator == "!=" else told.operator
    return f"{element} {operator} {names[0]}"


def _template(name: str, source: Source) -> str:
    if name in GRAINS:
        element, kind = f"{source.elements['date']}', '{name}", "TimeDimension"
    else:
        element = source.elements[name]
        kind = "Entity" if name in source.entities else "Dimension"
    return f"{{{{ {kind}('{element}') }}}}"


def _figure(metric: Metric) -> str:
    """A sum or count as it is told: of nothing it is 0, counts are whole numbers (MET-3)."""
    told = metric.name if metric.is_null_when_empty else f"coalesce({metric.name}, 0)"
    is_count = metric.unit not in (MONEY, HOURS, DATE, PERCENT)
    return f"cast({told} as bigint)" if is_count else told


def _joined(count: int, keys: list[str], figures: list[str]) -> list[str]:
    """The parts side by side; two groups without a value are one group."""
    if count == 1:
        return [f"figures as (\nselect {', '.join([*keys, *figures])}\nfrom part_0\n)"]
    if not keys:
        joined = " cross join ".join(f"part_{number}" for number in range(count))
        return [f"figures as (\nselect {', '.join(figures)}\nfrom {joined}\n)"]
    chosen = ", ".join(keys)
    groups = " union ".join(f"select {chosen} from part_{n}" for n in range(count))  # noqa: S608
    joins = "".join(
        f"\nleft join part_{n} on "
        + " and ".join(f"groups_of_all.{key} is not distinct from part_{n}.{key}" for key in keys)
        for n in range(count)
    )
    told = [*(f"groups_of_all.{key}" for key in keys), *figures]
    return [
        f"groups_of_all as (\n{groups}\n)",
        f"figures as (\nselect {', '.join(told)}\nfrom groups_of_all{joins}\n)",
    ]


def _order(question: Question) -> list[str]:
    """As asked; else dates first to last, else the largest of the first metric first."""
    wanted = list(question.order)
    dated = [cut.name for cut in question.by if cut.name in GRAINS]
    if not wanted and question.by:
        wanted = [(name, False) for name in dated] or [(question.metrics[0].name, True)]
    cuts = {cut.name: cut for cut in question.by}
    told = []
    for name, is_descending in [*wanted, *((name, False) for name in cuts)]:
        direction = "desc" if is_descending else "asc"
        cut = cuts.get(name)
        terms = [name]
        if cut and cut.order:
            ranks = " ".join(f"when '{value}' then {n}" for n, value in enumerate(cut.order))
            terms = [f"case {cut.key} {ranks} end", cut.key]
        elif cut:
            terms = [one for one in (cut.name_column, cut.key) if one]
        told += [f"{term} {direction} nulls last" for term in terms]
    return told
