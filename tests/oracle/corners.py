"""The corners of the rules that the scenarios must reach, as `count_corners` names them."""

from tests.oracle.conflicts import CONFLICT_TYPES

_STAGES = "approved_for_billing completed in_progress unknown billed"
_STATUSES = "unregistered over_budget expired near_limit no_budget unused within_budget"
_REASONS = (
    "no_parent other_company contract_out_of_period orphan_reference placeholder parents_without_po"
)

CORNERS: tuple[str, ...] = tuple(
    f"{name}={value}"
    for name, values in {
        "charge.po_source": "charge task ticket project contract none",
        "charge.po_basis": "direct in_force backfilled None",
        "charge.po_gap_reason": f"{_REASONS} None",
        "charge.has_po_mismatch": "True False",
        "charge.unknown_in_key": "True False",
        "charge.po_of_relative": "True False",
        "charge.company_is_zero": "True False",
        "charge.invoice_number": "True False",
        "po_text.is_placeholder": "True False",
        "po_text.wrapping": "formula apostrophe zero_fraction",
        "review.reason": "exponent_form no_digit lookalike",
        "review.has_lines=True, carriers": "True False",
        "review.has_lines=False, carriers": "True",
        "review.several": "True False",
        "review.similar_ties": "True False",
        "time_entry.invoice_number": "True False",
        "time_entry.po_source": "task ticket project contract none",
        "time_entry.po_gap_reason": f"{_REASONS} None",
        "time_entry.is_internal": "True False",
        "time_entry.is_exposed": "True False",
        "time_entry.unknown_in_key": "True False",
        "profile.recommendation": "enforce consider_requiring ok None",
        "profile.tie_passes_ten": "True False",
        "po.status": _STATUSES,
        "po.amount_to_authorized": "above at below",
        "po.amount_to_limit": "above at below",
        "po.hours_to_authorized": "above below",
        "po.hours_to_limit": "above below",
        "po.amount_used_of_zero": "True False",
        "po.hours_used_of_zero": "True False",
        "po.has_credit_left_over": "True",
        "po.authorizes_zero": "True",
        "po.authorizes_amount=False, hours": "True False",
        "po.authorizes_amount=True, hours": "True False",
        "po.is_registered=True, company": "client orphan zero",
        "po.is_registered=False, company": "client orphan zero null",
        "po.valid_to": "above at below",
        "register.is_tidy": "True False",
        "dim_po.registered=True, has_lines": "True False",
        "dim_po.registered=False, has_lines": "True False",
        "month.milestones=True, charges": "True False",
        "month.company": "client orphan zero null",
        "milestone.stage": _STAGES,
        "milestone.stage=completed, odd spelling": "True False",
        "milestone.stage=approved_for_billing, odd spelling": "True False",
        "milestone.stage=billed, odd spelling": "True False",
        "milestone.amount_is": "above at below",
        "milestone.company": " ".join(
            f"{company},{stage}"
            for company in ("client", "orphan", "zero", "null")
            for stage in _STAGES.split()
        ),
        "milestone.due": " ".join(
            f"{due},{stage}"
            for due in ("above", "at", "below", "null")
            for stage in _STAGES.split()
        ),
        "milestone.has_po": " ".join(
            f"{has_po},{stage}" for has_po in (True, False) for stage in _STAGES.split()
        ),
        "milestone.po_of_relative": "True False",
        "milestone.conflict_count": "0 1 2 3",
        "milestone.project_by=id, exists": "True False",
        "milestone.project_by=number, exists": "True",
        "milestone.own_contract=True, project's": "True False",
        "milestone.own_contract=False, project's": "True False",
        "milestone.number_found": "0 1 2 blank",
        "milestone.number_padded": "True False",
        "milestone.number_of_project_padded": "True False",
        "milestone.claims": "0 1 2 3",
        "milestone.waived": "all some none",
        "renewal.forward": (
            "no_start other_starts_above other_starts_below "
            "start_above_as-of start_at_as-of start_below_as-of"
        ),
        "renewal.backward": (
            "no_start other_starts_above other_starts_below "
            "start_above_as-of start_at_as-of start_below_as-of"
        ),
        "renewal.itself": "other_starts_at",
        "contract.end_to_due": "above at below",
        "contract.end_to_as-of": "above at below",
        "conflict.detail": (
            "contract_missing contract_inactive contract_replaced contract_expired "
            "project_contract_differs"
        ),
        "conflict.charge_contract_mismatch.several": "True False",
        "conflict.duplicate_allocation.several": "True",
        **{f"conflict.{conflict_type}, waived": "True False" for conflict_type in CONFLICT_TYPES},
        "conflict.urgency": "immediate next lead_time",
        "order.amounts_tie": "True False",
        "order.in_progress_beside_unknown": "True",
        "project_conflicts.project": "none orphan known",
        "claims.any": "True False",
        "claim.exists=True, cancelled": "True False",
        "claim.exists=False, cancelled": "True False",
        "claim.amount_is": "above at below",
        "claim.is_billable": "True False",
        "claim.contract_from": "ticket project",
        "link.match=False, both set": "True False",
        "link.match=True, both set": "True",
        "link.stage": _STAGES,
        "waiver.until=at, of a conflict": "True False",
        "waiver.until=above, of a conflict": "True False",
        "waiver.until=below, of a conflict": "True False",
        "waiver.until=for_good, of a conflict": "True False",
        "waiver.milestone_exists": "True False",
        "invoice.blocked": "None company_unknown po_required_missing milestone_conflict",
        "invoice.po_status": _STATUSES.replace(" unused", "") + " None",
        "invoice.contracts": "0 1 2",
        "invoice.contracts_have_names": "True False",
        "invoice.to_update": "True False",
        "invoice.amount_is": "above at below",
        "invoice.holds": (
            "charge_lines labor_entries milestone_count charge_lines+milestone_count "
            "charge_lines+labor_entries+milestone_count"
        ),
        "invoice.po_of_relative": "True False",
        "item.charge, blocked": "True False",
        "item.time_entry, blocked": "True False",
        "item.milestone, blocked": "True False",
        "item.milestone, no date": "True False",
        "item.posted_item, blocked": "True False",
        "item.posted_item, no date": "True False",
        "charge.is_posted": "True False",
        "time_entry.is_posted": "True False",
        "posting.of": "contract project ticket change_order time_entry none",
        "posting.items": "0 1 2 3",
        "posting.po": "several none one",
        "posting.invoice": "none missing voided blank placeholder number",
        "posting.prepaid": "True False",
        "posting.finding": "posted_without_po posted_other_po posted_unresolved",
        "label.of_contract": "True False",
        "label.of_charge": "True False",
        "material.by_code": "True False",
    }.items()
    for value in values.split()
)
