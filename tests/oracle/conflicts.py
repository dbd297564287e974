"""What a milestone belongs to and what is wrong with it (rules: milestones.md), row by row."""

from __future__ import annotations

from datetime import date

from tests.oracle.measures import is_active_contract
from tests.oracle.resolution import company_fits, first_not_none, level_po_on, purchase_order_key
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


def billing_stage(status_name: str) -> str:
    """MIL-3: the stage that a status stands for; `unknown` for any other text."""
    for stage, statuses in MILESTONE_STAGES.items():
        if status_key(status_name) in map(status_key, statuses):
            return stage
    return "unknown"


def project_id_of(state: State, milestone: Row) -> int | None:
    """MIL-1: its `project_id`, else the one project with its number (trimmed, exact)."""
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
    """MIL-2: project, target contract and company, as ids and as rows (None for orphans)."""
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
    """MIL-4: company, key and number of its PO: the project's, else the target contract's."""
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


def claims_by_milestone(state: State, charges: list[Row]) -> dict[int, list[Row]]:
    """MIL-6: the charges that name a milestone, existing or not, the cancelled ones apart."""
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
    """MIL-7: `auto` is on when any charge has a milestone_id."""
    if state.milestone_allocation_tracking == "auto":
        return any(charge["milestone_id"] is not None for charge in state.charges)
    return state.milestone_allocation_tracking == "on"


def is_replaced(state: State, contract: Row) -> bool:
    """MIL-5: a contract linked to it, in either direction, starts later and has started."""
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
    """MIL-8: it ends before the milestone is due, or has ended when nothing is due."""
    if contract["end_date"] is None:
        return False
    return bool(contract["end_date"] < first_not_none(date_due, state.as_of_date))


def contract_mismatch(state: State, milestone: Row, targets: Row) -> str | None:
    """MIL-8: the first detail of `contract_reference_mismatch` that applies."""
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
    """MIL-9: claims whose effective contract is another one than the target, both set."""
    return [
        charge
        for charge in claims
        if charge["contract_id"] is not None
        and target_contract_id is not None
        and charge["contract_id"] != target_contract_id
    ]


def keys_of(charges: list[Row]) -> str:
    """MIL-9: charge keys as a `detail`."""
    return "; ".join(sorted(charge["charge_key"] for charge in charges))


def conflicts_of(
    state: State, milestone: Row, targets: Row, claims: list[Row]
) -> dict[str, str | None]:
    """MIL-9: conflict type -> detail, of one milestone."""
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
    """MIL-10: the waiver that is in force on the as-of date, its last day included."""
    for waiver in state.waivers:
        if (
            waiver["milestone_id"] == milestone_id
            and waiver["conflict_type"] == conflict_type
            and (waiver["until"] is None or waiver["until"] >= state.as_of_date)
        ):
            return waiver
    return None
