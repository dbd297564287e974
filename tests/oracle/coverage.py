"""Marts of what has a PO and what lacks one (rules: marts.md), row by row."""

from __future__ import annotations

from decimal import Decimal

from tests.oracle.measures import internal_hours, material_code, percentage, total
from tests.oracle.resolution import owner_company, purchase_order_key
from tests.oracle.state import State
from tests.oracle.tables import Row
from tests.oracle.texts import is_blank


def po_exposure(state: State, charges: list[Row]) -> list[Row]:
    """MRT-11: exposed charges by company and material code."""
    groups: dict[tuple[int | None, str], list[Row]] = {}
    for charge in charges:
        groups.setdefault((charge["company_id"], material_code(charge)), []).append(charge)

    rows = []
    for (company_id, material), lines in groups.items():
        exposed = [line for line in lines if line["is_exposed"]]
        no_direct = [
            line
            for line in lines
            if not line["has_direct_po"]
            and not line["is_invoiced"]
            and line["is_billable"]
            and line["company_id"] != 0
        ]
        if not exposed and not no_direct:
            continue
        buckets = dict.fromkeys(("0_30", "31_60", "61_90", "over_90"), Decimal(0))
        for line in exposed:
            age = (state.as_of_date - line["date_purchased"]).days
            if age <= 30:
                bucket = "0_30"
            elif age <= 60:
                bucket = "31_60"
            elif age <= 90:
                bucket = "61_90"
            else:
                bucket = "over_90"
            buckets[bucket] += line["billable_amount"]
        rows.append(
            {
                "company_id": company_id,
                "company_name": state.name_of_company(company_id),
                "material_code_name": material,
                "po_required": state.requires_po(company_id),
                "uninvoiced_lines_no_po": len(exposed),
                "total_billable_exposed": total(line["billable_amount"] for line in exposed),
                "uninvoiced_lines_no_direct_po": len(no_direct),
                "total_billable_no_direct_po": total(line["billable_amount"] for line in no_direct),
                "oldest_date_purchased": min(
                    (line["date_purchased"] for line in exposed), default=None
                ),
                "exposed_0_30": buckets["0_30"],
                "exposed_31_60": buckets["31_60"],
                "exposed_61_90": buckets["61_90"],
                "exposed_over_90": buckets["over_90"],
            }
        )
    return rows


def po_overview(
    state: State, charges: list[Row], entries: list[Row], milestones: list[Row]
) -> list[Row]:
    """MIL-13: one row for the whole."""
    direct = [charge for charge in charges if charge["has_direct_po"]]
    with_po = [charge for charge in charges if charge["has_po"]]
    exposed = [charge for charge in charges if charge["is_exposed"]]
    external = [entry for entry in entries if not entry["is_internal"]]
    amount_of_all = total(charge["billable_amount"] for charge in charges)
    return [
        {
            "data_as_of": state.data_as_of,
            "total_charge_records": len(charges),
            "charges_with_direct_po": len(direct),
            "charges_with_po": len(with_po),
            "charges_without_po": len(charges) - len(with_po),
            "direct_coverage_pct": percentage(len(direct), len(charges)),
            "coverage_pct": percentage(len(with_po), len(charges)),
            "amount_coverage_pct": percentage(
                total(charge["billable_amount"] for charge in with_po), amount_of_all
            ),
            "total_billable_amount": amount_of_all,
            "unique_direct_po_numbers": len(
                {purchase_order_key(line["company_id"], line["charge_po"]) for line in direct}
            ),
            "unique_po_numbers": len({line["purchase_order_key"] for line in with_po}),
            "charges_with_internal_po": sum(
                not is_blank(charge["internal_po_number"]) for charge in charges
            ),
            "total_hours": total(entry["hours_worked"] for entry in external),
            "hours_with_po": total(entry["hours_worked"] for entry in external if entry["has_po"]),
            "exposed_lines": len(exposed),
            "exposed_amount": total(charge["billable_amount"] for charge in exposed),
            "exposed_amount_po_required": total(
                charge["billable_amount"]
                for charge in exposed
                if state.requires_po(charge["company_id"])
            ),
            "exposed_labor_amount": total(
                entry["labor_amount"] for entry in entries if entry["is_exposed"]
            ),
            "exposed_milestone_amount": total(
                milestone["amount"]
                for milestone in milestones
                if milestone["billing_stage"] in ("completed", "approved_for_billing")
                and milestone["po_number"] is None
                and milestone["company_id"] != 0
            ),
        }
    ]


# object -> level of RES-10 whose own current PO counts
COVERED_PARENTS = {
    "contracts": "contract",
    "projects": "project",
    "tasks": "task",
    "tickets": "ticket",
}
COVERED_OBJECTS = ("charges", *COVERED_PARENTS, "charges_resolved", "time_entries_resolved")


def coverage_records(state: State, charges: list[Row], entries: list[Row]) -> list[Row]:
    """MRT-8: every record of every object, its company, and its coverage."""
    records: list[Row] = []

    def add(object_name: str, company_id: int | None, has_po: bool) -> None:
        records.append({"object_name": object_name, "company_id": company_id, "has_po": has_po})

    for object_name, level in COVERED_PARENTS.items():
        for row in state.parents[level].values():
            owner = owner_company(state, level, row)
            add(object_name, owner, state.current_po(level, row) is not None)
    for charge in charges:
        add("charges", charge["company_id"], charge["has_direct_po"])
        add("charges_resolved", charge["company_id"], charge["has_po"])
    for entry in entries:
        if not entry["is_internal"]:
            add("time_entries_resolved", entry["company_id"], entry["has_po"])
    return records


def coverage_of(records: list[Row]) -> Row:
    """MRT-8: the three numbers of both coverage marts."""
    with_po = [record for record in records if record["has_po"]]
    return {
        "total_records": len(records),
        "records_with_po": len(with_po),
        "coverage_pct": percentage(len(with_po), len(records)),
    }


def po_coverage(state: State, charges: list[Row], entries: list[Row]) -> list[Row]:
    """MRT-8: object by company; the company is null where it is unknown."""
    groups: dict[tuple[str, int | None], list[Row]] = {}
    for record in coverage_records(state, charges, entries):
        groups.setdefault((record["object_name"], record["company_id"]), []).append(record)
    return [
        {
            "object_name": object_name,
            "company_id": company_id,
            "company_name": state.name_of_company(company_id),
            **coverage_of(records),
        }
        for (object_name, company_id), records in groups.items()
    ]


def po_coverage_by_object(state: State, charges: list[Row], entries: list[Row]) -> list[Row]:
    """MRT-8: one row per object, also for one without a record."""
    records = coverage_records(state, charges, entries)
    return [
        {
            "object_name": object_name,
            **coverage_of([record for record in records if record["object_name"] == object_name]),
        }
        for object_name in COVERED_OBJECTS
    ]


def po_gap_summary(charges: list[Row], entries: list[Row]) -> list[Row]:
    """MRT-9: line kind by po_gap_reason of the lines without a PO, internal time included."""
    lines = [
        {
            "line_kind": "charge",
            "po_gap_reason": charge["po_gap_reason"],
            "amount": charge["billable_amount"],
            "hours": Decimal(0),
            "internal_hours": Decimal(0),
            "is_exposed": charge["is_exposed"],
        }
        for charge in charges
    ] + [
        {
            "line_kind": "time_entry",
            "po_gap_reason": entry["po_gap_reason"],
            "amount": entry["labor_amount"],
            "hours": entry["hours_worked"],
            "internal_hours": internal_hours([entry]),
            "is_exposed": entry["is_exposed"],
        }
        for entry in entries
    ]
    groups: dict[tuple[str, str], list[Row]] = {}
    for line in lines:
        if line["po_gap_reason"] is not None:
            groups.setdefault((line["line_kind"], line["po_gap_reason"]), []).append(line)
    return [
        {
            "line_kind": line_kind,
            "po_gap_reason": reason,
            "line_count": len(group),
            "amount": total(line["amount"] for line in group),
            "hours": total(line["hours"] for line in group),
            "internal_hours": total(line["internal_hours"] for line in group),
            "exposed_lines": sum(line["is_exposed"] for line in group),
            "exposed_amount": total(line["amount"] for line in group if line["is_exposed"]),
        }
        for (line_kind, reason), group in groups.items()
    ]
