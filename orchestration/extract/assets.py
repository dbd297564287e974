"""The extraction as assets (EXT-11): one an entity, and the delivery of all of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import dagster as dg

from orchestration.extract.entities import ENTITIES, Entity
from orchestration.extract.errors import ExtractionError
from orchestration.extract.extraction import Extraction
from orchestration.settings import Settings

GROUP = "extract"
DELIVERY = dg.AssetKey([GROUP, "delivery"])

# The pass of the run at work: its steps share one process (`single_run_executor`), one connection
# to the tenant, and what it has said.
_passes: dict[str, Extraction] = {}


def extract_assets(
    settings: Settings, after: Sequence[dg.AssetKey] = ()
) -> list[dg.AssetsDefinition]:
    """The entities in the order in which they are read, and their delivery; none without a login.

    Each depends on the one before: one that fails stops the others, so that a refused login is
    tried once, and nothing is delivered.

    Args:
        settings: where everything lies, and the login.
        after: what must be there before the first one is read.
    """
    if not settings.extracts:
        return []
    assets: list[dg.AssetsDefinition] = []
    before = [*after]
    for entity in ENTITIES.values():
        assets.append(_entity_asset(entity, before, settings))
        before = [dg.AssetKey([GROUP, entity.table])]
    return [*assets, _delivery_asset(settings)]


def _entity_asset(
    entity: Entity, before: list[dg.AssetKey], settings: Settings
) -> dg.AssetsDefinition:
    @dg.asset(
        key=[GROUP, entity.table],
        deps=before,
        group_name=GROUP,
        kinds={"json"},
        owners=["team:data-engineering"],
        description=f"{entity.name} of Autotask, read by the REST API and not yet delivered.",
    )
    def extracted(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        with _failures():
            progress = _pass_of(context, settings).extract(entity.name)
        metadata: dict[str, dg.MetadataValue | int | float | str] = {
            "dagster/row_count": sum(part.rows for part in progress.parts.values()),
            "read": "all" if progress.is_full else "what has changed",
            "deleted": len(progress.gone),
            "calls": progress.calls,
            "seconds": round(progress.seconds, 1),
        }
        if progress.limit_used is not None:
            metadata["hourly_limit_used_pct"] = round(100 * progress.limit_used, 1)
        if progress.is_left_out:
            metadata["read"] = "nothing"
        return dg.MaterializeResult(metadata=metadata)

    return extracted


def _delivery_asset(settings: Settings) -> dg.AssetsDefinition:
    @dg.asset(
        key=DELIVERY,
        deps=[dg.AssetKey([GROUP, entity.table]) for entity in ENTITIES.values()],
        group_name=GROUP,
        kinds={"json"},
        owners=["team:data-engineering"],
        description="The files of one pass in the landing folder: all of them, or none.",
    )
    def delivery(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        with _failures():
            rows = _pass_of(context, settings).deliver()
        _passes.clear()
        return dg.MaterializeResult(
            metadata={"files": len(rows), "dagster/row_count": sum(rows.values())}
        )

    return delivery


def _pass_of(context: dg.AssetExecutionContext, settings: Settings) -> Extraction:
    if context.run_id not in _passes:
        _passes.clear()
        settings.prepare_data_dir()
        _passes[context.run_id] = Extraction(settings, context.log.warning)
    return _passes[context.run_id]


@contextmanager
def _failures() -> Iterator[None]:
    """Turn what went wrong into a failure that shows its words alone."""
    try:
        yield
    except ExtractionError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
