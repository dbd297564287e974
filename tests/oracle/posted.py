"""How what was posted differs from what the rules find (rules: MRT-25, MRT-26)."""

from __future__ import annotations

from tests.oracle.measures import percentage, total
from tests.oracle.tables import Row


def lines_as_posted(charges: list[Row], entries: list[Row]) -> list[Row]:
    """The charges and time entries that a billing item names."""
    lines = [
        {
            **charge,
            "line_kind": "charge",
            "line_key": charge["charge_key"],
            "amount": charge["billable_amount"],
            "item_date": charge["date_purchased"],
        }
        for charge in charges
    ] + [
        {
            **entry,
            "line_kind": "time_entry",
            "line_key": str(entry["time_entry_id"]),
            "amount": entry["labor_amount"],
            "item_date": entry["date_worked"],
        }
        for entry in entries
    ]
    return [line for line in lines if line["has_billing_item"]]


def posted_po_check(lines: list[Row]) -> list[Row]:
    """MRT-25: one row per line that was posted with another PO."""
    return [
        {**line, "finding": _finding(line)}
        for line in lines
        if line["posted_po_number"] != line["po_number"]
    ]


def _finding(line: Row) -> str:
    if line["posted_po_number"] is None:
        return "posted_without_po"
    return "posted_unresolved" if line["po_number"] is None else "posted_other_po"


def posted_po_agreement(lines: list[Row]) -> list[Row]:
    """MRT-26: how many lines agree, by kind and source of the PO."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for line in lines:
        groups.setdefault((line["line_kind"], line["po_source"]), []).append(line)
    rows = []
    for (line_kind, po_source), group in groups.items():
        agreeing = [line for line in group if line["posted_po_number"] == line["po_number"]]
        rows.append(
            {
                "line_kind": line_kind,
                "po_source": po_source,
                "posted_lines": len(group),
                "agreeing_lines": len(agreeing),
                "agreement_pct": percentage(len(agreeing), len(group)),
                "amount": total(line["amount"] for line in group),
                "agreeing_amount": total(line["amount"] for line in agreeing),
            }
        )
    return rows
