"""The work lists of a refresh: what to fix first, as the dbt models `int_work_list_*` define it.

Readers never open the warehouse that holds these models. A file beside the pages carries the
length, the money and the first rows of each list, for the page *PO tracking* and for the weekly
warnings.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

FILE = "work_lists.json"
ROWS_KEPT = 5
Row = dict[str, str | None]


@dataclass(frozen=True)
class WorkList:
    """What is kept of a work list; values are texts, so that no digit of an amount is lost.

    Attributes:
        first: the first row of all; None when the list is empty.
        count: how many rows are to be fixed now.
        amount: how much money hangs on these rows.
        first_rows: the first few of these rows.
    """

    first: Row | None
    count: int
    amount: str
    first_rows: list[Row]


# Of each list: the column that sums up its money, and which rows are to be fixed now.
LISTS = {
    "pos_to_request": ("amount", "true"),
    "exposed_lines": ("amount", "true"),
    "blocked_invoices": ("total_amount", "true"),
    "milestone_conflicts": ("held_up_amount", "is_ready_to_bill"),
    "po_numbers": ("amount", "true"),
    "removals": ("amount", "true"),
}


def read_work_lists(warehouse: duckdb.DuckDBPyConnection) -> dict[str, WorkList]:
    """Read the work lists from the warehouse that a build has just filled."""
    lists = {}
    for name, (amount, condition) in LISTS.items():
        model = f"intermediate.int_work_list_{name}"
        [(count, total)] = warehouse.execute(
            f"select count(*), coalesce(sum({amount}), 0) from {model} where {condition}"  # noqa: S608 - ours
        ).fetchall()
        first = _rows(warehouse, f"from {model} order by fix_order limit 1")
        rows = _rows(
            warehouse, f"from {model} where {condition} order by fix_order limit {ROWS_KEPT}"
        )
        lists[name] = WorkList(first[0] if first else None, count, str(total), rows)
    return lists


def write_work_lists(lists: Mapping[str, WorkList], site: Path) -> None:
    """Write the lists into the folder of the pages."""
    text = json.dumps({name: asdict(found) for name, found in lists.items()}, indent=1)
    (site / FILE).write_text(text + "\n", encoding="utf-8")


def published_work_lists(generation: Path) -> dict[str, WorkList] | None:
    """Read the lists of a generation; None when it was published without one of them."""
    try:
        told = json.loads((generation / "reports" / FILE).read_bytes())
    except FileNotFoundError:
        return None
    if not LISTS.keys() <= told.keys():
        return None
    return {name: WorkList(**found) for name, found in told.items()}


def _rows(warehouse: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    found = warehouse.sql(query)
    return [
        {
            name: None if value is None else str(value)
            for name, value in zip(found.columns, row, strict=True)
        }
        for row in found.fetchall()
    ]
