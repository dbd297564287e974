"""Milestones and what is wrong with them (SPEC 6), row by row."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.oracle.purchase_orders import (
    company_fits,
    first_not_none,
    is_active_contract,
    level_po_on,
    percentage,
    purchase_order_key,
    total,
)
from tests.oracle.state import MILESTONE_STAGES, State
from tests.oracle.tables import Row
from tests.oracle.texts import status_key

CONFLICT_TYPES = (
    "contract_reference_mismatch",
    "project_without_contract",
    "missing_billing_target",
    "missing_charge_allocation",
    "duplicate_allocation",
    "charge_contract_mismatch",
)
STAGE_RANKS = {
    "approved_for_billing": 1,
    "completed": 2,
    "in_progress": 3,
    "unknown": 4,
    "billed": 5,
}
URGENCIES = {"approved_for_billing": "immediate", "completed": "next"}


def billing_stage(status_name: str) -> str:
    """SPEC 6: the stage that a status stands for; `unknown` for any other text."""
    for stage, statuses in MILESTONE_STAGES.items():
        if status_key(status_name) in map(status_key, statuses):
            return stage
    return "unknown"


# ---------------------------------------------------------------------------------------------
# What a milestone belongs to
# ---------------------------------------------------------------------------------------------


def project_id_of(state: State, milestone: Row) -> int | None:
    """SPEC 6: its `project_id`, else the one project with its number (trimmed, exact)."""
    if milestone["project_id"] is not None:
        return int(milestone["project_id"])
    number = (milestone["project_number"] or "").strip()
    if number == "":
        return None
    same_number = [
        project["id"]
        for project in state.parents["project"].values()
        if (project["project_number"] or "").strip() == number
    ]
    return same_number[0] if len(same_number) == 1 else None


def targets_of(state: State, milestone: Row) -> Row:
    """SPEC 6: project, target contract and company, as ids and as rows (None for orphans)."""
    project_id = project_id_of(state, milestone)
    project = state.parent("project", project_id)
    contract_id = first_not_none(
        milestone["contract_id"], project["contract_id"] if project is not None else None
    )
    contract = state.parent("contract", contract_id)
    return {
        "project_id": project_id,
        "project": project,
        "contract_id": contract_id,
        "contract": contract,
        "company_id": first_not_none(
            contract["company_id"] if contract is not None else None,
            project["company_id"] if project is not None else None,
        ),
    }


def milestone_po(
    state: State, milestone: Row, targets: Row
) -> tuple[int | None, str | None, str | None]:
    """SPEC 6: company, key and number of its PO: the project's, else the target contract's."""
    day = first_not_none(milestone["date_due"], state.as_of_date)
    for level in ("project", "contract"):
        owner = targets[level]
        if owner is None:
            continue
        po_number, _ = level_po_on(state, level, owner["id"], day)
        if po_number is not None and company_fits(
            state, targets["company_id"], owner["company_id"]
        ):
            company_id = owner["company_id"]
            return company_id, purchase_order_key(company_id, po_number), po_number
    return None, None, None


# ---------------------------------------------------------------------------------------------
# Conflicts
# ---------------------------------------------------------------------------------------------


def claims_by_milestone(state: State, charges: list[Row]) -> dict[int, list[Row]]:
    """SPEC 6: the charges that name a milestone, existing or not, the cancelled ones apart."""
    cancelled = {
        f"{charge['charge_kind']}-{charge['id']}"
        for charge in state.charges
        if status_key(charge["status_name"]) in state.cancelled_charge_statuses
    }
    claims: dict[int, list[Row]] = {}
    for charge in charges:
        if charge["milestone_id"] is not None and charge["charge_key"] not in cancelled:
            claims.setdefault(charge["milestone_id"], []).append(charge)
    return claims


def allocation_is_tracked(state: State) -> bool:
    """SPEC 6: `auto` is on when any charge has a milestone_id."""
    if state.milestone_allocation_tracking == "auto":
        return any(charge["milestone_id"] is not None for charge in state.charges)
    return state.milestone_allocation_tracking == "on"


def is_replaced(state: State, contract: Row) -> bool:
    """SPEC 6: a contract linked to it, in either direction, starts later and has started."""
    for other in state.parents["contract"].values():
        is_linked = (
            contract["renewed_contract_id"] == other["id"]
            or other["renewed_contract_id"] == contract["id"]
        )
        if (
            is_linked
            and contract["start_date"] is not None
            and other["start_date"] is not None
            and other["start_date"] > contract["start_date"]
            and other["start_date"] <= state.as_of_date
        ):
            return True
    return False


def is_expired(state: State, contract: Row, date_due: date | None) -> bool:
    """SPEC 6: it ends before the milestone is due, or has ended when nothing is due."""
    if contract["end_date"] is None:
        return False
    return bool(contract["end_date"] < first_not_none(date_due, state.as_of_date))


def contract_mismatch(state: State, milestone: Row, targets: Row) -> str | None:
    """SPEC 6: the first detail of `contract_reference_mismatch` that applies."""
    if targets["contract_id"] is None:
        return None
    contract, project = targets["contract"], targets["project"]
    if contract is None:
        return "contract_missing"
    if not is_active_contract(state, contract):
        return "contract_inactive"
    if is_replaced(state, contract):
        return "contract_replaced"
    if is_expired(state, contract, milestone["date_due"]):
        return "contract_expired"
    if (
        milestone["contract_id"] is not None
        and project is not None
        and project["contract_id"] is not None
        and project["contract_id"] != milestone["contract_id"]
    ):
        return "project_contract_differs"
    return None


def differing_charges(claims: list[Row], target_contract_id: int | None) -> list[Row]:
    """SPEC 6: claims whose effective contract is another one than the target, both set."""
    return [
        charge
        for charge in claims
        if charge["contract_id"] is not None
        and target_contract_id is not None
        and charge["contract_id"] != target_contract_id
    ]


def keys_of(charges: list[Row]) -> str:
    """SPEC 6: charge keys as a `detail`."""
    return "; ".join(sorted(charge["charge_key"] for charge in charges))


def conflicts_of(
    state: State, milestone: Row, targets: Row, claims: list[Row]
) -> dict[str, str | None]:
    """SPEC 6: conflict type -> detail, of one milestone."""
    if billing_stage(milestone["status_name"]) == "billed":
        return {}
    found: dict[str, str | None] = {}
    has_own_contract = milestone["contract_id"] is not None
    project = targets["project"]

    detail = contract_mismatch(state, milestone, targets)
    if detail is not None:
        found["contract_reference_mismatch"] = detail
    if not has_own_contract and project is not None and project["contract_id"] is None:
        found["project_without_contract"] = None
    if not has_own_contract and project is None:
        found["missing_billing_target"] = None
    if allocation_is_tracked(state) and milestone["amount"] != 0 and not claims:
        found["missing_charge_allocation"] = None
    if len(claims) >= 2:
        found["duplicate_allocation"] = keys_of(claims)
    differing = differing_charges(claims, targets["contract_id"])
    if differing:
        found["charge_contract_mismatch"] = keys_of(differing)
    return found


def waiver_of(state: State, milestone_id: int, conflict_type: str) -> Row | None:
    """SPEC 2: the waiver that is in force on the as-of date, its last day included."""
    for waiver in state.waivers:
        if (
            waiver["milestone_id"] == milestone_id
            and waiver["conflict_type"] == conflict_type
            and (waiver["until"] is None or waiver["until"] >= state.as_of_date)
        ):
            return waiver
    return None


# ---------------------------------------------------------------------------------------------
# Marts
# ---------------------------------------------------------------------------------------------


def fct_milestones(state: State, charges: list[Row]) -> list[Row]:
    """SPEC 6: one row per milestone."""
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
    """SPEC 6: one row per milestone and conflict type, in the order to fix them."""
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
    """SPEC 6: one row per existing milestone and charge that claims it."""
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
    """SPEC 6: one row per status, as delivered."""
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
    """SPEC 6: one row for the whole."""
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
    """SPEC 6: one row per project of a milestone; orphans and none have one too."""
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
