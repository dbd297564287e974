"""The columns of the marts, as their contracts declare them."""

from typing import Any

import yaml

from orchestration.settings import ROOT

MARTS = ROOT / "dbt_project" / "models" / "marts"


def columns_of(mart: str) -> dict[str, str]:
    """Columns of a mart with their types in SQL."""
    [path] = MARTS.rglob(f"{mart}.yml")
    told: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    [model] = [one for one in told["models"] if one["name"] == mart]
    return {column["name"]: column["data_type"] for column in model["columns"]}
