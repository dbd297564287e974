"""The data-quality marts (VAL-6, VAL-7, RES-6), and how they are compared.

The wording of a rule and of a refusal is the pipeline's own, and so are the numbers of a refused
content beside those that have to be 0: none of these is compared.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.oracle.columns import CHARGE_KINDS
from tests.oracle.comparison import Marts, compare_rows, is_same
from tests.oracle.landing import Batch, Landing, current_of
from tests.oracle.tables import MEASURES, TABLES, Key, Row, key_of, source_of

if TYPE_CHECKING:
    import duckdb

# RES-6: child table -> column -> parent table; resource ids apart.
FOREIGN_KEYS: dict[str, dict[str, str]] = {
    "companies": {"parent_company_id": "companies"},
    "contracts": {"company_id": "companies", "renewed_contract_id": "contracts"},
    "projects": {"company_id": "companies", "contract_id": "contracts"},
    "tasks": {"project_id": "projects"},
    "charges": {
        "company_id": "companies",
        "contract_id": "contracts",
        "project_id": "projects",
        "task_id": "tasks",
        "ticket_id": "tickets",
        "milestone_id": "contract_milestones",
    },
    "time_entries": {"contract_id": "contracts", "task_id": "tasks", "ticket_id": "tickets"},
    "contract_milestones": {"contract_id": "contracts", "project_id": "projects"},
    "tickets": {
        "company_id": "companies",
        "contract_id": "contracts",
        "project_id": "projects",
        "problem_ticket_id": "tickets",
    },
    "billing_items": {
        "company_id": "companies",
        "contract_id": "contracts",
        "milestone_id": "contract_milestones",
    },
    "invoices": {"company_id": "companies"},
    "purchase_orders": {"company_id": "companies"},
    "po_required_companies": {"company_id": "companies"},
    "milestone_conflict_waivers": {"milestone_id": "contract_milestones"},
}


def compute_accounting(landing: Landing) -> Marts:
    """The data-quality marts of a landing folder, as often as it was taken in.

    Returns:
        Mart name -> rows. `quarantined_rows` has one row a broken rule, without its wording;
        `has_headers` and `is_replaced` are for the comparison alone.
    """
    contents = [batch for table in TABLES for batch in landing.contents[table]]
    return {
        "ingest_accounting": [_accounted(batch) for batch in contents],
        "table_accounting": [_table_accounting(landing, table) for table in TABLES],
        "quarantined_rows": [
            {
                "source": source_of(batch.table),
                "table_name": batch.table,
                "batch": batch.batch_id,
                "row_number": broken.row_number,
                "column_name": broken.column,
                "value": broken.text,
                "is_replaced": batch.is_replaced,
            }
            for batch in contents
            if batch.refusal is None
            for broken in batch.broken
        ],
        "schema_drift": [
            {
                "source": source_of(batch.table),
                "table_name": batch.table,
                "batch": batch.batch_id,
                "column_name": column,
                "drift": drift,
            }
            for batch in contents
            if batch.refusal is None
            for column, drift in batch.drift
        ],
        "orphan_references": list(_orphans(landing)),
    }


def _accounted(batch: Batch) -> Row:
    """VAL-6: delivered = loaded + quarantined + duplicates, refused contents apart."""
    is_refused = batch.refusal is not None

    def measure(amount: Decimal) -> Decimal | None:
        return amount if batch.has_measure else None

    return {
        "source": source_of(batch.table),
        "table_name": batch.table,
        "batch": batch.batch_id,
        "batch_kind": batch.kind,
        "extracted_at": batch.extracted_at,
        "content_hash": batch.content_hash,
        "delivered": batch.delivered,
        "loaded": 0 if is_refused else len(batch.rows),
        "quarantined": 0 if is_refused else batch.quarantined,
        "duplicates": 0 if is_refused else batch.duplicates,
        "measure_loaded": measure(sum(map(batch.measure, batch.rows), Decimal(0))),
        "measure_quarantined": measure(batch.measure_quarantined),
        "measure_duplicates": measure(batch.measure_duplicates),
        "is_refused": is_refused,
        "has_headers": batch.headers is not None,
    }


def _table_accounting(landing: Landing, table: str) -> Row:
    """VAL-7: Σ loaded = current + superseded + deleted; replaced contents are part of it.

    Of a deleted id the last loaded row counts as deleted, its others as superseded. RAW-10: so are
    rows of `charges` that a table a kind overrules.
    """
    accepted = sorted(
        (
            batch
            for batch in landing.contents[table]
            if batch.refusal is None and not batch.is_deleted
        ),
        key=lambda batch: batch.order,
    )
    loaded: dict[Key | None, list[tuple[Batch, Row]]] = {}
    for batch in accepted:
        for row in batch.rows:
            loaded.setdefault(key_of(table, row), []).append((batch, row))
    current = current_of(landing.batches(table))
    overruled = landing.overruled_charges() if table == "charges" else set()
    counts: Counter[str] = Counter()
    measures = dict.fromkeys(("current", "superseded", "deleted"), Decimal(0))
    for key, rows in loaded.items():
        for number, (batch, row) in enumerate(rows, start=1):
            if key in current:
                is_current = current[key][0] is batch and key not in overruled
                fate = "current" if is_current else "superseded"
            else:
                fate = "deleted" if number == len(rows) else "superseded"
            counts[fate] += 1
            measures[fate] += batch.measure(row)
    return {
        "source": source_of(table),
        "table_name": table,
        "loaded": sum(counts.values()),
        "current_rows": counts["current"],
        "superseded": counts["superseded"],
        "deleted": counts["deleted"],
        **{
            f"measure_{fate}": amount if table in MEASURES else None
            for fate, amount in measures.items()
        },
    }


def _orphans(landing: Landing) -> Iterator[Row]:
    """RES-6: ids that point to no current row."""
    current = {table: landing.current(table) for table in TABLES if table not in CHARGE_KINDS}
    current["charges"] = landing.charges()
    for table, columns in FOREIGN_KEYS.items():
        for key, row in current[table].items():
            for column, parent in columns.items():
                if row[column] is not None and (row[column],) not in current[parent]:
                    yield {
                        "child_table": table,
                        "child_key": "-".join(map(str, key)),
                        "parent_table": parent,
                        "parent_id": row[column],
                    }


# ---------------------------------------------------------------------------------------------
# Comparison
# ---------------------------------------------------------------------------------------------


def compare_accounting(
    expected: Marts,
    connection: duckdb.DuckDBPyConnection,
    *,
    schema: str = "marts",
    limit: int = 20,
) -> list[str]:
    """Compare computed data-quality marts with those in a DuckDB connection.

    Args:
        expected: what `compute_accounting` returned.
        connection: a connection to the published (or built) file.
        schema: the schema that holds the marts.
        limit: differences told per mart; a last line counts the others.

    Returns:
        One readable line a difference; empty when all agree.
    """
    got: Marts = {}
    report = []
    for mart in expected:
        tables = connection.execute(
            "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
            [schema, mart],
        ).fetchall()
        if not tables:
            report.append(f"{mart}: there is no such table in schema {schema}")
            continue
        relation = connection.table(f"{schema}.{mart}")
        got[mart] = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    if report:
        return report
    for differences in (
        _compare_ingest(expected["ingest_accounting"], got["ingest_accounting"]),
        _compare_tables(expected["table_accounting"], got["table_accounting"]),
        _compare_quarantine(expected["quarantined_rows"], got["quarantined_rows"]),
        _compare_drift(expected, got["schema_drift"]),
        _compare_orphans(expected["orphan_references"], got["orphan_references"]),
    ):
        report += differences[:limit]
        if len(differences) > limit:
            report.append(f"… and {len(differences) - limit} further differences of this mart")
    return report


def _compare_ingest(expected: list[Row], got: list[Row]) -> list[str]:
    """Every content, accepted or refused; of a refused one that it is listed with zeros."""
    zeros = {"loaded": 0, "quarantined": 0, "duplicates": 0}
    for row in got:
        if row["is_refused"] and not all(is_same(zero, row[name]) for name, zero in zeros.items()):
            return [f"ingest_accounting: a refused content has rows: {row}"]
        if row["is_refused"] != (row["refusal_reason"] is not None):
            return [f"ingest_accounting: is_refused and refusal_reason disagree: {row}"]
    refused = {
        name: {
            (row["source"], row["table_name"], row["batch"], row["content_hash"])
            for row in rows
            if row["is_refused"]
        }
        for name, rows in (("expected", expected), ("got", got))
    }
    if refused["expected"] != refused["got"]:
        return [f"ingest_accounting: other contents are refused: {refused}"]
    return compare_rows(
        "ingest_accounting",
        [row for row in expected if not row["is_refused"]],
        [row for row in got if not row["is_refused"]],
    )


def _compare_tables(expected: list[Row], got: list[Row]) -> list[str]:
    """Every table; one without any row may be left out."""
    listed = {row["table_name"] for row in got}
    return compare_rows(
        "table_accounting",
        [row for row in expected if row["loaded"] or row["table_name"] in listed],
        got,
    )


# Names that the page gives to a thing but not to its column.
_OTHER_NAMES = {
    "column_name": ("column",),
    "value": ("offending_value", "delivered_value"),
    "row_json": ("row", "row_data", "raw_row", "delivered_row"),
}


def _renamed(row: Row) -> Row:
    """A row of the published mart under the names used here."""
    named = dict(row)
    for name, others in _OTHER_NAMES.items():
        for other in others:
            if name not in named and other in named:
                named[name] = named.pop(other)
    return named


def _places(rows: list[Row]) -> Counter[tuple[Any, ...]]:
    """How often each column of each row broke a rule, with what stood there."""
    return Counter(
        (
            *(row[name] for name in ("source", "table_name", "batch", "row_number", "column_name")),
            _plain(row["value"]),
        )
        for row in rows
    )


def _plain(value: str | None) -> str | None:
    """A value as it is compared: `""` is null, and 25 of a typed file may be written 25.0000."""
    if value is None or value == "":
        return None
    if re.fullmatch(r"[+-]?[0-9]+\.[0-9]+", value):
        return value.rstrip("0").removesuffix(".")
    return value


def _compare_quarantine(expected: list[Row], got: list[Row]) -> list[str]:
    """Every broken rule by its place; of replaced contents all or none may be listed."""
    got = [_renamed(row) for row in got]
    report = [
        f"quarantined_rows: the row is not JSON: {row['row_json']!r}"
        for row in got
        if not isinstance(json.loads(row["row_json"]), dict)
    ]
    everything = _places(expected)
    standing = _places([row for row in expected if not row["is_replaced"]])
    found = _places(got)
    if found in (everything, standing):
        return report
    report += [f"quarantined_rows: expected {place}" for place in standing - found]
    report += [f"quarantined_rows: not expected {place}" for place in found - everything]
    return report


def _compare_drift(expected: Marts, got: list[Row]) -> list[str]:
    """Drift of batches with one content that has headers; the others may say anything."""
    contents = Counter((row["table_name"], row["batch"]) for row in expected["ingest_accounting"])
    plain = {
        (row["table_name"], row["batch"])
        for row in expected["ingest_accounting"]
        if not row["is_refused"]
        and row["has_headers"]
        and contents[row["table_name"], row["batch"]] == 1
    }
    return compare_rows(
        "schema_drift",
        [row for row in expected["schema_drift"] if (row["table_name"], row["batch"]) in plain],
        [row for row in got if (row["table_name"], row["batch"]) in plain],
    )


def _compare_orphans(expected: list[Row], got: list[Row]) -> list[str]:
    """Every orphan; the tables of the user may be left out altogether."""
    has_reference = any(source_of(row["child_table"]) == "reference" for row in got)
    return compare_rows(
        "orphan_references",
        [row for row in expected if has_reference or source_of(row["child_table"]) == "autotask"],
        got,
    )
