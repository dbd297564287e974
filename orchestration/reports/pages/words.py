"""The words on the pages for the codes in the marts."""

import csv

from orchestration.settings import ROOT

GAP_ADVICE = {
    "no_parent": "Link the line to its ticket, task, project or contract, or enter the PO on it.",
    "other_company": "The record it is linked to belongs to another client: correct the link.",
    "contract_out_of_period": "Ask for the PO of the new period and enter it on the contract.",
    "orphan_reference": "The record it points to is gone or not in the extract: link it again.",
    "placeholder": "Somebody typed N/A, TBD or the like: ask the client for the number.",
    "parents_without_po": "Ask the client for a PO and enter it on the contract or project.",
}
STAGES = {
    "approved_for_billing": "Approved for billing",
    "completed": "Completed",
    "in_progress": "In progress",
    "unknown": "Unknown status",
    "billed": "Billed",
}
# The labels of conflict types, in tables and in sentences.
_SEED = ROOT / "dbt_project" / "seeds" / "conflict_resolutions.csv"
with _SEED.open(encoding="utf-8", newline="") as seed:
    CONFLICTS = {row["conflict_type"]: row["label"] for row in csv.DictReader(seed)}
# Codes whose words are more than the code without its underscores.
WORDS = {
    **STAGES,
    **CONFLICTS,
    "charges": "Charges, own PO only",
    "charges_resolved": "Charges, after inheritance",
    "time_entries_resolved": "Time entries, after inheritance",
    "parents_without_po": "Parents without PO",
    "no_parent": "No parent record",
    "placeholder": "Placeholder instead of a PO",
    "other_company": "Parent of another client",
    "contract_out_of_period": "Contract PO out of its period",
    "orphan_reference": "Parent is missing",
    "po_required_missing": "PO required, none there",
    "company_unknown": "Client unknown",
    "milestone_conflict": "Milestone in conflict",
    "time_entry": "Time entry",
}
