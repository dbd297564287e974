"""Compare computed marts with what the pipeline published, value by value."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.oracle.tables import Row

if TYPE_CHECKING:
    import duckdb

Marts = dict[str, list[Row]]

# The key of every mart and its columns, as the YAML of the models lists them.
MART_KEYS: dict[str, tuple[str, ...]] = {
    "dim_companies": ("company_id",),
    "dim_contracts": ("contract_id",),
    "dim_projects": ("project_id",),
    "fct_charges_po_resolved": ("charge_key",),
    "fct_time_entries_po_resolved": ("time_entry_id",),
    "po_exposure": ("company_id", "material_code_name"),
    "hours_per_po": ("company_id", "purchase_order_key", "contract_id"),
    "po_overview": (),
    "po_coverage": ("object_name", "company_id"),
    "po_coverage_by_object": ("object_name",),
    "po_gap_summary": ("line_kind", "po_gap_reason"),
    "charges_per_po": ("purchase_order_key",),
    "charges_by_material_code": ("material_code_name",),
    "hours_via_contract_po": ("contract_id",),
    "charge_allocation": ("allocation",),
    "company_po_profile": ("company_id",),
    "problem_effort": ("problem_ticket_id",),
    "dim_purchase_orders": ("purchase_order_key",),
    "po_utilization": ("purchase_order_key",),
    "po_monthly_activity": ("purchase_order_key", "activity_month"),
    "po_number_review": ("po_company_id", "po_number", "reason"),
    "posted_po_check": ("line_kind", "line_key"),
    "posted_po_agreement": ("line_kind", "po_source"),
    "invoice_preview": ("company_id", "purchase_order_key"),
    "invoice_preview_items": ("item_type", "item_key"),
    "fct_milestones": ("milestone_id",),
    "milestone_conflicts": ("conflict_key",),
    "milestone_charge_links": ("milestone_id", "charge_key"),
    "milestone_status_breakdown": ("status_name",),
    "milestone_conflict_summary": (),
    "project_milestone_conflicts": ("project_id",),
    "ingest_accounting": ("source", "table_name", "batch", "content_hash"),
    "table_accounting": ("source", "table_name"),
    "schema_drift": ("source", "table_name", "batch", "column_name", "drift"),
    "orphan_references": ("child_table", "child_key", "parent_table", "parent_id"),
}

MART_COLUMNS: dict[str, tuple[str, ...]] = {
    mart: tuple(columns.split())
    for mart, columns in {
        "dim_companies": "company_id company_name is_active parent_company_id po_required",
        "dim_contracts": """
            contract_id contract_name contract_number company_id contract_type_name status_name
            is_active start_date end_date renewed_contract_id po_number""",
        "dim_projects": """
            project_id project_name project_number company_id contract_id status_name
            po_number""",
        "fct_charges_po_resolved": """
            charge_key charge_id charge_kind company_id company_name contract_id contract_name
            project_id project_name task_id ticket_id milestone_id material_code_name name
            description quantity billable_amount extended_cost is_billable invoice_number
            is_invoiced date_purchased purchase_order_number internal_po_number charge_po task_po
            ticket_po project_po contract_po po_number po_source po_basis has_direct_po has_po
            has_po_mismatch po_gap_reason is_exposed is_posted posted_po_number
            purchase_order_key po_company_id ticket_number task_number project_number""",
        "fct_time_entries_po_resolved": """
            time_entry_id resource_id company_id company_name contract_id contract_name project_id
            project_name task_id ticket_id date_worked hours_worked billable_hours billing_amount
            labor_amount is_non_billable is_internal invoice_number is_invoiced task_po ticket_po
            project_po contract_po po_number po_source po_basis has_po po_gap_reason is_exposed
            is_posted posted_po_number purchase_order_key po_company_id ticket_number task_number
            project_number""",
        "po_exposure": """
            company_id company_name material_code_name po_required uninvoiced_lines_no_po
            total_billable_exposed uninvoiced_lines_no_direct_po total_billable_no_direct_po
            oldest_date_purchased exposed_0_30 exposed_31_60 exposed_61_90 exposed_over_90""",
        "hours_per_po": """
            company_id company_name purchase_order_key po_number contract_id contract_name
            total_hours_worked total_billable_hours total_billing_amount time_entry_count
            resource_count first_date_worked last_date_worked internal_hours""",
        "po_overview": """
            data_as_of total_charge_records charges_with_direct_po charges_with_po
            charges_without_po direct_coverage_pct coverage_pct amount_coverage_pct
            total_billable_amount unique_direct_po_numbers unique_po_numbers
            charges_with_internal_po total_hours hours_with_po exposed_lines exposed_amount
            exposed_amount_po_required exposed_labor_amount exposed_milestone_amount""",
        "po_coverage": """
            object_name company_id company_name total_records records_with_po coverage_pct""",
        "po_coverage_by_object": "object_name total_records records_with_po coverage_pct",
        "po_gap_summary": """
            line_kind po_gap_reason line_count amount hours internal_hours exposed_lines
            exposed_amount""",
        "charges_per_po": """
            purchase_order_key po_company_id po_number charge_lines lines_direct lines_inherited
            billable_amount extended_cost invoiced_amount uninvoiced_amount first_date_purchased
            last_date_purchased""",
        "charges_by_material_code": """
            material_code_name charge_lines billable_amount share_pct lines_with_po coverage_pct
            amount_coverage_pct uninvoiced_lines exposed_lines exposed_amount po_priority""",
        "hours_via_contract_po": """
            contract_id contract_name company_id po_number total_hours_worked
            total_billable_hours total_billing_amount internal_hours""",
        "charge_allocation": "allocation charge_count share_pct billable_amount",
        "company_po_profile": """
            company_id company_name po_required charge_lines billable_amount billable_rank
            coverage_pct value_coverage_pct has_used_pos has_disputed_invoice exposed_amount
            exposed_labor_amount recommendation""",
        "problem_effort": """
            problem_ticket_id ticket_number title company_id po_number incident_count
            problem_hours incident_hours total_hours total_billing_amount""",
        "dim_purchase_orders": """
            purchase_order_key company_id po_number is_registered contract_count project_count
            task_count ticket_count charge_count time_entry_count first_activity_date
            last_activity_date""",
        "po_utilization": """
            purchase_order_key company_id company_name po_number is_registered authorized_amount
            authorized_hours valid_from valid_to charges_amount labor_amount milestone_amount
            consumed_amount remaining_amount consumed_pct consumed_hours remaining_hours
            utilization_status""",
        "po_monthly_activity": """
            purchase_order_key company_id po_number activity_month charge_lines charges_amount
            hours_worked billable_hours labor_amount milestone_amount cumulative_amount
            cumulative_hours internal_hours""",
        "posted_po_check": """
            line_kind line_key company_id company_name invoice_number is_invoiced po_number
            po_source posted_po_number finding amount item_date""",
        "posted_po_agreement": """
            line_kind po_source posted_lines agreeing_lines agreement_pct amount
            agreeing_amount""",
        "po_number_review": """
            po_company_id company_name po_number reason similar_po_number carrier_count line_count
            amount""",
        "invoice_preview": """
            company_id company_name purchase_order_key po_number charge_lines
            charge_lines_to_update charges_amount labor_entries labor_amount milestone_count
            milestone_amount posted_item_count posted_item_amount total_amount contract_count
            contract_names po_status is_blocked blocked_reason""",
        "invoice_preview_items": """
            item_type item_key company_id purchase_order_key po_number contract_id item_date
            description amount is_blocked""",
        "fct_milestones": """
            milestone_id title project_id project_name contract_id target_contract_id
            target_contract_name company_id company_name status_name billing_stage stage_rank
            amount date_due is_overdue purchase_order_key po_number allocated_charge_count
            has_contract_reference_mismatch has_project_without_contract
            has_missing_billing_target has_missing_charge_allocation has_duplicate_allocation
            has_charge_contract_mismatch conflict_count has_conflict revenue_at_risk
            project_status_name
            po_company_id project_number""",
        "milestone_conflicts": """
            conflict_key milestone_id conflict_type detail title project_id project_name
            target_contract_id company_id company_name status_name billing_stage amount date_due
            billing_urgency fix_order resolution is_waived waiver_reason""",
        "milestone_charge_links": """
            milestone_id charge_key charge_contract_id target_contract_id charge_amount
            milestone_amount is_contract_match""",
        "milestone_status_breakdown": """
            status_name billing_stage stage_rank milestone_count share_pct total_amount
            conflicted_count revenue_at_risk billing_implication""",
        "milestone_conflict_summary": """
            total_milestones open_milestones conflicts_found conflict_rate_pct total_amount
            revenue_at_risk charges_conflicts""",
        "project_milestone_conflicts": """
            project_id project_name milestone_count conflicted_count conflict_count
            revenue_at_risk""",
        "ingest_accounting": """
            source table_name batch batch_kind extracted_at content_hash delivered loaded
            quarantined duplicates measure_loaded measure_quarantined measure_duplicates""",
        "table_accounting": """
            source table_name loaded current_rows superseded deleted measure_current
            measure_superseded measure_deleted""",
        "schema_drift": "source table_name batch column_name drift",
        "orphan_references": "child_table child_key parent_table parent_id",
    }.items()
}


def comparable(value: Any) -> Any:
    """One value as it is compared: numbers by number, timestamps in UTC without a zone."""
    if isinstance(value, float):
        return Decimal(repr(value))  # 33.33 is meant, not the nearest binary fraction
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def is_same(expected: Any, got: Any) -> bool:
    """Null-safe and exact; a bool is not a number and a date is not a timestamp."""
    expected, got = comparable(expected), comparable(got)
    if expected is None or got is None:
        return expected is None and got is None
    kinds = (bool, str, datetime)
    if [isinstance(expected, kind) for kind in kinds] != [isinstance(got, kind) for kind in kinds]:
        return False
    return bool(expected == got)


def rows_by_key(
    rows: list[Row], key: tuple[str, ...], owner: str, differences: list[str]
) -> dict[tuple[Any, ...], Row]:
    """Rows under their keys; a key that occurs twice is a difference."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        values = tuple(row[column] for column in key)
        if values in found:
            differences.append(f"{owner}: key {values!r} occurs more than once")
        found[values] = row
    return found


def compare_rows(
    mart: str, expected: list[Row], got: list[Row], *, key: tuple[str, ...] | None = None
) -> list[str]:
    """All differences between two sets of rows of one mart, whatever their order."""
    key = MART_KEYS[mart] if key is None else key
    columns = MART_COLUMNS[mart]
    differences: list[str] = []
    expected_by_key = rows_by_key(expected, key, f"{mart} (expected)", differences)
    got_by_key = rows_by_key(got, key, f"{mart} (got)", differences)
    for values, expected_row in sorted(expected_by_key.items(), key=repr):
        label = ", ".join(f"{name}={value!r}" for name, value in zip(key, values, strict=True))
        where = f"{mart} [{label}]"
        if values not in got_by_key:
            differences.append(f"{where}: row is missing")
            continue
        got_row = got_by_key[values]
        for column in columns:
            if column in got_row and not is_same(expected_row[column], got_row[column]):
                differences.append(
                    f"{where}.{column}: expected {expected_row[column]!r}, got {got_row[column]!r}"
                )
    for values in sorted(got_by_key.keys() - expected_by_key.keys(), key=repr):
        label = ", ".join(f"{name}={value!r}" for name, value in zip(key, values, strict=True))
        differences.append(f"{mart} [{label}]: row is not expected")
    return differences


def compare(
    expected: Marts,
    connection: duckdb.DuckDBPyConnection,
    *,
    schema: str = "marts",
    limit: int = 20,
) -> list[str]:
    """Compare computed marts with those in a DuckDB connection.

    Args:
        expected: what `compute` returned; marts that are not in it are not looked at.
        connection: a connection to the published (or built) file.
        schema: the schema that holds the marts.
        limit: differences told per mart; a last line counts the others.

    Returns:
        One readable line a difference (mart, key, column, expected, got); empty when all agree.
    """
    report: list[str] = []
    tables = connection.execute(
        "select table_name from information_schema.tables where table_schema = ?", [schema]
    ).fetchall()
    for mart, rows in expected.items():
        if (mart,) not in tables:
            report.append(f"{mart}: there is no such table in schema {schema}")
            continue
        relation = connection.table(f"{schema}.{mart}")
        missing = [column for column in MART_COLUMNS[mart] if column not in relation.columns]
        extra = set(relation.columns) - set(MART_COLUMNS[mart])
        if missing:
            report.append(f"{mart}: columns are missing: {', '.join(missing)}")
        if extra:
            report.append(f"{mart}: columns are not in the specification: {sorted(extra)}")
        got = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
        if any(column in missing for column in MART_KEYS[mart]):
            continue
        differences = compare_rows(mart, rows, got)
        report += differences[:limit]
        if len(differences) > limit:
            report.append(f"{mart}: … and {len(differences) - limit} further differences")
    return report
