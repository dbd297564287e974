"""The landing files: which columns a table has, how they are headed and typed, how copies differ.

Nothing here decides what a row says.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from data.generator.dice import Row
from data.generator.sample import SEED, make_sample

STRIDE = 1_000_000  # scale N is the sample N times over; ids of the next copy are STRIDE further on
CHUNK = 50  # copies held in memory at once

# `name:type`, and the header where the export spells it in its own way (`.` for a space).
# `ref` (POs, document numbers) and `label` (names) are texts that differ between copies, as ids do.
COLUMNS = {
    "autotask/companies": (
        "id:id company_name:label is_active:bool parent_company_id:id"
        " po_required:bool:require_purchase_order last_modified_at:ts"
    ),
    "autotask/contracts": (
        "id:id company_id:id contract_name:label contract_number:ref contract_type_name:text"
        " status_name:text:contract_status_name purchase_order_number:ref start_date:date"
        " end_date:date renewed_contract_id:id last_modified_at:ts"
    ),
    # with the headers of the REST API
    "autotask/projects": (
        "id:id company_id:id:companyID project_name:text:projectName"
        " project_number:ref:projectNumber contract_id:id:contractID"
        " purchase_order_number:ref:purchaseOrderNumber status_name:text:status"
        " project_type_name:text:projectType start_date:date:startDateTime"
        " end_date:date:endDateTime last_modified_at:ts:lastActivityDateTime"
    ),
    # with the labels of a Power BI model
    "autotask/tasks": (
        "id:id:Task.ID project_id:id:Project.ID title:text:Title task_number:ref:Task.Number"
        " purchase_order_number:ref:Purchase.Order.Number status_name:text:Task.Status.Name"
        " last_modified_at:ts:Last.Modified.At"
    ),
    # with the headers of the REST API, and a column for the queue that the project does not use
    "autotask/tickets": (
        "id:id company_id:id:companyID ticket_number:ref:ticketNumber title:text"
        " queue:text:queueName contract_id:id:contractID project_id:id:projectID"
        " purchase_order_number:ref:purchaseOrderNumber problem_ticket_id:id:problemTicketId"
        " status_name:text:status last_modified_at:ts:lastTrackedModificationDateTime"
    ),
    "autotask/charges": (
        "charge_kind:text id:id company_id:id contract_id:id project_id:id task_id:id ticket_id:id"
        " milestone_id:id purchase_order_number:ref internal_po_number:ref material_code_name:text"
        " name:text description:text quantity:money billable_amount:money extended_cost:money"
        " is_billable:bool:is_billable_to_company invoice_number:ref status_name:text"
        " date_purchased:date last_modified_at:ts"
    ),
    "autotask/time_entries": (
        "id:id resource_id:id contract_id:id task_id:id ticket_id:id date_worked:date"
        " hours_worked:hours hours_to_bill:hours billing_amount:money is_non_billable:bool"
        " invoice_number:ref last_modified_at:ts"
    ),
    "autotask/contract_milestones": (
        "id:id contract_id:id project_id:id project_number:ref title:text amount:money"
        " status_name:text date_due:date description:text last_modified_at:ts"
    ),
    "reference/purchase_orders": (
        "company_id:id purchase_order_number:ref authorized_amount:money authorized_hours:hours"
        " valid_from:date valid_to:date currency:text notes:text"
    ),
    "reference/po_required_companies": "company_id:id has_disputed_invoice:bool notes:text",
    "reference/milestone_conflict_waivers": (
        "milestone_id:id conflict_type:text reason:text until:date"
    ),
}


def write(out: Path, scale: int = 1, file_format: str = "csv", seed: int = SEED) -> None:
    """Write the landing files of `scale` copies of the sample below `out`, one file a batch.

    Sums and counts over the lines are `scale` times the sample's, which makes them easy to check.
    """
    for table, day, rows in make_sample(seed):
        frame = _to_frame(table, rows)
        if file_format == "parquet":
            frame = _to_types(table, frame)
        headers = {
            column.split(":")[0]: column.split(":")[2].replace(".", " ")
            for column in COLUMNS[table].split()
            if column.count(":") == 2
        }
        chunks = (
            pl.concat(
                _copy_of(table, frame, number) for number in range(first, min(first + CHUNK, scale))
            ).rename(headers)
            for first in range(0, scale, CHUNK)
        )
        path = out / table / f"{day}.full.{file_format}"
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_chunks(path, chunks)


def _column_types(table: str) -> dict[str, str]:
    """Type by canonical column name."""
    return {column.split(":")[0]: column.split(":")[1] for column in COLUMNS[table].split()}


def _to_frame(table: str, rows: list[Row]) -> pl.DataFrame:
    """The rows under canonical names; ids are int64, everything else is text."""
    types = _column_types(table)
    schema = {name: pl.Int64 if kind == "id" else pl.String for name, kind in types.items()}
    columns = {name: [row.get(name) for row in rows] for name in schema}
    for name, kind in types.items():
        if kind == "date":
            columns[name] = [value and str(value) for value in columns[name]]
    return pl.DataFrame(columns, schema)


def _to_types(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with typed columns in place of text, as a parquet export has them."""
    casts: dict[str, Callable[[pl.Expr], pl.Expr]] = {
        "money": lambda column: column.cast(pl.Decimal(18, 4)),
        "hours": lambda column: column.cast(pl.Decimal(12, 4)),
        "date": lambda column: column.str.slice(0, 10).str.to_date("%Y-%m-%d"),
        "ts": lambda column: column.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC"),
        "bool": lambda column: column.is_in(["true", "yes"]),
    }
    return frame.with_columns(
        casts[kind](pl.col(name)) for name, kind in _column_types(table).items() if kind in casts
    )


def _copy_of(table: str, frame: pl.DataFrame, number: int) -> pl.DataFrame:
    """The table in copy `number` of the MSP: other ids, POs, numbers and names, all else alike.

    Id 0 (the MSP itself, or no parent) stays, so the MSP's own row is in copy 0 only. A PO changes
    in its first run of two or more digits, so all its dirty spellings remain spellings of one PO.
    """
    if number == 0:
        return frame
    changes: dict[str, Callable[[pl.Expr], pl.Expr]] = {
        "id": lambda column: pl.when(column != 0).then(column + number * STRIDE).otherwise(column),
        "ref": lambda column: column.str.replace(r"(\d\d+)", f"${{1}}{number}"),
        "label": lambda column: column + f" {number}",
    }
    if table == "autotask/companies":
        frame = frame.filter(pl.col("id") != 0)
    return frame.with_columns(
        changes[kind](pl.col(name))
        for name, kind in _column_types(table).items()
        if kind in changes
    )


def _write_chunks(path: Path, chunks: Iterator[pl.DataFrame]) -> None:
    """Write the frames one after the other into one CSV or parquet file."""
    chunk = next(chunks)
    if path.suffix == ".csv":
        with path.open("wb") as file:
            chunk.write_csv(file, line_terminator="\n")
            for chunk in chunks:
                chunk.write_csv(file, include_header=False, line_terminator="\n")
    else:
        with pq.ParquetWriter(path, chunk.to_arrow().schema, compression="zstd") as writer:
            writer.write_table(chunk.to_arrow())
            for chunk in chunks:
                writer.write_table(chunk.to_arrow())
