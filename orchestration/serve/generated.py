"""What follows from the semantic models, written into the project: `make generated`.

dbt has no metric that divides in whole numbers, so each percentage is written as one that is
derived from its part and its whole. The catalogue goes into the marts as a seed,
and the same metrics to Superset and Power BI as files.
"""

import csv
import io
import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from orchestration.serve.bi import power_bi, superset
from orchestration.serve.definitions import Definitions, definitions_of
from orchestration.serve.expressions import expression, percentage
from orchestration.settings import ROOT

PROJECT = ROOT / "dbt_project"
SEMANTIC = PROJECT / "models" / "semantic"
PERCENTAGES = SEMANTIC / "percentages.yml"
CATALOG = PROJECT / "seeds" / "metric_definitions.csv"
BI = PROJECT / "docs" / "bi"
NOTICE = "Written from the semantic models by `make generated`; changes made here are lost."
CATALOG_COLUMNS = (
    *("metric", "label", "description", "unit", "mart"),
    *("expression", "dimensions", "is_additive"),
)


def generated() -> dict[Path, str]:
    """Files of the project that follow from the semantic models, with their text."""
    models = _semantic_models()
    percentages = list(_percentages(models))
    definitions = definitions_of({"semantic_models": models, "metrics": percentages})
    return {
        PERCENTAGES: _metrics_yaml(percentages),
        CATALOG: _catalog(definitions),
        **{
            BI / tool.FOLDER / path: text
            for tool in (superset, power_bi)
            for path, text in tool.files(definitions).items()
        },
    }


def definitions_in_project() -> Definitions:
    """The definitions as the project's files have them now."""
    models = _semantic_models()
    return definitions_of({"semantic_models": models, "metrics": list(_percentages(models))})


def catalog(definitions: Definitions) -> list[dict[str, str]]:
    """The rows of metric_catalog, as text (MET-8)."""
    return [
        dict(
            zip(
                CATALOG_COLUMNS,
                (
                    metric.name,
                    metric.label,
                    metric.description,
                    metric.unit,
                    metric.source.mart,
                    expression(metric, definitions.metrics),
                    ", ".join(metric.dimensions),
                    str(metric.is_additive).lower(),
                ),
                strict=True,
            )
        )
        for metric in definitions.offered
    ]


def _semantic_models() -> list[dict[str, Any]]:
    models: list[dict[str, Any]] = []
    for path in sorted(SEMANTIC.glob("*.yml")):
        models += yaml.safe_load(path.read_text(encoding="utf-8")).get("semantic_models", ())
    for model in models:
        (mart,) = re.findall(r"ref\('(\w+)'\)", model["model"])
        model["node_relation"] = {"alias": mart}
    return models


def _percentages(models: list[dict[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The percentages that the measures list, as metrics of dbt."""
    for model in models:
        for measure in model.get("measures", ()):
            for told in measure.get("config", {}).get("meta", {}).get("percentages", ()):
                is_null = told.get("is_null_without_whole", False)
                yield {
                    "name": told["name"],
                    "label": told["label"],
                    "description": told["description"].strip(),
                    "type": "derived",
                    "type_params": {
                        "expr": percentage(
                            measure["name"], told["whole"], is_null_without_whole=is_null
                        ),
                        "metrics": [measure["name"], told["whole"]],
                    },
                    "config": {"meta": {"unit": "percent", "is_null_without_whole": is_null}},
                }


def _metrics_yaml(metrics: list[Mapping[str, Any]]) -> str:
    text = f"# {NOTICE}\nversion: 2\n\nmetrics:\n"
    for metric in metrics:
        parameters, meta = metric["type_params"], metric["config"]["meta"]
        is_null = str(meta["is_null_without_whole"]).lower()
        text += (
            f"  - name: {metric['name']}\n"
            f"    label: {metric['label']}\n"
            f"    description: >-\n{_folded(metric['description'])}"
            "    type: derived\n"
            "    type_params:\n"
            f"      expr: >-\n{_folded(parameters['expr'], 8)}"
            f"      metrics: [{', '.join(parameters['metrics'])}]\n"
            f"    config: {{meta: {{unit: {meta['unit']}, is_null_without_whole: {is_null}}}}}\n"
        )
    return text


def _folded(text: str, indent: int = 6) -> str:
    lines = textwrap.wrap(text, 100 - indent, break_long_words=False, break_on_hyphens=False)
    return "".join(f"{' ' * indent}{line}\n" for line in lines)


def _catalog(definitions: Definitions) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, CATALOG_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(catalog(definitions))
    return text.getvalue()


if __name__ == "__main__":
    for path, text in generated().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(ROOT)} written")
