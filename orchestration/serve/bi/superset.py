"""Datasets and metrics of Superset, as its import takes them, from the semantic models (MET-8).

The marts stay as they are: each dataset is a SELECT on one of them that adds what its metrics can
be cut by and the mart itself lacks. Expressions are those of the catalogue, so they need DuckDB.
"""

import uuid
from typing import Any

import yaml

from orchestration.serve.bi.marts import columns_of
from orchestration.serve.definitions import HOURS, MONEY, PERCENT, Definitions, Source
from orchestration.serve.expressions import expression

FOLDER = "superset_metrics"  # beside a dashboard that is written by hand
NAMESPACE = uuid.UUID("6f0c1f0e-5a0b-4c5e-9d0b-8a1f5c2e7d31")
DATABASE = "PO marts"
# Where the marts are is known at the import alone.
URI = "duckdb:////data/marts/current/psa_marts.duckdb"
FORMATS = {MONEY: ",.2f", HOURS: ",.2f", PERCENT: ".2f", "date": ""}
TYPES = {"text": "VARCHAR", "integer": "BIGINT", "boolean": "BOOLEAN", "date": "DATE"}


def files(definitions: Definitions) -> dict[str, str]:
    """The files of an import, by their path in it."""
    sources = {metric.source.name: metric.source for metric in definitions.offered}
    told = {
        "metadata.yaml": _yaml(
            {"version": "1.0.0", "type": "SqlaTable", "timestamp": "2026-01-01T00:00:00+00:00"}
        ),
        f"databases/{_slug(DATABASE)}.yaml": _yaml(
            {
                "database_name": DATABASE,
                "sqlalchemy_uri": URI,
                "expose_in_sqllab": True,
                "allow_ctas": False,
                "allow_cvas": False,
                "allow_dml": False,
                "extra": {"engine_params": {"connect_args": {"read_only": True}}},
                "uuid": _uuid(DATABASE),
                "version": "1.0.0",
            }
        ),
    }
    for source in sources.values():
        path = f"datasets/{_slug(DATABASE)}/{source.name}.yaml"
        told[path] = _yaml(_dataset(source, definitions))
    return told


def _dataset(source: Source, definitions: Definitions) -> dict[str, Any]:
    metrics = [one for one in definitions.offered if one.source.name == source.name]
    cuts = [definitions.dimensions[name] for name in metrics[0].dimensions]
    columns = []
    for cut in cuts:
        if cut.name in source.grains:
            continue  # Superset has grains of its own
        for name in (cut.key, cut.name_column):
            if name:
                kind = cut.type if name == cut.key else "text"
                columns.append(_column(name, cut.label, cut.description, TYPES[kind]))
    if source.date:
        columns.append(_column(source.date, "Date", "What day, week, month … are of.", "DATE"))
    return {
        "table_name": source.name,
        "description": source.description,
        "schema": "marts",
        "sql": _sql(source, [one["column_name"] for one in columns], definitions),
        "main_dttm_col": source.date,
        "metrics": [
            {
                "metric_name": one.name,
                "verbose_name": one.label,
                "description": f"{one.description} Unit: {one.unit}.",
                "expression": expression(one, definitions.metrics),
                "d3format": FORMATS.get(one.unit, ",d") or None,
                "metric_type": None,
                "warning_text": None if one.is_additive else "Figures of groups do not add up.",
            }
            for one in metrics
        ],
        "columns": columns,
        "uuid": _uuid(source.name),
        "version": "1.0.0",
        "database_uuid": _uuid(DATABASE),
    }


def _column(name: str, label: str, description: str, kind: str) -> dict[str, Any]:
    return {
        "column_name": name,
        "verbose_name": label,
        "description": description,
        "type": kind,
        "is_dttm": kind == "DATE",
        "is_active": True,
        "groupby": True,
        "filterable": True,
    }


def _sql(source: Source, columns: list[str], definitions: Definitions) -> str:
    """The mart, with the columns that its metrics can be cut by under their common names."""
    keys = {cut.key: cut.name for cut in definitions.dimensions.values()}
    added, joins = [], []
    for name in columns:
        wanted = keys.get(name, name)
        if wanted in source.joined:
            mart, key, own = source.joined[wanted]
            added.append(f"{source.columns[wanted]} as {name}")
            join = f"left join marts.{mart} on {source.mart}.{own} = {mart}.{key}"
            joins += [join] if join not in joins else []
        elif source.columns.get(wanted, name) != name:
            added.append(f"{_qualified(source, wanted)} as {name}")
    has = columns_of(source.mart)
    # Of a milestone, `contract_id` is its own contract; it is cut by the one that it is billed on.
    hidden = [name for name in columns if name in has and source.columns.get(keys.get(name, name))]
    hidden = [name for name in hidden if source.columns[keys.get(name, name)] != name]
    everything = f"{source.mart}.*" + (f" exclude ({', '.join(hidden)})" if hidden else "")
    fields = ",\n    ".join([everything, *added])
    return "\n".join([f"select\n    {fields}", f"from marts.{source.mart}", *joins])


def _qualified(source: Source, name: str) -> str:
    """The SQL of a column; of a bare name with its mart, because a join may have it too."""
    told = source.columns[name]
    return (
        f"{source.mart}.{told}"
        if told.isidentifier()
        else told.replace("company_id in", f"{source.mart}.company_id in")
    )


def _uuid(name: str) -> str:
    return str(uuid.uuid5(NAMESPACE, name))


def _slug(name: str) -> str:
    return name.replace(" ", "_")


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)


def _yaml(told: dict[str, Any]) -> str:
    text: str = yaml.dump(told, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text
