"""Labels of picklists (EXT-3): told with the fields of each entity, delivered as one table."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from orchestration.extract.entities import PICKLISTS, Entity
from orchestration.extract.errors import Shrunk
from orchestration.extract.known import quoted
from orchestration.extract.parts import write_whole
from orchestration.settings import Settings

SHRINK_FREE, SHRINK_SHARE = 10, 0.2


def keep_labels(folder: Path, entity: Entity, fields: Iterable[Mapping[str, Any]]) -> None:
    """Keep the labels of an entity's picklists until all entities have been read."""
    wanted = {name.lower() for name in entity.picklists}
    rows = [
        {
            "entity": entity.name,
            "field": str(one["name"]),
            "value": str(value["value"]),
            "label": str(value["label"]),
            "isActive": value.get("isActive"),
        }
        for one in fields
        if str(one.get("name", "")).lower() in wanted
        for value in one.get("picklistValues") or []
        if _is_told(value.get("value")) and _is_told(value.get("label"))
    ]
    write_whole(_labels(folder, entity.name), "".join(f"{json.dumps(row)}\n" for row in rows))


def kept_labels(folder: Path, entity: str) -> list[str]:
    """The labels that were kept of an entity."""
    path = _labels(folder, entity)
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def forget_labels(folder: Path, entity: str) -> None:
    """Drop the labels of an entity that is left out."""
    _labels(folder, entity).unlink(missing_ok=True)


def guard_labels(settings: Settings, rows: int) -> None:
    """Refuse picklists that have lost many values at once (EXT-9).

    Raises:
        Shrunk: they have.
    """
    files = settings.raw_dir / "autotask" / PICKLISTS
    newest = max((path.name for path in files.glob("*.api.full.*.parquet")), default="")
    if not newest or settings.allow_shrink:
        return
    with duckdb.connect() as connection:
        path = quoted(str(files / newest))
        found = connection.execute(f"select count(*) from read_parquet('{path}')").fetchall()  # noqa: S608
    known = int(found[0][0])
    lost = known - rows
    if rows == 0 < known or (lost >= SHRINK_FREE and lost > SHRINK_SHARE * known):
        raise Shrunk(
            f"The picklists have {rows:,} values, {known:,} are known. If they were deleted, set "
            "PSA_ALLOW_SHRINK=1 for one run. Nothing was delivered."
        )


def _is_told(value: object) -> bool:
    return value is not None and bool(str(value).strip())


def _labels(folder: Path, entity: str) -> Path:
    return folder / f"{entity}.labels"
