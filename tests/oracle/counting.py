"""Which corners of the rules a landing folder reaches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from tests.oracle.comparison import Marts
from tests.oracle.conflicts import CONFLICT_TYPES, is_replaced
from tests.oracle.measures import is_active_contract
from tests.oracle.state import State
from tests.oracle.tables import Row
from tests.oracle.texts import clean_po, is_blank, is_placeholder, status_key, tidy, tidy_po


def count_corners(state: State, marts: Marts) -> Counter[str]:
    """How often each corner of the rules (RES, MRT, MIL) occurs in the marts of one state."""
    counts: Counter[str] = Counter()
    for corners in (
        _of_lines(marts),
        _of_texts(state),
        _of_postings(state, marts),
        _of_review(marts),
        _of_purchase_order_marts(marts),
        _of_utilization(state, marts),
        _of_milestones(state, marts),
        _of_claims(state, marts),
        _of_waivers(state, marts),
        _of_invoices(marts),
    ):
        counts.update(corners)
    return counts


def _of_lines(marts: Marts) -> Iterator[str]:
    for mart, kind in (
        ("fct_charges_po_resolved", "charge"),
        ("fct_time_entries_po_resolved", "time_entry"),
    ):
        for row in marts[mart]:
            for column in (
                "po_source",
                "po_basis",
                "po_gap_reason",
                "has_po_mismatch",
                "is_exposed",
                "is_invoiced",
                "is_posted",
                "is_billable",
                "is_internal",
                "has_direct_po",
            ):
                if column in row:
                    yield f"{kind}.{column}={row[column]}"
            key = row["purchase_order_key"]
            if key is not None:
                yield f"{kind}.unknown_in_key={key.startswith('unknown-')}"
                yield f"{kind}.po_of_relative={row['po_company_id'] != row['company_id']}"
            yield f"{kind}.company_is_null={row['company_id'] is None}"
            yield f"{kind}.company_is_zero={row['company_id'] == 0}"


def _of_texts(state: State) -> Iterator[str]:
    for kind, lines in (("charge", state.charges), ("time_entry", state.time_entries)):
        for line in lines:
            text = line["invoice_number"]
            if not is_blank(text):
                yield f"{kind}.invoice_number={is_placeholder(text, state.placeholders)}"
    carriers = [*state.charges, *(row for rows in state.parents.values() for row in rows.values())]
    for carrier in carriers:
        text = carrier["purchase_order_number"]
        if not is_blank(text):
            yield f"po_text.is_placeholder={is_placeholder(text, state.placeholders)}"
            wrapping = {"=": "formula", "'": "apostrophe"}.get(tidy(text)[0])
            if wrapping:
                yield f"po_text.wrapping={wrapping}"
            if tidy(text) != tidy_po(text) and not wrapping:
                yield "po_text.wrapping=zero_fraction"


def _of_postings(state: State, marts: Marts) -> Iterator[str]:
    for (kind, _), items in state.postings.items():
        yield f"posting.of={kind if items else 'none'}"
        yield f"posting.items={min(len(items), 3)}"
        pos = {clean_po(item["purchase_order_number"], state.placeholders) for item in items}
        yield f"posting.po={'several' if len(pos) > 1 else 'none' if pos == {None} else 'one'}"
    for item in state.billing_items:
        invoice = state.invoices.get(item["invoice_id"])
        if item["invoice_id"] is None or invoice is None:
            yield f"posting.invoice={'none' if item['invoice_id'] is None else 'missing'}"
        elif invoice["is_voided"]:
            yield "posting.invoice=voided"
        else:
            text = invoice["invoice_number"]
            is_none = not is_blank(text) and is_placeholder(text, state.placeholders)
            kind = "blank" if is_blank(text) else "placeholder" if is_none else "number"
            yield f"posting.invoice={kind}"
    for entry in state.time_entries:
        items = state.postings.get(("time_entry", entry["id"]), [])
        if items and entry["billing_amount"] is None:
            prepaid = [item for item in items if item["contract_block_id"] is not None]
            yield f"posting.prepaid={len(prepaid) == len(items)}"
    for row in marts["posted_po_check"]:
        yield f"posting.finding={row['finding']}"
    for row in marts["dim_contracts"]:
        yield f"label.of_contract={row['status_name'] == 'On hold'}"
    for charge in state.charges:  # as only labels are spelled
        yield f"label.of_charge={charge['status_name'] in (' canceled', 'CANCELLED')}"
        yield f"material.by_code={charge['material_code_name'] == 'Licences'}"


def _of_review(marts: Marts) -> Iterator[str]:
    numbers = marts["dim_purchase_orders"]
    lines = {
        (row["company_id"], row["po_number"]): row["charge_count"] + row["time_entry_count"]
        for row in numbers
    }
    reasons = Counter((row["po_company_id"], row["po_number"]) for row in marts["po_number_review"])
    for row in marts["po_number_review"]:
        yield f"review.reason={row['reason']}"
        yield f"review.has_lines={row['line_count'] > 0}, carriers={row['carrier_count'] > 0}"
        yield f"review.several={reasons[row['po_company_id'], row['po_number']] > 1}"
        if row["similar_po_number"] is not None:
            other = lines.get((row["po_company_id"], row["similar_po_number"]), 0)
            yield f"review.similar_ties={other == row['line_count']}"


def _of_purchase_order_marts(marts: Marts) -> Iterator[str]:
    for row in marts["po_coverage"]:
        yield f"coverage.{row['object_name']}.company_is_null={row['company_id'] is None}"
    for row in marts["charges_per_po"]:
        is_mixed = row["lines_direct"] > 0 and row["lines_inherited"] > 0
        yield f"charges_per_po.direct_and_inherited={is_mixed}"
    for row in marts["charges_by_material_code"]:
        sign = (row["billable_amount"] > 0) - (row["billable_amount"] < 0)
        yield f"material.priority={row['po_priority']}"
        yield f"material.sign_of_amount={sign}"
    for row in marts["charge_allocation"]:
        yield f"allocation.{row['allocation']}.is_empty={row['charge_count'] == 0}"
    ranks = Counter(row["billable_rank"] for row in marts["company_po_profile"])
    for row in marts["company_po_profile"]:
        rank, is_large = row["billable_rank"], row["billable_rank"] <= 10
        yield f"profile.recommendation={row['recommendation']}"
        yield f"profile.tied={ranks[rank] > 1}, among_ten={is_large}"
        yield f"profile.tie_passes_ten={is_large and rank + ranks[rank] - 1 > 10}"
        yield f"profile.is_orphan={row['company_name'] is None}"
        yield f"profile.has_disputed_invoice={row['has_disputed_invoice']}"
        yield f"profile.has_charges={row['charge_lines'] > 0}"
        yield f"profile.amount_not_positive={row['billable_amount'] <= 0}"
        yield f"profile.pct_of_an_eighth={abs(row['value_coverage_pct']) == Decimal('0.13')}"
        if row["recommendation"] == "consider_requiring":
            yield f"profile.considered_for_used_pos={row['has_used_pos']}"
    for _ in marts["hours_via_contract_po"]:
        yield "hours_via_contract_po"
    for row in marts["problem_effort"]:
        yield f"problem.several_incidents={row['incident_count'] > 1}"
        yield f"problem.has_po={row['po_number'] is not None}"
        yield f"problem.problem_hours={row['problem_hours'] > 0}"
        yield f"problem.incident_hours={row['incident_hours'] > 0}"


def _sign(number: Decimal | int) -> str:
    return "above" if number > 0 else "below" if number < 0 else "at"


def _of_utilization(state: State, marts: Marts) -> Iterator[str]:
    for row in marts["po_utilization"]:
        yield f"po.status={row['utilization_status']}"
        yield f"po.is_registered={row['is_registered']}, company={_company(state, row)}"
        if not row["is_registered"]:
            continue
        for unit in ("amount", "hours"):
            authorized, used = row[f"authorized_{unit}"], row[f"consumed_{unit}"]
            if authorized is not None and used != 0:
                yield f"po.{unit}_used_of_zero={authorized == 0}"
                yield f"po.{unit}_to_authorized={_sign(used - authorized)}"
                limit = state.near_limit_pct * authorized
                yield f"po.{unit}_to_limit={_sign(used * 100 - limit)}"
        amounts = row["authorized_amount"] is not None, row["authorized_hours"] is not None
        yield f"po.authorizes_amount={amounts[0]}, hours={amounts[1]}"
        yield f"po.authorizes_zero={0 in (row['authorized_amount'], row['authorized_hours'])}"
        yield f"po.has_credit_left_over={row['consumed_amount'] < 0}"
        if row["valid_to"] is not None:
            yield f"po.valid_to={_sign((row['valid_to'] - state.as_of_date).days)}"
            yield f"po.status={row['utilization_status']}, has an end"
    for row in state.register:
        text = row["purchase_order_number"]
        yield f"register.is_tidy={text == tidy_po(text)}"
    for row in marts["dim_purchase_orders"]:
        has_lines = row["charge_count"] + row["time_entry_count"] > 0
        yield f"dim_po.registered={row['is_registered']}, has_lines={has_lines}"
        yield f"dim_po.company={_company(state, row)}"
    for row in marts["po_monthly_activity"]:
        yield f"month.milestones={row['milestone_amount'] > 0}, charges={row['charge_lines'] > 0}"
        yield f"month.company={_company(state, row)}"


def _company(state: State, row: Row) -> str:
    company_id = row["company_id"]
    if company_id is None:
        return "null"
    if company_id == 0:
        return "zero"
    return "client" if company_id in state.companies else "orphan"


def _of_milestones(state: State, marts: Marts) -> Iterator[str]:
    projects, contracts = state.parents["project"], state.parents["contract"]
    numbers = Counter((project["project_number"] or "").strip() for project in projects.values())
    facts = {row["milestone_id"]: row for row in marts["fct_milestones"]}
    for milestone in state.milestones:
        fact = facts[milestone["id"]]
        stage = fact["billing_stage"]
        yield f"milestone.stage={stage}"
        is_exact = milestone["status_name"] in ("Completed", "Approved for Billing", "Billed")
        yield f"milestone.stage={stage}, odd spelling={not is_exact}"
        yield f"milestone.amount_is={_sign(milestone['amount'])}"
        yield f"milestone.company={_company(state, fact)},{stage}"
        yield f"milestone.conflict_count={fact['conflict_count']}"
        if milestone["date_due"] is None:
            yield f"milestone.due=null,{stage}"
        else:
            due = _sign((milestone["date_due"] - state.as_of_date).days)
            yield f"milestone.due={due},{stage}"
        project = projects.get(fact["project_id"])
        by = "id" if milestone["project_id"] is not None else "number"
        if fact["project_id"] is not None:
            yield f"milestone.project_by={by}, exists={project is not None}"
            has_contract = project is not None and project["contract_id"] is not None
            has_own = fact["contract_id"] is not None
            yield f"milestone.own_contract={has_own}, project's={has_contract}"
        number = milestone["project_number"]
        if milestone["project_id"] is None and number is not None:
            found = min(numbers[number.strip()], 2) if number.strip() else "blank"
            yield f"milestone.number_found={found}"
            if fact["project_id"] is not None:
                is_padded = number != number.strip()
                yield f"milestone.number_padded={is_padded}"
                padded = project is not None and project["project_number"] != number.strip()
                yield f"milestone.number_of_project_padded={padded}"
        if milestone["project_id"] is not None and number is not None:
            yield "milestone.id_and_number"
        if fact["po_number"] is not None:
            owner = int(fact["purchase_order_key"].removesuffix(f"-{fact['po_number']}"))
            yield f"milestone.po_of_relative={owner != fact['company_id']}"
        yield f"milestone.has_po={fact['po_number'] is not None},{stage}"

        contract = contracts.get(fact["target_contract_id"])
        if contract is None:
            continue
        for other in contracts.values():
            forward = contract["renewed_contract_id"] == other["id"]
            if not forward and other["renewed_contract_id"] != contract["id"]:
                continue
            direction = "forward" if forward else "backward"
            if other["id"] == contract["id"]:
                direction = "itself"
            dates = contract["start_date"], other["start_date"]
            if None in dates:
                yield f"renewal.{direction}=no_start"
            else:
                later = _sign((other["start_date"] - contract["start_date"]).days)
                started = _sign((other["start_date"] - state.as_of_date).days)
                yield f"renewal.{direction}=other_starts_{later}"
                if later == "above":
                    yield f"renewal.{direction}=start_{started}_as-of"
        if contract["renewed_contract_id"] is not None:
            yield f"renewal.exists={contract['renewed_contract_id'] in contracts}"
        if contract["end_date"] is not None and is_active_contract(state, contract):
            day = milestone["date_due"] or state.as_of_date
            against = "as-of" if milestone["date_due"] is None else "due"
            if not is_replaced(state, contract):
                yield f"contract.end_to_{against}={_sign((contract['end_date'] - day).days)}"
    for row in marts["milestone_conflicts"]:
        if row["conflict_type"] == "contract_reference_mismatch":
            yield f"conflict.detail={row['detail']}"
        else:
            yield f"conflict.{row['conflict_type']}.several={(row['detail'] or '').count('; ') > 0}"
        yield f"conflict.urgency={row['billing_urgency']}"
    order = sorted(marts["milestone_conflicts"], key=lambda row: row["fix_order"])
    for first, second in pairwise(order):
        if first["billing_urgency"] == second["billing_urgency"]:
            yield f"order.amounts_tie={first['amount'] == second['amount']}"
            is_mixed = {first["billing_stage"], second["billing_stage"]} == {
                "in_progress",
                "unknown",
            }
            yield f"order.in_progress_beside_unknown={is_mixed}"
    for row in marts["project_milestone_conflicts"]:
        if row["project_id"] is None:
            yield "project_conflicts.project=none"
        else:
            name = "orphan" if row["project_name"] is None else "known"
            yield f"project_conflicts.project={name}"


def _of_claims(state: State, marts: Marts) -> Iterator[str]:
    existing = {milestone["id"] for milestone in state.milestones}
    facts = {row["charge_key"]: row for row in marts["fct_charges_po_resolved"]}
    for charge in state.charges:
        yield f"claims.any={charge['milestone_id'] is not None}"
        if charge["milestone_id"] is None:
            continue
        is_cancelled = status_key(charge["status_name"]) in state.cancelled_charge_statuses
        yield f"claim.exists={charge['milestone_id'] in existing}, cancelled={is_cancelled}"
        yield f"claim.amount_is={_sign(charge['billable_amount'])}"
        yield f"claim.is_billable={charge['is_billable'] is not False}"
        fact = facts[f"{charge['charge_kind']}-{charge['id']}"]
        if charge["contract_id"] is None and fact["contract_id"] is not None:
            ticket = state.parents["ticket"].get(charge["ticket_id"])
            from_ticket = ticket is not None and ticket["contract_id"] is not None
            yield f"claim.contract_from={'ticket' if from_ticket else 'project'}"
    for row in marts["milestone_charge_links"]:
        ids = row["charge_contract_id"], row["target_contract_id"]
        yield f"link.match={row['is_contract_match']}, both set={None not in ids}"
    stages = {row["milestone_id"]: row["billing_stage"] for row in marts["fct_milestones"]}
    for row in marts["milestone_charge_links"]:
        yield f"link.stage={stages[row['milestone_id']]}"
    for row in marts["fct_milestones"]:
        yield f"milestone.claims={min(row['allocated_charge_count'], 3)}"


def _of_waivers(state: State, marts: Marts) -> Iterator[str]:
    conflicts = {
        (row["milestone_id"], row["conflict_type"]) for row in marts["milestone_conflicts"]
    }
    existing = {milestone["id"] for milestone in state.milestones}
    for waiver in state.waivers:
        until = waiver["until"]
        when = "for_good" if until is None else _sign((until - state.as_of_date).days)
        is_real = (waiver["milestone_id"], waiver["conflict_type"]) in conflicts
        yield f"waiver.until={when}, of a conflict={is_real}"
        yield f"waiver.milestone_exists={waiver['milestone_id'] in existing}"
    for row in marts["milestone_conflicts"]:
        yield f"conflict.{row['conflict_type']}, waived={row['is_waived']}"
    for row in marts["fct_milestones"]:
        flags = sum(row[f"has_{conflict_type}"] for conflict_type in CONFLICT_TYPES)
        if flags > 0:
            waived = flags - row["conflict_count"]
            kind = "all" if waived == flags else "some" if waived else "none"
            yield f"milestone.waived={kind}"


def _of_invoices(marts: Marts) -> Iterator[str]:
    for row in marts["invoice_preview"]:
        yield f"invoice.blocked={row['blocked_reason']}"
        yield f"invoice.po_status={row['po_status']}"
        yield f"invoice.contracts={min(row['contract_count'], 2)}"
        if row["contract_count"] > 0:
            yield f"invoice.contracts_have_names={row['contract_names'] is not None}"
        yield f"invoice.to_update={row['charge_lines_to_update'] > 0}"
        yield f"invoice.amount_is={_sign(row['total_amount'])}"
        columns = ("charge_lines", "labor_entries", "milestone_count")
        yield f"invoice.holds={'+'.join(column for column in columns if row[column] > 0)}"
        key = row["purchase_order_key"]
        if key is not None:
            yield f"invoice.po_of_relative={not key.startswith(str(row['company_id']))}"
    for row in marts["invoice_preview_items"]:
        yield f"item.{row['item_type']}, blocked={row['is_blocked']}"
        yield f"item.{row['item_type']}, no date={row['item_date'] is None}"
