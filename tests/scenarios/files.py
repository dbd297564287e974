"""How a batch is written: each value and header in one of its spellings."""

import csv
import os
import random
from datetime import UTC, timedelta, timezone
from pathlib import Path
from typing import Any

from tests.scenarios.batches import Delivery
from tests.scenarios.broken_rows import Odd
from tests.scenarios.tables import REQUIRED, TABLES, Row
from tests.scenarios.values import chance


def spell(rng: random.Random, column_type: str, value: Any) -> str:
    """The text of a value, in one of the spellings of RAW-2."""
    if value is None:
        return ""
    if column_type == "id":
        return rng.choice([f"{value}", f"{value}", f"{value}", f"{value}.0", f" {value} "])
    if column_type == "decimal":
        plain = f"{value:f}"
        scientific = f"{value.scaleb(2):f}e-2"
        signed = plain if plain.startswith("-") else f"+{plain}"
        return rng.choice([plain, plain, plain, f" {plain}", scientific, signed])
    if column_type == "bool":
        return rng.choice(
            ["true", "True", "TRUE", "1", "yes", "Y"]
            if value
            else ["false", "False", "FALSE", "0", "no", "N"]
        )
    if column_type == "date":
        return rng.choice(
            [
                f"{value}",
                f"{value}",
                f"{value}T00:00:00",
                f"{value}T23:30:00Z",
                f"{value}T23:30:00-05:00",  # the date part counts, the zone does not shift it
            ]
        )
    if column_type == "ts":
        shifted = value.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=-5)))
        return rng.choice(
            [
                f"{value:%Y-%m-%dT%H:%M:%S}Z",
                f"{value:%Y-%m-%dT%H:%M:%S}Z",
                f"{value:%Y-%m-%dT%H:%M:%S}.000Z",
                f"{value:%Y-%m-%dT%H:%M:%S}",
                f"{shifted:%Y-%m-%dT%H:%M:%S}-05:00",
            ]
        )
    return str(value)


def cell(rng: random.Random, column_type: str, value: Any) -> str:
    """The text of a value, or a text that is no value as it is."""
    return str(value) if isinstance(value, Odd) else spell(rng, column_type, value)


def choose_headers(rng: random.Random, table: str, rows: list[Row]) -> dict[str, str]:
    """Column -> header: the canonical name, an alias, or the name in the API or in Power BI."""
    style = rng.choice(["canonical", "other", "mixed"])
    headers: dict[str, str] = {}
    for column, (_, others) in TABLES[table].items():
        if rows and column not in rows[0]:
            continue  # of a list of deleted keys
        # a missing optional column is null
        is_empty = all(row[column] is None for row in rows)
        if is_empty and column not in REQUIRED[table] and chance(rng, 0.5):
            continue
        use_other = style == "other" or (style == "mixed" and chance(rng, 0.5))
        headers[column] = rng.choice(others) if use_other else column
    return headers


def write_delivery(rng: random.Random, source_folder: Path, table: str, delivery: Delivery) -> None:
    """Write one batch: columns in any order, sometimes with one that the table does not know."""
    path = source_folder / delivery.file
    path.parent.mkdir(parents=True, exist_ok=True)
    headers = choose_headers(rng, table, delivery.rows)
    columns = list(headers)
    rng.shuffle(columns)
    has_unknown = chance(rng, 0.2)
    # where both are present, the canonical name wins over an alias
    decoy = "status" if headers.get("status_name") == "status_name" and chance(rng, 0.5) else None
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator=rng.choice(["\n", "\r\n"]))
        extra = (["UDF: Region"] if has_unknown else []) + ([decoy] if decoy else [])
        writer.writerow([*(headers[column] for column in columns), *extra])
        for row in delivery.rows:
            cells = [cell(rng, TABLES[table][column][0], row[column]) for column in columns]
            writer.writerow([*cells, *["Canceled" for _ in extra]])
    stamp = delivery.modified_at.replace(tzinfo=UTC).timestamp()
    os.utime(path, (stamp, stamp))
