"""Extracted day by day or delivered as whole files: the same tenant has the same marts."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.extract.entities import ENTITIES
from orchestration.extract.state import stamp
from schemas import RAW_TABLES
from tests.built import Built
from tests.conftest import Refresh, refresh, rows_of
from tests.extract.conftest import Site
from tests.extract.faults import FAULTS
from tests.extract.worlds import PICKLISTS

# They speak of files, and these are others.
OF_FILES = {"ingest_accounting", "table_accounting", "quarantined_rows", "schema_drift"}


def deliver_whole(site: Site, landing: Path) -> None:
    """Write everything that the tenant has, as whole files."""
    labels = [
        {"entity": entity, "field": name, "value": value, "label": label, "isActive": True}
        for entity, picklists in PICKLISTS.items()
        for name, values in picklists.items()
        for value, label in values.items()
    ]
    rows: dict[str, list[dict[str, Any]]] = {"picklist_values": labels}
    for name, records in site.expected().items():
        rows[ENTITIES[name].table] = list(records.values())
    for table, records_of_table in rows.items():
        if ("autotask", table) in RAW_TABLES:
            path = landing / "autotask" / table / f"{stamp(site.tenant.now)}.full.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"{json.dumps(row)}\n" for row in records_of_table))


def figures(made: Refresh | Built) -> dict[str, list[str]]:
    with made.marts() as marts:
        return {name: rows for name, rows in rows_of(marts).items() if name not in OF_FILES}


def test_extracted_and_whole_files_give_the_same_marts(site: Site, tmp_path: Path) -> None:
    """EXT-2, EXT-8, EXT-9, EXT-11: with pages that are cut and in no order, and odd characters."""
    whole = tmp_path / "whole"
    site.tenant.fault = FAULTS["capped"]
    data_dir = site.settings.data_dir
    variables = {name: text for name, text in site.environment.items() if "AUTOTASK" in name}
    day = date(2026, 11, 22)
    variables["PSA_AS_OF_DATE"] = day.isoformat()
    deliver_whole(site, whole)
    site.extract()
    site.load()
    site.world.live_on()
    deliver_whole(site, whole)
    extracted = refresh(site.landing, data_dir, **variables)
    assert extracted.exit_code == 0, extracted.output + extracted.errors
    delivered = Built(whole, tmp_path / "data-of-whole", day)
    delivered.build()
    assert figures(extracted) == figures(delivered)
