"""Charges that cannot be told apart by their ids (RAW-11, RAW-12)."""

from __future__ import annotations

from itertools import combinations

from tests.oracle.columns import CHARGE_KINDS
from tests.oracle.landing import Landing
from tests.oracle.tables import Row

PARENTS = ("contract_id", "project_id", "task_id", "ticket_id")


def parents_of(row: Row) -> dict[str, int]:
    """The parents that a charge names itself."""
    return {column: row[column] for column in PARENTS if row[column] is not None}


def unclear_charges(landing: Landing) -> set[int]:
    """The ids for which publication waits."""
    return {
        *_different_in_one_file(landing),
        *_different_in_two_files(landing),
        *_beside_a_kind(landing),
    }


def _different_in_one_file(landing: Landing) -> set[int]:
    """RAW-11: two rows of one id and no kind name different parents."""
    found = set()
    for batch in landing.batches("charges"):
        kept = {row["id"]: row for row in batch.rows if row["charge_kind"] == "charge"}
        for row in batch.doubled:
            is_kindless = row["charge_kind"] == "charge" and not batch.is_deleted
            if is_kindless and parents_of(row) != parents_of(kept[row["id"]]):
                found.add(row["id"])
    return found


def _different_in_two_files(landing: Landing) -> set[int]:
    """RAW-11: both rows name parents, and no level in common."""
    levels: dict[int, list[set[str]]] = {}
    for batch in landing.batches("charges"):
        for row in [] if batch.is_deleted else batch.rows:
            if row["charge_kind"] == "charge" and parents_of(row):
                levels.setdefault(row["id"], []).append(set(parents_of(row)))
    return {
        charge_id
        for charge_id, named in levels.items()
        if any(one.isdisjoint(other) for one, other in combinations(named, 2))
    }


def _beside_a_kind(landing: Landing) -> set[int]:
    """RAW-12: without a kind, beside a table a kind or beside the same charge under a kind."""
    charges = landing.charges()
    kindless = {row["id"]: row for row in charges.values() if row["charge_kind"] == "charge"}
    if any(not batch.is_deleted for table in CHARGE_KINDS for batch in landing.batches(table)):
        return set(kindless)
    return {
        row["id"]
        for row in charges.values()
        if row["charge_kind"] != "charge"
        and row["id"] in kindless
        and parents_of(row).items() & parents_of(kindless[row["id"]]).items()
    }
