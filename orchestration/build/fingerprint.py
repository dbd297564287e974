"""What a refresh is built from, so that unchanged work is skipped.

Change is detected by content hash, not by timestamp: the project's files, package versions,
settings, delivered contents and the as-of date.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from orchestration.build.dbt_manifest import read_dbt_manifest
from orchestration.ingest.assets import batches_file
from orchestration.published import Generation, PublishError, check_generation, current_generation
from orchestration.settings import ROOT, Settings
from orchestration.warehouse import MARTS, SCHEMA, open_database, quoted

# Tag of a run that rebuilds everything, whatever has changed.
FORCE = "po_billing/force"
PACKAGES = ("dagster", "dbt-core", "dbt-duckdb", "duckdb", "pandera", "polars", "pyarrow")
CODE = ("orchestration", "schemas", "dbt_project")
MADE_BY_DBT = {"target", "logs", "__pycache__"}
AS_OF_MACRO = "macro.po_billing.as_of_date"
LAST_BUILD = "main.complete_build"


@dataclass(frozen=True)
class Inputs:
    """The inputs of a refresh; equal inputs give equal marts.

    Attributes:
        code: fingerprint of the project's files, the packages' versions and the settings.
        data: fingerprint of the delivered contents.
        as_of_date: day that ages are counted from, as ISO text.
    """

    code: str
    data: str
    as_of_date: str

    @classmethod
    def of(cls, settings: Settings, as_of_date: date) -> "Inputs":
        """The inputs of a refresh whose ingest has ended."""
        code = hashlib.sha256(f"{_project()} {settings.shaping_figures()}".encode()).hexdigest()
        data = hashlib.sha256(batches_file(settings).read_bytes()).hexdigest()
        return cls(code, data, as_of_date.isoformat())

    def differ_only_in_as_of_date(self, other: "Inputs") -> bool:
        """Whether nothing but the day has changed, if anything."""
        return (self.code, self.data) == (other.code, other.data)


def _project() -> str:
    digest = hashlib.sha256()
    for path in sorted(path for folder in CODE for path in (ROOT / folder).rglob("*")):
        if path.is_file() and not MADE_BY_DBT & set(path.parts):
            digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    digest.update("".join(f"{package} {version(package)}\n" for package in PACKAGES).encode())
    return digest.hexdigest()


def last_build(warehouse: Path, settings: Settings) -> Inputs | None:
    """The inputs of the complete, tested build that the warehouse holds, untouched since.

    Every start of dbt forgets it (`on-run-start` of the dbt project), by whomever; so after a
    build that died, or of single models, there is none.
    """
    with open_database(warehouse, settings, read_only=False) as connection:
        try:
            return Inputs(*connection.execute(f"from {LAST_BUILD}").fetchall()[0])
        except duckdb.CatalogException:
            return None


def remember_build(warehouse: Path, settings: Settings, inputs: Inputs) -> None:
    """Note that all models and tests of a build have passed."""
    with open_database(warehouse, settings, read_only=False) as connection:
        connection.execute(
            f"create or replace table {LAST_BUILD} as "
            "select $1 as code, $2 as data, $3 as as_of_date",
            [inputs.code, inputs.data, inputs.as_of_date],
        )


def published_inputs(generation: Generation) -> Inputs | None:
    """What a generation was made from; None when its manifest does not tell."""
    told = (generation.manifest or {}).get("inputs", {})
    return Inputs(**told) if told.keys() == {field.name for field in fields(Inputs)} else None


def up_to_date_generation(settings: Settings, inputs: Inputs) -> Generation | None:
    """The current generation, when it was made from these inputs and can be read."""
    current = current_generation(settings)
    if current is None or published_inputs(current) != inputs:
        return None
    try:
        check_generation(current.folder, settings)
    except PublishError:
        return None
    return current


def unchanged_marts(generation: Generation | None, inputs: Inputs, settings: Settings) -> set[str]:
    """Names of the marts that have the very rows of a generation, as only the day is new.

    Some do not depend on the day. Of the others, which were made again, most have the same rows.
    """
    before = published_inputs(generation) if generation else None
    # One that was made of the same inputs is published again only because it is damaged.
    if generation is None or before is None or before == inputs:
        return set()
    if not before.differ_only_in_as_of_date(inputs):
        return set()
    manifest = read_dbt_manifest()
    same = manifest["nodes"].keys() - nodes_by_as_of_date(manifest)
    nodes = [manifest["nodes"][node] for node in same]
    known = {node["name"] for node in nodes if node["schema"] == SCHEMA}
    with open_database(settings.warehouse_dir / MARTS, settings) as marts:
        path = str(generation.folder / MARTS).replace("'", "''")
        try:
            marts.execute(f"attach '{path}' as published (read_only)")
        except duckdb.Error:  # damaged, or gone
            return set()
        built = marts.execute(
            "select table_name from duckdb_tables() where database_name = current_database()"
        ).fetchall()
        return known | {mart for (mart,) in built if mart not in known and _is_same(marts, mart)}


def _is_same(marts: duckdb.DuckDBPyConnection, mart: str) -> bool:
    """Whether a mart has the rows of the published one, in any order: by their hashes.

    Hashed twice, because the hash of a row ends in an exclusive or with that of its last value: two
    rows that swap such a value have the same sum too often.
    """
    tables = [f"{database}{SCHEMA}.{quoted(mart)}" for database in ("", "published.")]
    row = quoted("a row of the mart")  # no column is called so
    hashes = f"bit_xor(hash(hash({row}))), sum(hash(hash({row})))"
    for facts in ("count(*)", hashes):  # what differs mostly does in the first
        query = f"select {facts} from {{}} as {row}"  # noqa: S608 - our own marts
        try:
            first, second = (marts.execute(query.format(one)).fetchall() for one in tables)
        except duckdb.Error:  # it was not published, or what was is damaged
            return False
        if first != second:
            return False
    return True


def nodes_by_as_of_date(manifest: Mapping[str, Any]) -> set[str]:
    """Ids of the dbt nodes whose result another as-of date can change, tests among them."""
    macros = {AS_OF_MACRO}
    while callers := {
        name
        for name, macro in manifest["macros"].items()
        if name not in macros and macros & set(macro["depends_on"]["macros"])
    }:
        macros |= callers
    found = [
        node_id
        for node_id, node in manifest["nodes"].items()
        if macros & set(node["depends_on"]["macros"])
    ]
    reached = set(found)
    while found:
        children = set(manifest["child_map"].get(found.pop(), ())) - reached
        reached |= children
        found += children
    return reached
