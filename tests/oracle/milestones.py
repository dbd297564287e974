"""The milestone marts (rules: milestones.md), row by row."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.oracle.conflicts import (
    CONFLICT_TYPES,
    billing_stage,
    claims_by_milestone,
    conflicts_of,
    differing_charges,
    milestone_po,
    targets_of,
    waiver_of,
)
from tests.oracle.measures import percentage, total
from tests.oracle.state import State
from tests.oracle.tables import Row
from tests.oracle.texts import status_key

STAGE_RANKS = {
    "approved_for_billing": 1,
    "completed": 2,
    "in_progress": 3,
    "unknown": 4,
    "billed": 5,
}
URGENCIES = {"approved_for_billing": "immediate", "completed": "next"}


def fct_milestones(state: State, charges: list[Row]) -> list[Row]:
    """MIL-11: one row per milestone."""
    claims_of = claims_by_milestone(state, charges)
    facts = []
    for milestone in state.milestones:
        targets = targets_of(state, milestone)
        project, contract = targets["project"], targets["contract"]
        stage = billing_stage(milestone["status_name"])
        claims = claims_of.get(milestone["id"], [])
        conflicts = conflicts_of(state, milestone, targets, claims)
        counted = [
            conflict_type
            for conflict_type in conflicts
            if waiver_of(state, milestone["id"], conflict_type) is None
        ]
        po_company_id, key, po_number = milestone_po(state, milestone, targets)
        facts.append(
            {
                "milestone_id": milestone["id"],
                "title": milestone["title"],
                "project_id": targets["project_id"],
                "project_name": None if project is None else project["project_name"],
                "project_number": None if project is None else project["project_number"],
                "contract_id": milestone["contract_id"],
                "target_contract_id": targets["contract_id"],
                "target_contract_name": None if contract is None else contract["contract_name"],
                "company_id": targets["company_id"],
                "company_name": state.name_of_company(targets["company_id"]),
                "status_name": milestone["status_name"],
                "billing_stage": stage,
                "stage_rank": STAGE_RANKS[stage],
                "amount": milestone["amount"],
                "date_due": milestone["date_due"],
                "is_overdue": (
                    milestone["date_due"] is not None
                    and milestone["date_due"] < state.as_of_date
                    and stage != "billed"
                ),
                "purchase_order_key": key,
                "po_company_id": po_company_id,
                "po_number": po_number,
                "allocated_charge_count": len(claims),
                **{
                    f"has_{conflict_type}": conflict_type in conflicts
                    for conflict_type in CONFLICT_TYPES
                },
                "conflict_count": len(counted),
                "has_conflict": len(counted) > 0,
                "revenue_at_risk": milestone["amount"] if counted else Decimal(0),
                "project_status_name": None if project is None else project["status_name"],
            }
        )
    return facts


def milestone_conflicts(state: State, charges: list[Row], milestones: list[Row]) -> list[Row]:
    """MIL-12: one row per milestone and conflict type, in the order to fix them."""
    claims_of = claims_by_milestone(state, charges)
    facts = {fact["milestone_id"]: fact for fact in milestones}
    rows = []
    for milestone in state.milestones:
        fact = facts[milestone["id"]]
        targets = targets_of(state, milestone)
        claims = claims_of.get(milestone["id"], [])
        conflicts = conflicts_of(state, milestone, targets, claims)
        for conflict_type, detail in conflicts.items():
            waiver = waiver_of(state, milestone["id"], conflict_type)
            rows.append(
                {
                    "conflict_key": f"{milestone['id']}-{conflict_type}",
                    "conflict_type": conflict_type,
                    "detail": detail,
                    **{
                        column: fact[column]
                        for column in (
                            "milestone_id",
                            "title",
                            "project_id",
                            "project_name",
                            "target_contract_id",
                            "company_id",
                            "company_name",
                            "status_name",
                            "billing_stage",
                            "amount",
                            "date_due",
                        )
                    },
                    "billing_urgency": URGENCIES.get(fact["billing_stage"], "lead_time"),
                    "resolution": state.resolutions[conflict_type],
                    "is_waived": waiver is not None,
                    "waiver_reason": None if waiver is None else waiver["reason"],
                }
            )

    def place(row: Row) -> tuple[Any, ...]:
        urgency = ("immediate", "next", "lead_time").index(row["billing_urgency"])
        return (
            row["is_waived"],
            urgency,
            -row["amount"],
            row["milestone_id"],
            row["conflict_type"],
        )

    rows.sort(key=place)
    for number, row in enumerate(rows, start=1):
        row["fix_order"] = number
    return rows


def milestone_charge_links(state: State, charges: list[Row], milestones: list[Row]) -> list[Row]:
    """MIL-6: one row per existing milestone and charge that claims it."""
    claims_of = claims_by_milestone(state, charges)
    return [
        {
            "milestone_id": milestone["milestone_id"],
            "charge_key": charge["charge_key"],
            "charge_contract_id": charge["contract_id"],
            "target_contract_id": milestone["target_contract_id"],
            "charge_amount": charge["billable_amount"],
            "milestone_amount": milestone["amount"],
            "is_contract_match": (
                charge["contract_id"] is not None
                and charge["contract_id"] == milestone["target_contract_id"]
            ),
        }
        for milestone in milestones
        for charge in claims_of.get(milestone["milestone_id"], [])
    ]


def milestone_status_breakdown(state: State, milestones: list[Row]) -> list[Row]:
    """MIL-13: one row per status, as delivered."""
    rows = []
    for status_name in {milestone["status_name"] for milestone in milestones}:
        group = [row for row in milestones if row["status_name"] == status_name]
        rows.append(
            {
                "status_name": status_name,
                "billing_stage": group[0]["billing_stage"],
                "stage_rank": group[0]["stage_rank"],
                "milestone_count": len(group),
                "share_pct": percentage(len(group), len(milestones)),
                "total_amount": total(row["amount"] for row in group),
                "conflicted_count": sum(row["has_conflict"] for row in group),
                "revenue_at_risk": total(row["revenue_at_risk"] for row in group),
                "billing_implication": state.billing_implications.get(status_key(status_name)),
            }
        )
    return rows


def milestone_conflict_summary(
    state: State, charges: list[Row], milestones: list[Row]
) -> list[Row]:
    """MIL-13: one row for the whole."""
    claims_of = claims_by_milestone(state, charges)
    conflicted = [milestone for milestone in milestones if milestone["has_conflict"]]
    differing = {
        charge["charge_key"]
        for milestone in milestones
        if milestone["billing_stage"] != "billed"
        for charge in differing_charges(
            claims_of.get(milestone["milestone_id"], []), milestone["target_contract_id"]
        )
    }
    return [
        {
            "total_milestones": len(milestones),
            "open_milestones": sum(row["billing_stage"] != "billed" for row in milestones),
            "conflicts_found": len(conflicted),
            "conflict_rate_pct": percentage(len(conflicted), len(milestones)),
            "total_amount": total(row["amount"] for row in milestones),
            "revenue_at_risk": total(row["revenue_at_risk"] for row in milestones),
            "charges_conflicts": len(differing),
        }
    ]


def project_milestone_conflicts(milestones: list[Row]) -> list[Row]:
    """MIL-13: one row per project of a milestone; orphans and none have one too."""
    rows = []
    for project_id in {milestone["project_id"] for milestone in milestones}:
        group = [row for row in milestones if row["project_id"] == project_id]
        rows.append(
            {
                "project_id": project_id,
                "project_name": group[0]["project_name"],
                "milestone_count": len(group),
                "conflicted_count": sum(row["has_conflict"] for row in group),
                "conflict_count": sum(row["conflict_count"] for row in group),
                "revenue_at_risk": total(row["revenue_at_risk"] for row in group),
            }
        )
    return rows
