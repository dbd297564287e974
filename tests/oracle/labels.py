"""What the values of picklists read as (RAW-14)."""

from __future__ import annotations

from tests.oracle.tables import Row
from tests.oracle.texts import tidy

# table -> column -> entity and field of the REST API
PICKLISTS = {
    "contracts": {
        "status_name": ("contracts", "status"),
        "contract_type_name": ("contracts", "contracttype"),
    },
    "projects": {
        "status_name": ("projects", "status"),
        "project_type_name": ("projects", "projecttype"),
    },
    "tasks": {"status_name": ("tasks", "status")},
    "tickets": {"status_name": ("tickets", "status")},
    "contract_milestones": {"status_name": ("contractmilestones", "status")},
}
ENTITIES_OF_CHARGES = {
    "contract": "contractcharges",
    "project": "projectcharges",
    "ticket": "ticketcharges",
    "change_order": "changeordercharges",
}


def with_labels(table: str, rows: list[Row], values: list[Row]) -> list[Row]:
    """The rows of a table with words in place of values."""
    columns = PICKLISTS.get(table, {})
    return [
        row | {column: _read(row[column], *columns[column], values) for column in columns}
        for row in rows
    ]


def charges_with_labels(charges: list[Row], values: list[Row]) -> list[Row]:
    """The same of charges: each kind has a picklist of its own, charges without a kind none."""
    return [
        charge
        | {
            "status_name": _read(
                charge["status_name"],
                ENTITIES_OF_CHARGES.get(charge["charge_kind"], ""),
                "status",
                values,
            )
        }
        for charge in charges
    ]


def _read(text: str | None, entity: str, field: str, values: list[Row]) -> str | None:
    """The first label of the values that are this text, else the text itself."""
    labels = [
        value["label"]
        for value in values
        if (value["entity"], value["field"]) == (entity, field)
        and text is not None
        and tidy(value["value"]) == tidy(text)
    ]
    return min(labels, default=text)
