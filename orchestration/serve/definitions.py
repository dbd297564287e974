"""The metrics as dbt's semantic models define them: what can be asked, and by what it can be cut.

Rules: metrics.md. Here belongs what follows from the definitions alone; nothing opens a database,
and MetricFlow is not needed.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = "semantic_manifest.json"
GRAINS = ("day", "week", "month", "quarter", "year")
MONEY, HOURS, DATE, PERCENT = "money", "hours", "date", "percent"


@dataclass(frozen=True)
class Dimension:
    """Something that metrics can be cut by.

    Attributes:
        name: as it is asked for.
        label: what people call it.
        description: what it is.
        type: of its values: text, integer, boolean or date.
        key: the column of the answer that holds it.
        name_column: the column beside it that people read, if the key is a bare id.
        order: its values in the order that they are shown in; empty for that of the alphabet.
    """

    name: str
    label: str
    description: str
    type: str = "text"
    key: str = ""
    name_column: str | None = None
    order: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """A semantic model: a mart, and how its columns are reached.

    Attributes:
        name: of the semantic model.
        mart: the table.
        description: what a row is about.
        date: the column that dates its rows; None when it has none to cut by.
        finest: the finest grain of that date.
        columns: names of dimensions, and of the columns beside them -> SQL over the mart.
        joined: those of them that another mart has -> (its name, its column, the key in both).
        elements: the same names -> what MetricFlow calls them.
        entities: those of these names that are ids of something.
    """

    name: str
    mart: str
    description: str
    date: str | None
    finest: str
    columns: Mapping[str, str]
    joined: Mapping[str, tuple[str, str, str]]
    elements: Mapping[str, str]
    entities: frozenset[str]

    @property
    def grains(self) -> tuple[str, ...]:
        """The dates that it can be cut by."""
        return GRAINS[GRAINS.index(self.finest) :] if self.date else ()


@dataclass(frozen=True)
class Metric:
    """A named figure.

    Attributes:
        name: as it is asked for.
        label: what people call it.
        description: what is counted, and what is not.
        unit: money, hours, percent, date, or what is counted.
        source: the semantic model that it comes from.
        aggregate: sum, count, count_distinct or min; percentage of a percentage.
        row: the row-wise SQL that is aggregated; empty for a percentage.
        part: of a percentage, the metric above the line.
        whole: of a percentage, the metric below it.
        formula: of a percentage, its SQL over the two.
        last_of: of a balance, the column whose last value counts; else None.
        last_per: of a balance, what has one balance each.
        is_null_when_empty: whether a sum of nothing is null rather than 0.
        is_part: whether it only serves another metric, and is not offered.
        dimensions: what it can be cut by.
    """

    name: str
    label: str
    description: str
    unit: str
    source: Source
    aggregate: str
    row: str = ""
    part: str = ""
    whole: str = ""
    formula: str = ""
    last_of: str | None = None
    last_per: str | None = None
    is_null_when_empty: bool = False
    is_part: bool = False
    dimensions: tuple[str, ...] = field(default=())

    @property
    def is_additive(self) -> bool:
        """Whether the figures of groups add up to that of all (MET-5)."""
        return self.aggregate in ("sum", "count") and self.last_of is None

    @property
    def last_key(self) -> str:
        """Of a balance, the column of what has one each."""
        return self.source.columns[self.last_per or ""]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The metrics that it is computed from: itself, or the two of a percentage."""
        return (self.part, self.whole) if self.formula else (self.name,)


@dataclass(frozen=True)
class Definitions:
    """All metrics and dimensions of one generation.

    Attributes:
        metrics: by name, those that only serve another one too.
        dimensions: by name.
    """

    metrics: Mapping[str, Metric]
    dimensions: Mapping[str, Dimension]

    @property
    def offered(self) -> list[Metric]:
        """The metrics that can be asked for."""
        return [metric for metric in self.metrics.values() if not metric.is_part]


DATES = {
    "day": "Day of the line: when it was purchased, worked or is due.",
    "week": "Week of the line, by its Monday.",
    "month": "Month of the line, by its first day.",
    "quarter": "Quarter of the line, by its first day.",
    "year": "Year of the line, by its first day.",
}


def read_definitions(manifest: Path) -> Definitions:
    """Read the definitions that dbt has written, as a generation carries them."""
    return definitions_of(json.loads(manifest.read_text(encoding="utf-8")))


def definitions_of(manifest: Mapping[str, Any]) -> Definitions:
    """Take the definitions from a semantic manifest, or from YAML of the same shape."""
    models: list[Mapping[str, Any]] = sorted(
        manifest["semantic_models"], key=lambda model: str(model["name"])
    )
    looked_up = {  # entity -> what a mart of these things adds
        entity["name"]: model
        for model in models
        if not model.get("measures")
        for entity in model["entities"]
        if entity["type"] == "primary"
    }
    dimensions: dict[str, Dimension] = {}
    metrics: dict[str, Metric] = {}
    for model in models:
        for element in [*_listed(model, "entities"), *_listed(model, "dimensions")]:
            if element.get("label"):
                dimensions[element["name"]] = _dimension(element)
    dimensions |= {
        name: Dimension(name, name.capitalize(), text, "date", name) for name, text in DATES.items()
    }
    for model in models:
        if model.get("measures"):
            source = _source(model, looked_up)
            cuts = tuple(
                name for name in dimensions if name in source.columns or name in source.grains
            )
            for measure in model["measures"]:
                metrics[measure["name"]] = _measured(measure, source, cuts)
    for metric in manifest["metrics"]:
        if metric["type"] == "derived":
            metrics[metric["name"]] = _percentage(metric, metrics)
    return Definitions(
        dict(sorted(metrics.items())),
        {name: dimensions[name] for name in sorted(dimensions.keys() - DATES) + list(DATES)},
    )


def _listed(model: Mapping[str, Any], what: str) -> Sequence[Mapping[str, Any]]:
    return model.get(what) or []


def _meta(element: Mapping[str, Any]) -> Mapping[str, Any]:
    return (element.get("config") or {}).get("meta") or {}


def _sql(element: Mapping[str, Any]) -> str:
    return str(element.get("expr") or element["name"])


def _dimension(element: Mapping[str, Any]) -> Dimension:
    meta = _meta(element)
    is_entity = "name_column" in meta
    return Dimension(
        element["name"],
        element["label"],
        element["description"].strip(),
        meta.get("type", "text"),
        _sql(element) if is_entity else element["name"],
        meta.get("name_column"),
        tuple(meta.get("order", ())),
    )


def _source(model: Mapping[str, Any], looked_up: Mapping[str, Mapping[str, Any]]) -> Source:
    entities = _listed(model, "entities")
    primary = model.get("primary_entity") or next(
        entity["name"] for entity in entities if entity["type"] == "primary"
    )
    columns: dict[str, str] = {}
    elements: dict[str, str] = {}
    joined: dict[str, tuple[str, str, str]] = {}
    for entity in entities:
        if "name_column" in _meta(entity):
            columns[entity["name"]] = _sql(entity)
            elements[entity["name"]] = entity["name"]
        other = looked_up.get(entity["name"], {})
        for added in _listed(other, "dimensions"):
            (key,) = [_sql(one) for one in other["entities"] if one["name"] == entity["name"]]
            columns[added["name"]] = f"{_mart(other)}.{_sql(added)}"
            joined[added["name"]] = (_mart(other), key, _sql(entity))
            elements[added["name"]] = f"{entity['name']}__{added['name']}"
    date = finest = None
    for dimension in _listed(model, "dimensions"):
        meta = _meta(dimension)
        if dimension["type"] == "time":
            if not meta.get("is_undated"):
                date, finest = _sql(dimension), meta.get("finest", GRAINS[0])
                elements |= {
                    grain: f"{primary}__{dimension['name']}__{grain}"
                    for grain in GRAINS[GRAINS.index(finest) :]
                }
                elements["date"] = f"{primary}__{dimension['name']}"
        else:
            columns[dimension["name"]] = _sql(dimension)
            joined.pop(dimension["name"], None)
            elements[dimension["name"]] = f"{primary}__{dimension['name']}"
    return Source(
        model["name"],
        _mart(model),
        model["description"],
        date,
        finest or GRAINS[0],
        columns,
        joined,
        elements,
        frozenset(entity["name"] for entity in entities),
    )


def _mart(model: Mapping[str, Any]) -> str:
    return str(model["node_relation"]["alias"])


def _measured(measure: Mapping[str, Any], source: Source, cuts: Iterable[str]) -> Metric:
    meta = _meta(measure)
    balance = measure.get("non_additive_dimension") or {}
    return Metric(
        measure["name"],
        measure["label"],
        measure["description"].strip(),
        meta["unit"],
        source,
        measure["agg"],
        _sql(measure),
        last_of=balance.get("name"),
        last_per=(balance.get("window_groupings") or [None])[0],
        is_null_when_empty=meta.get("is_null_when_empty", False) or meta["unit"] == DATE,
        is_part=meta.get("is_part", False),
        dimensions=tuple(cuts),
    )


def _percentage(metric: Mapping[str, Any], metrics: Mapping[str, Metric]) -> Metric:
    parameters = metric["type_params"]
    names = [one if isinstance(one, str) else one["name"] for one in parameters["metrics"]]
    part, whole = (metrics[name] for name in names)
    return Metric(
        metric["name"],
        metric["label"],
        metric["description"].strip(),
        PERCENT,
        part.source,
        "percentage",
        part=part.name,
        whole=whole.name,
        formula=parameters["expr"],
        is_null_when_empty=_meta(metric).get("is_null_without_whole", False),
        dimensions=part.dimensions,
    )
