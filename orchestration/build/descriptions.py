"""What each dbt test checks, in a sentence for whoever sees it fail in the Dagster UI."""

import re
from collections.abc import Sequence
from typing import Any

FIRST_COMMENT = re.compile(r"\A\s*((?:--[^\n]*\n)+)")


def describe_tests(manifest: dict[str, Any]) -> dict[str, Any]:
    """Give each test of the manifest the description that its asset check will have.

    It is the one of the YAML, else the first comment of the test's SQL, else what its kind says of
    the columns.
    """
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test":
            node["meta"] = node["meta"] | {"description": _description(node)}
    return manifest


def _description(node: dict[str, Any]) -> str:
    if node["description"]:
        return str(node["description"])
    kind = (node.get("test_metadata") or {}).get("name")
    if kind is None:
        comment = FIRST_COMMENT.match(node["raw_code"])
        return re.sub(r"\s*^--\s*", " ", comment[1], flags=re.M).strip() if comment else ""
    arguments = node["test_metadata"]["kwargs"]
    column = arguments.get("column_name", "")
    other = re.sub(r"^(ref|source)|[^\w., ]", "", arguments.get("to", ""))
    said = {
        "key": lambda: (
            f"No two rows have the same {_listed(arguments.get('columns') or [column])}, "
            "and no row is without."
        ),
        "not_null": lambda: f"Every row has {column}.",
        "unique": lambda: f"No two rows have the same {column}.",
        "unique_combination": lambda: (
            f"No two rows agree in {_listed(arguments['columns'])}; two nulls agree."
        ),
        "accepted_values": lambda: f"{column} is {_listed(arguments['values'], 'or')}, or null.",
        "relationships": lambda: f"Every {column} is a {arguments['field']} of {other}, or null.",
    }
    sentence = said[kind]() if kind in said else ""
    where = node["config"].get("where")
    return f"{sentence} Of rows where {where}." if sentence and where else sentence


def _listed(names: Sequence[Any], word: str = "and") -> str:
    *first, last = map(str, names)
    return f"{', '.join(first)} {word} {last}" if first else last
