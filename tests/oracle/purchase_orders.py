"""The purchase-order rules and marts (SPEC 4 and 5), row by row."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracle.state import INHERITED_LEVELS, State, po_on, versions_from
from tests.oracle.tables import Row
from tests.oracle.texts import is_blank, is_placeholder, status_key, tidy

# ---------------------------------------------------------------------------------------------
# SPEC 4.3: effective parents
# ---------------------------------------------------------------------------------------------


def first_not_none(*values: Any) -> Any:
    """The first value that is there."""
    for value in values:
        if value is not None:
            return value
    return None


def effective_parents(state: State, line: Row) -> dict[str, int | None]:
    """SPEC 4.3: the ids of a line's task, ticket, project, contract and company.

    A time entry has no `project_id` and no `company_id` of its own; otherwise the two columns of
    the table in SPEC 4.3 are the same.
    """
    task_id = line["task_id"]
    ticket_id = line["ticket_id"]
    task = state.parent("task", task_id)
    ticket = state.parent("ticket", ticket_id)
    project_id = first_not_none(
        line.get("project_id"),
        task["project_id"] if task is not None else None,
        ticket["project_id"] if ticket is not None else None,
    )
    project = state.parent("project", project_id)
    contract_id = first_not_none(
        line["contract_id"],
        ticket["contract_id"] if ticket is not None else None,
        project["contract_id"] if project is not None else None,
    )
    contract = state.parent("contract", contract_id)
    company_id = first_not_none(
        line.get("company_id"),
        ticket["company_id"] if ticket is not None else None,
        project["company_id"] if project is not None else None,
        contract["company_id"] if contract is not None else None,
    )
    return {
        "task": task_id,
        "ticket": ticket_id,
        "project": project_id,
        "contract": contract_id,
        "company": company_id,
    }


# ---------------------------------------------------------------------------------------------
# SPEC 4.5: resolution
# ---------------------------------------------------------------------------------------------


def owner_company(state: State, level: str, row: Row) -> int | None:
    """SPEC 4.5: the company of the object that carries a PO; a task's is its project's."""
    owner: Row | None = row
    if level == "task":
        owner = state.parent("project", row["project_id"])
    return None if owner is None else owner["company_id"]


def company_fits(state: State, line_company: int | None, owner: int | None) -> bool:
    """SPEC 4.5: the same company, its parent or its subsidiary, or an owner nobody knows."""
    if owner is None:
        return True
    if line_company is None:
        return False
    if line_company == owner:
        return True
    line_row = state.companies.get(line_company)
    if line_row is not None and line_row["parent_company_id"] == owner:
        return True
    owner_row = state.companies.get(owner)
    return owner_row is not None and owner_row["parent_company_id"] == line_company


def level_po_on(state: State, level: str, parent_id: int, day: date) -> tuple[Any, Any]:
    """SPEC 4.4 and 4.5: PO and basis of an existing parent; a level left out has none."""
    if level not in state.precedence:
        return None, None
    return po_on(state.histories[level][parent_id], day)


def resolve(state: State, line: Row, day: date, *, is_charge: bool) -> Row:
    """SPEC 4.5: everything a fact says about the PO of one line."""
    ids = effective_parents(state, line)
    line_company = ids["company"]

    candidates: dict[str, str | None] = dict.fromkeys(("charge", *INHERITED_LEVELS))
    bases: dict[str, str | None] = {}
    companies: dict[str, int | None] = {}
    if is_charge:
        candidates["charge"] = state.current_po("charge", line)
        bases["charge"] = "direct"
        companies["charge"] = line_company

    some_po_of_another_client = False
    for level in INHERITED_LEVELS:
        parent = state.parent(level, ids[level])
        if parent is None:
            continue
        po_number, basis = level_po_on(state, level, parent["id"], day)
        if po_number is None:
            continue
        owner = owner_company(state, level, parent)
        if not company_fits(state, line_company, owner):
            some_po_of_another_client = True
            continue
        candidates[level] = po_number
        bases[level] = basis
        companies[level] = first_not_none(owner, line_company)

    po_source = "none"
    for level in state.precedence:
        if candidates[level] is not None:
            po_source = level
            break
    has_po = po_source != "none"
    po_number = candidates[po_source] if has_po else None
    po_company_id = companies[po_source] if has_po else None

    first_inherited = first_not_none(
        *(candidates[level] for level in state.precedence if level != "charge")
    )
    own_po = candidates["charge"]
    return {
        "company_id": line_company,
        "contract_id": ids["contract"],
        "project_id": ids["project"],
        "task_id": ids["task"],
        "ticket_id": ids["ticket"],
        "charge_po": own_po,
        "task_po": candidates["task"],
        "ticket_po": candidates["ticket"],
        "project_po": candidates["project"],
        "contract_po": candidates["contract"],
        "po_number": po_number,
        "po_source": po_source,
        "po_basis": bases[po_source] if has_po else None,
        "has_po": has_po,
        "has_direct_po": own_po is not None,
        "has_po_mismatch": (
            own_po is not None and first_inherited is not None and own_po != first_inherited
        ),
        "po_gap_reason": None
        if has_po
        else gap_reason(state, line, ids, day, some_po_of_another_client, is_charge=is_charge),
        "po_company_id": po_company_id,
        "purchase_order_key": purchase_order_key(po_company_id, po_number),
    }


def purchase_order_key(company_id: int | None, po_number: str | None) -> str | None:
    """SPEC 4.2: `<po_company_id>-<po_number>`, `unknown` for a company nobody knows."""
    if po_number is None:
        return None
    return f"{'unknown' if company_id is None else company_id}-{po_number}"


def gap_reason(
    state: State,
    line: Row,
    ids: dict[str, int | None],
    day: date,
    some_po_of_another_client: bool,
    *,
    is_charge: bool,
) -> str:
    """SPEC 4.5: why a line has no PO, the first reason that applies."""
    if all(ids[level] is None for level in INHERITED_LEVELS):
        return "no_parent"
    if some_po_of_another_client:
        return "other_company"
    if is_contract_out_of_period(state, ids, day):
        return "contract_out_of_period"
    for level in INHERITED_LEVELS:
        if ids[level] is not None and state.parent(level, ids[level]) is None:
            return "orphan_reference"
    if is_charge and is_placeholder(state.po_text("charge", line), state.placeholders):
        return "placeholder"
    for level in INHERITED_LEVELS:
        parent = state.parent(level, ids[level])
        if parent is not None and is_placeholder(state.po_text(level, parent), state.placeholders):
            return "placeholder"
    return "parents_without_po"


def is_contract_out_of_period(state: State, ids: dict[str, int | None], day: date) -> bool:
    """SPEC 4.5 reason 3: a fitting contract has POs from that day on, none of which covers it."""
    contract = state.parent("contract", ids["contract"])
    if contract is None or "contract" not in state.precedence:
        return False
    if not company_fits(state, ids["company"], contract["company_id"]):
        return False
    with_po = [
        version
        for version in versions_from(state.histories["contract"][contract["id"]], day)
        if version.po_number is not None
    ]
    return len(with_po) > 0 and not any(version.covers(day) for version in with_po)


# ---------------------------------------------------------------------------------------------
# SPEC 4.6: exposure
# ---------------------------------------------------------------------------------------------


def is_invoiced(invoice_number: str | None) -> bool:
    """SPEC 4.6: not blank and not `0`."""
    return not is_blank(invoice_number) and tidy(invoice_number) != "0"


def is_billable(state: State, charge: Row) -> bool:
    """SPEC 4.6: as delivered (null → true), and not cancelled."""
    if status_key(charge["status_name"]) in state.cancelled_charge_statuses:
        return False
    return charge["is_billable"] is not False


def is_active_contract(state: State, contract: Row) -> bool:
    """SPEC 6: null and unlisted statuses are active."""
    return status_key(contract["status_name"]) not in state.inactive_contract_statuses


def labor_is_tracked(state: State) -> bool:
    """SPEC 4.6: `auto` is on when any time entry is invoiced."""
    if state.labor_tracking == "auto":
        return any(is_invoiced(entry["invoice_number"]) for entry in state.time_entries)
    return state.labor_tracking == "on"


def labor_amount(entry: Row) -> Decimal:
    """SPEC 4.6: 0 if non-billable, else `billing_amount` (null → 0)."""
    if entry["is_non_billable"] is True:
        return Decimal(0)
    return Decimal(first_not_none(entry["billing_amount"], 0))


def billable_hours(entry: Row) -> Decimal:
    """SPEC 5: 0 if non-billable, else `hours_to_bill`, else `hours_worked`."""
    if entry["is_non_billable"] is True:
        return Decimal(0)
    return Decimal(first_not_none(entry["hours_to_bill"], entry["hours_worked"]))


# ---------------------------------------------------------------------------------------------
# SPEC 5: marts
# ---------------------------------------------------------------------------------------------


def percentage(part: Decimal | int, whole: Decimal | int) -> Decimal:
    """SPEC 5: on a scale of 100, half away from zero to 2; a divisor ≤ 0 gives 0."""
    if whole <= 0:
        return Decimal(0)
    hundredths = Fraction(part) * 10000 / Fraction(whole)
    rounded = int(abs(hundredths) + Fraction(1, 2))
    return Decimal(rounded if hundredths >= 0 else -rounded) / 100


def total(amounts: Iterable[Decimal]) -> Decimal:
    """A sum that is 0 when there is nothing to add."""
    return sum(amounts, Decimal(0))


def dim_companies(state: State) -> list[Row]:
    """SPEC 5: one row per company."""
    return [
        {
            "company_id": company["id"],
            "company_name": company["company_name"],
            "is_active": company["is_active"],
            "parent_company_id": company["parent_company_id"],
            "po_required": state.requires_po(company["id"]),
        }
        for company in state.companies.values()
    ]


def dim_contracts(state: State) -> list[Row]:
    """SPEC 5: one row per contract."""
    return [
        {
            "contract_id": contract["id"],
            "contract_name": contract["contract_name"],
            "contract_number": contract["contract_number"],
            "company_id": contract["company_id"],
            "contract_type_name": contract["contract_type_name"],
            "status_name": contract["status_name"],
            "is_active": is_active_contract(state, contract),
            "start_date": contract["start_date"],
            "end_date": contract["end_date"],
            "renewed_contract_id": contract["renewed_contract_id"],
            "po_number": state.current_po("contract", contract),
        }
        for contract in state.parents["contract"].values()
    ]


def dim_projects(state: State) -> list[Row]:
    """SPEC 5: one row per project."""
    return [
        {
            "project_id": project["id"],
            "project_name": project["project_name"],
            "project_number": project["project_number"],
            "company_id": project["company_id"],
            "contract_id": project["contract_id"],
            "status_name": project["status_name"],
            "po_number": state.current_po("project", project),
        }
        for project in state.parents["project"].values()
    ]


def names_and_numbers(state: State, resolved: Row) -> Row:
    """SPEC 5: what a clerk reads and searches by; null for orphans."""
    task = state.parent("task", resolved["task_id"])
    ticket = state.parent("ticket", resolved["ticket_id"])
    project = state.parent("project", resolved["project_id"])
    contract = state.parent("contract", resolved["contract_id"])
    return {
        "company_name": state.name_of_company(resolved["company_id"]),
        "contract_name": None if contract is None else contract["contract_name"],
        "project_name": None if project is None else project["project_name"],
        "ticket_number": None if ticket is None else ticket["ticket_number"],
        "task_number": None if task is None else task["task_number"],
        "project_number": None if project is None else project["project_number"],
    }


def fct_charges_po_resolved(state: State) -> list[Row]:
    """SPEC 5: one row per charge."""
    facts = []
    for charge in state.charges:
        resolved = resolve(state, charge, charge["date_purchased"], is_charge=True)
        billable = is_billable(state, charge)
        invoiced = is_invoiced(charge["invoice_number"])
        facts.append(
            {
                **resolved,
                **names_and_numbers(state, resolved),
                "charge_key": f"{charge['charge_kind']}-{charge['id']}",
                "charge_id": charge["id"],
                "charge_kind": charge["charge_kind"],
                "milestone_id": charge["milestone_id"],
                "material_code_name": charge["material_code_name"],
                "name": charge["name"],
                "description": charge["description"],
                "quantity": charge["quantity"],
                "billable_amount": charge["billable_amount"],
                "extended_cost": charge["extended_cost"],
                "is_billable": billable,
                "invoice_number": charge["invoice_number"],
                "is_invoiced": invoiced,
                "date_purchased": charge["date_purchased"],
                "purchase_order_number": charge["purchase_order_number"],
                "internal_po_number": charge["internal_po_number"],
                "is_exposed": (
                    not resolved["has_po"]
                    and not invoiced
                    and billable
                    and resolved["company_id"] != 0
                ),
            }
        )
    return facts


def fct_time_entries_po_resolved(state: State) -> list[Row]:
    """SPEC 5: one row per time entry."""
    tracked = labor_is_tracked(state)
    facts = []
    for entry in state.time_entries:
        resolved = resolve(state, entry, entry["date_worked"], is_charge=False)
        for column in ("charge_po", "has_direct_po", "has_po_mismatch"):
            del resolved[column]  # a time entry has no PO of its own
        internal = resolved["company_id"] == 0 or (
            resolved["task_id"] is None
            and resolved["ticket_id"] is None
            and resolved["contract_id"] is None
        )
        invoiced = is_invoiced(entry["invoice_number"])
        facts.append(
            {
                **resolved,
                **names_and_numbers(state, resolved),
                "time_entry_id": entry["id"],
                "resource_id": entry["resource_id"],
                "date_worked": entry["date_worked"],
                "hours_worked": entry["hours_worked"],
                "billable_hours": billable_hours(entry),
                "billing_amount": first_not_none(entry["billing_amount"], Decimal(0)),
                "labor_amount": labor_amount(entry),
                "is_non_billable": entry["is_non_billable"] is True,
                "is_internal": internal,
                "invoice_number": entry["invoice_number"],
                "is_invoiced": invoiced,
                "is_exposed": (
                    not resolved["has_po"]
                    and not invoiced
                    and labor_amount(entry) != 0
                    and resolved["company_id"] != 0
                    and not internal
                    and tracked
                ),
            }
        )
    return facts


def material_code(charge: Row) -> str:
    """SPEC 5: null → `Uncategorised`."""
    return str(first_not_none(charge["material_code_name"], "Uncategorised"))


def po_exposure(state: State, charges: list[Row]) -> list[Row]:
    """SPEC 5 and 4.6: exposed charges by company and material code."""
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


def hours_per_po(state: State, entries: list[Row]) -> list[Row]:
    """SPEC 5: time by company, PO and contract, internal time included."""
    groups: dict[tuple[Any, Any, Any], list[Row]] = {}
    for entry in entries:
        key = (entry["company_id"], entry["purchase_order_key"], entry["contract_id"])
        groups.setdefault(key, []).append(entry)

    rows = []
    for (company_id, key, contract_id), lines in groups.items():
        contract = state.parent("contract", contract_id)
        resources = {line["resource_id"] for line in lines if line["resource_id"] is not None}
        rows.append(
            {
                "company_id": company_id,
                "company_name": state.name_of_company(company_id),
                "purchase_order_key": key,
                "po_number": lines[0]["po_number"],
                "contract_id": contract_id,
                "contract_name": None if contract is None else contract["contract_name"],
                "total_hours_worked": total(line["hours_worked"] for line in lines),
                "total_billable_hours": total(line["billable_hours"] for line in lines),
                "total_billing_amount": total(line["labor_amount"] for line in lines),
                "time_entry_count": len(lines),
                "resource_count": len(resources),
                "first_date_worked": min(line["date_worked"] for line in lines),
                "last_date_worked": max(line["date_worked"] for line in lines),
            }
        )
    return rows


def po_overview(
    state: State, charges: list[Row], entries: list[Row], milestones: list[Row]
) -> list[Row]:
    """SPEC 5: one row for the whole."""
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


# object -> level of SPEC 4.5 whose own current PO counts
COVERED_PARENTS = {
    "contracts": "contract",
    "projects": "project",
    "tasks": "task",
    "tickets": "ticket",
}
COVERED_OBJECTS = ("charges", *COVERED_PARENTS, "charges_resolved", "time_entries_resolved")


def coverage_records(state: State, charges: list[Row], entries: list[Row]) -> list[Row]:
    """SPEC 5, end of the section: every record of every object, its company, and its coverage."""
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
    """SPEC 5: the three numbers of both coverage marts."""
    with_po = [record for record in records if record["has_po"]]
    return {
        "total_records": len(records),
        "records_with_po": len(with_po),
        "coverage_pct": percentage(len(with_po), len(records)),
    }


def po_coverage(state: State, charges: list[Row], entries: list[Row]) -> list[Row]:
    """SPEC 5: object by company; the company is null where it is unknown."""
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
    """SPEC 5: one row per object, also for one without a record."""
    records = coverage_records(state, charges, entries)
    return [
        {
            "object_name": object_name,
            **coverage_of([record for record in records if record["object_name"] == object_name]),
        }
        for object_name in COVERED_OBJECTS
    ]


def po_gap_summary(charges: list[Row], entries: list[Row]) -> list[Row]:
    """SPEC 5: line kind by po_gap_reason of the lines without a PO, internal time included."""
    lines = [
        {
            "line_kind": "charge",
            "po_gap_reason": charge["po_gap_reason"],
            "amount": charge["billable_amount"],
            "hours": Decimal(0),
            "is_exposed": charge["is_exposed"],
        }
        for charge in charges
    ] + [
        {
            "line_kind": "time_entry",
            "po_gap_reason": entry["po_gap_reason"],
            "amount": entry["labor_amount"],
            "hours": entry["hours_worked"],
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
            "exposed_lines": sum(line["is_exposed"] for line in group),
            "exposed_amount": total(line["amount"] for line in group if line["is_exposed"]),
        }
        for (line_kind, reason), group in groups.items()
    ]


def charges_per_po(charges: list[Row]) -> list[Row]:
    """SPEC 5: one row per purchase_order_key; `billable_amount` is that of all charges."""
    groups: dict[str, list[Row]] = {}
    for charge in charges:
        if charge["has_po"]:
            groups.setdefault(charge["purchase_order_key"], []).append(charge)

    rows = []
    for key, lines in groups.items():
        direct = [line for line in lines if line["po_source"] == "charge"]
        rows.append(
            {
                "purchase_order_key": key,
                "po_company_id": lines[0]["po_company_id"],
                "po_number": lines[0]["po_number"],
                "charge_lines": len(lines),
                "lines_direct": len(direct),
                "lines_inherited": len(lines) - len(direct),
                "billable_amount": total(line["billable_amount"] for line in lines),
                "extended_cost": total(
                    first_not_none(line["extended_cost"], Decimal(0)) for line in lines
                ),
                "invoiced_amount": total(
                    line["billable_amount"] for line in lines if line["is_invoiced"]
                ),
                "uninvoiced_amount": total(
                    line["billable_amount"] for line in lines if not line["is_invoiced"]
                ),
                "first_date_purchased": min(line["date_purchased"] for line in lines),
                "last_date_purchased": max(line["date_purchased"] for line in lines),
            }
        )
    return rows


def charges_by_material_code(state: State, charges: list[Row]) -> list[Row]:
    """SPEC 5: one row per material code."""
    amount_of_all = total(charge["billable_amount"] for charge in charges)
    groups: dict[str, list[Row]] = {}
    for charge in charges:
        groups.setdefault(material_code(charge), []).append(charge)

    rows = []
    for material, lines in groups.items():
        amount = total(line["billable_amount"] for line in lines)
        with_po = [line for line in lines if line["has_po"]]
        exposed = [line for line in lines if line["is_exposed"]]
        rows.append(
            {
                "material_code_name": material,
                "charge_lines": len(lines),
                "billable_amount": amount,
                "share_pct": percentage(amount, amount_of_all),
                "lines_with_po": len(with_po),
                "coverage_pct": percentage(len(with_po), len(lines)),
                "amount_coverage_pct": percentage(
                    total(line["billable_amount"] for line in with_po), amount
                ),
                "uninvoiced_lines": sum(not line["is_invoiced"] for line in lines),
                "exposed_lines": len(exposed),
                "exposed_amount": total(line["billable_amount"] for line in exposed),
                "po_priority": state.material_priorities.get(tidy(material), "Medium"),
            }
        )
    return rows


def hours_via_contract_po(state: State, entries: list[Row]) -> list[Row]:
    """SPEC 5: existing contracts with a current PO and time entries, by the contract alone."""
    rows = []
    for contract in state.parents["contract"].values():
        po_number = state.current_po("contract", contract)
        lines = [entry for entry in entries if entry["contract_id"] == contract["id"]]
        if po_number is None or not lines:
            continue
        rows.append(
            {
                "contract_id": contract["id"],
                "contract_name": contract["contract_name"],
                "company_id": contract["company_id"],
                "po_number": po_number,
                "total_hours_worked": total(line["hours_worked"] for line in lines),
                "total_billable_hours": total(line["billable_hours"] for line in lines),
                "total_billing_amount": total(line["labor_amount"] for line in lines),
            }
        )
    return rows


def charge_allocation(state: State) -> list[Row]:
    """SPEC 5: the charge's own project_id, else its own contract_id; always three rows."""
    groups: dict[str, list[Row]] = {"project": [], "contract": [], "unallocated": []}
    for charge in state.charges:
        if charge["project_id"] is not None:
            groups["project"].append(charge)
        elif charge["contract_id"] is not None:
            groups["contract"].append(charge)
        else:
            groups["unallocated"].append(charge)
    return [
        {
            "allocation": allocation,
            "charge_count": len(group),
            "share_pct": percentage(len(group), len(state.charges)),
            "billable_amount": total(charge["billable_amount"] for charge in group),
        }
        for allocation, group in groups.items()
    ]


def companies_that_used_pos(
    state: State, charges: list[Row], entries: list[Row]
) -> set[int | None]:
    """SPEC 5: a current PO on an object of the company, or a PO on one of its lines."""
    found: set[int | None] = set()
    for level in INHERITED_LEVELS:
        for row in state.parents[level].values():
            if state.current_po(level, row) is not None:
                found.add(owner_company(state, level, row))
    for line in charges + entries:
        if line["has_po"]:
            found.add(line["company_id"])
    return found


def recommendation(profile: Row, exposed_lines: int) -> str | None:
    """SPEC 5: what to do about the PO flag of a company, the first that applies."""
    if profile["company_id"] == 0:
        return None
    if profile["po_required"] and exposed_lines > 0:
        return "enforce"
    if not profile["po_required"] and (
        profile["has_disputed_invoice"]
        or profile["has_used_pos"]
        or profile["billable_rank"] <= 10  # among the ten largest
    ):
        return "consider_requiring"
    return "ok"


def company_po_profile(state: State, charges: list[Row], entries: list[Row]) -> list[Row]:
    """SPEC 5: companies with charges or time entries; an orphan id has a row, null has none."""
    company_ids = {line["company_id"] for line in charges + entries} - {None}
    used_pos = companies_that_used_pos(state, charges, entries)
    rows = []
    for company_id in company_ids:
        own_charges = [charge for charge in charges if charge["company_id"] == company_id]
        own_entries = [entry for entry in entries if entry["company_id"] == company_id]
        with_po = [charge for charge in own_charges if charge["has_po"]]
        amount = total(charge["billable_amount"] for charge in own_charges)
        rows.append(
            {
                "company_id": company_id,
                "company_name": state.name_of_company(company_id),
                "po_required": state.requires_po(company_id),
                "charge_lines": len(own_charges),
                "billable_amount": amount,
                "coverage_pct": percentage(len(with_po), len(own_charges)),
                "value_coverage_pct": percentage(
                    total(charge["billable_amount"] for charge in with_po), amount
                ),
                "has_used_pos": company_id in used_pos,
                "has_disputed_invoice": company_id in state.disputed_company_ids,
                "exposed_amount": total(
                    charge["billable_amount"] for charge in own_charges if charge["is_exposed"]
                ),
                "exposed_labor_amount": total(
                    entry["labor_amount"] for entry in own_entries if entry["is_exposed"]
                ),
            }
        )
    for row in rows:
        larger = [other for other in rows if other["billable_amount"] > row["billable_amount"]]
        row["billable_rank"] = len(larger) + 1  # ties share a rank: 1, 2, 2, 4
    for row in rows:
        exposed_lines = sum(
            line["is_exposed"]
            for line in charges + entries
            if line["company_id"] == row["company_id"]
        )
        row["recommendation"] = recommendation(row, exposed_lines)
    return rows


def problem_effort(state: State, entries: list[Row]) -> list[Row]:
    """SPEC 5: existing tickets that another existing ticket names as its problem."""
    tickets = state.parents["ticket"]
    rows = []
    for problem in tickets.values():
        incident_ids = {
            ticket["id"]
            for ticket in tickets.values()
            if ticket["problem_ticket_id"] == problem["id"] and ticket["id"] != problem["id"]
        }
        if not incident_ids:
            continue
        of_problem = [entry for entry in entries if entry["ticket_id"] == problem["id"]]
        of_incidents = [entry for entry in entries if entry["ticket_id"] in incident_ids]
        problem_hours = total(entry["hours_worked"] for entry in of_problem)
        incident_hours = total(entry["hours_worked"] for entry in of_incidents)
        rows.append(
            {
                "problem_ticket_id": problem["id"],
                "ticket_number": problem["ticket_number"],
                "title": problem["title"],
                "company_id": problem["company_id"],
                "po_number": state.current_po("ticket", problem),
                "incident_count": len(incident_ids),
                "problem_hours": problem_hours,
                "incident_hours": incident_hours,
                "total_hours": problem_hours + incident_hours,
                "total_billing_amount": total(
                    entry["labor_amount"] for entry in of_problem + of_incidents
                ),
            }
        )
    return rows
