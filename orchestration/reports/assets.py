"""The pages as an asset: written from the marts of the build, before anything is published."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.build.assets import run_as_of
from orchestration.build.fingerprint import (
    FORCE,
    Inputs,
    unchanged_marts,
    up_to_date_generation,
)
from orchestration.ingest.assets import listed_batches
from orchestration.published import current_generation, list_generations
from orchestration.reports.work_lists import read_work_lists, write_work_lists
from orchestration.settings import Settings
from orchestration.warehouse import MARTS, WAREHOUSE, open_database

KEY = dg.AssetKey("reports")


def reports_asset(
    settings: Settings, upstream: Sequence[dg.AssetsDefinition]
) -> dg.AssetsDefinition:
    """The pages, and the manifest of the generation that they belong to.

    Args:
        settings: where the build is, and the currency.
        upstream: the assets that make the marts.
    """

    @dg.asset(
        key=KEY,
        deps=sorted({key for asset in upstream for key in asset.keys}),
        group_name="reports",
        kinds={"html"},
        owners=["team:data-engineering"],
        description="Static pages of the marts for billing clerks; published with them.",
    )
    def reports(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        # Imported here, because the drawing library starts slowly and few commands draw.
        from orchestration.reports.site import write_site

        as_of_date = run_as_of(context, settings)
        inputs = Inputs.of(settings, as_of_date)
        if FORCE not in context.run.tags and up_to_date_generation(settings, inputs):
            return dg.MaterializeResult(metadata={"kept": True})
        started = datetime.now(UTC)
        manifest = {
            "generation": f"{started:%Y%m%dT%H%M%SZ}-{context.run_id[:8]}",
            "run_id": context.run_id,
            "as_of_date": as_of_date.isoformat(),
            "published_at": started.isoformat(timespec="seconds"),
            "inputs": asdict(inputs),
            "input_batches": listed_batches(settings),
        }
        generations = list_generations(settings)
        earlier = [before.manifest for before in reversed(generations) if before.manifest]
        site = site_folder(settings)
        with open_database(settings.warehouse_dir / WAREHOUSE, settings) as warehouse:
            work_lists = read_work_lists(warehouse)
        marts = settings.warehouse_dir / MARTS
        current = None if FORCE in context.run.tags else current_generation(settings)
        write_site(
            marts,
            site,
            manifest,
            settings,
            work_lists,
            earlier,
            published=current.folder / "reports" if current else None,
            unchanged=unchanged_marts(current, inputs, settings),
        )
        write_work_lists(work_lists, site)
        text = json.dumps(manifest, default=str)
        manifest_file(settings).write_text(text, encoding="utf-8")
        return dg.MaterializeResult(metadata={"pages": len(list(site.glob("*.html")))})

    return reports


def site_folder(settings: Settings) -> Path:
    """Where the pages wait to be published."""
    return settings.warehouse_dir / "reports"


def manifest_file(settings: Settings) -> Path:
    """Where the manifest of these pages waits to be published."""
    return settings.warehouse_dir / "manifest.json"


def written_manifest(settings: Settings) -> dict[str, Any]:
    """The manifest of the pages that wait to be published; {} when there are none."""
    try:
        manifest: dict[str, Any] = json.loads(manifest_file(settings).read_bytes())
    except FileNotFoundError:
        return {}
    return manifest
