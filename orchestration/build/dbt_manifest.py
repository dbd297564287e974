"""What dbt knows of the marts, for everybody who need not start dbt to be told."""

import json
from typing import Any

from orchestration.build.dagster_dbt import DbtProject
from orchestration.settings import ROOT

DBT_PROJECT = DbtProject(ROOT / "dbt_project")


def read_dbt_manifest() -> dict[str, Any]:
    """The parsed project, as the last `make` command left it."""
    manifest: dict[str, Any] = json.loads(DBT_PROJECT.manifest_path.read_bytes())
    return manifest


def mart_keys(manifest: dict[str, Any]) -> dict[str, list[str]]:
    """The columns that tell the rows of each mart apart, by the tests that prove it (MRT-1).

    Of several keys it is the one that stands first among the columns.
    """
    found: dict[str, list[list[str]]] = {}
    for node in manifest["nodes"].values():
        told = node.get("test_metadata") or {}
        if told.get("name") in ("key", "unique", "unique_combination"):
            arguments = told["kwargs"]
            columns = arguments.get("columns") or [arguments["column_name"]]
            found.setdefault(node["attached_node"], []).append(columns)
    keys = {}
    for identity, candidates in found.items():
        model = manifest["nodes"][identity]
        if model["schema"] == "marts":
            order = list(model["columns"])
            keys[model["name"]] = min(candidates, key=lambda key: [order.index(c) for c in key])
    return keys
