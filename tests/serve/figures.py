"""The metrics a second time: plain Python over the rows of the marts, written from the rules.

Nothing here reads the semantic models. A metric is what is taken of a row and how it is put
together; a dimension is what a row of a mart says of it. `differences` compares both with what the
metrics answer, and the metrics with the columns of marts that mean the same.
"""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from orchestration.serve.compiler import Compiler, Statement
from orchestration.serve.definitions import Definitions, read_definitions
from orchestration.serve.questions import ask

Row = Mapping[str, Any]
CHARGES, HOURS = "fct_charges_po_resolved", "fct_time_entries_po_resolved"
STONES, CONFLICTS, EXPOSURE = "fct_milestones", "milestone_conflicts", "po_exposure"
USE, MONTHS, PREVIEW = "po_utilization", "po_monthly_activity", "invoice_preview"
GAPS, POSTINGS = "po_gap_summary", "posted_po_agreement"


@dataclass(frozen=True)
class Figure:
    """A metric: of which mart, what of a row, and put together how."""

    mart: str
    how: str
    of: Callable[[Row], Any]


def _sum(mart: str, column: str, only: Callable[[Row], Any] = lambda row: True) -> Figure:
    return Figure(mart, "sum", lambda row: row[column] if only(row) else Decimal(0))


def _some(mart: str, column: str) -> Figure:
    """A sum that is null where no row has a value."""
    return Figure(mart, "sum of some", lambda row: row[column])


def _count(mart: str, only: Callable[[Row], Any] = lambda row: True) -> Figure:
    return Figure(mart, "count", lambda row: 1 if only(row) else 0)


def _ready(row: Row) -> bool:
    return row["billing_stage"] in ("completed", "approved_for_billing")


FIGURES: dict[str, Figure] = {
    "charge_lines": _count(CHARGES),
    "charges_with_po": _count(CHARGES, lambda row: row["po_number"] is not None),
    "charges_without_po": _count(CHARGES, lambda row: row["po_number"] is None),
    "charges_with_direct_po": _count(CHARGES, lambda row: row["charge_po"] is not None),
    "charges_with_internal_po": _count(
        CHARGES, lambda row: (row["internal_po_number"] or "").strip("\u200b\u200c\u200d\ufeff \t")
    ),
    "charges_amount": _sum(CHARGES, "billable_amount"),
    "charges_amount_with_po": _sum(
        CHARGES, "billable_amount", lambda row: row["po_number"] is not None
    ),
    "charges_cost": Figure(CHARGES, "sum", lambda row: row["extended_cost"] or Decimal(0)),
    "invoiced_amount": _sum(CHARGES, "billable_amount", lambda row: row["is_invoiced"]),
    "uninvoiced_amount": _sum(CHARGES, "billable_amount", lambda row: not row["is_invoiced"]),
    "exposed_lines": _count(CHARGES, lambda row: row["is_exposed"]),
    "exposed_amount": _sum(CHARGES, "billable_amount", lambda row: row["is_exposed"]),
    "exposed_amount_po_required": _sum(
        CHARGES, "billable_amount", lambda row: row["is_exposed"] and row["po_required"]
    ),
    "po_mismatch_lines": _count(CHARGES, lambda row: row["has_po_mismatch"]),
    "unique_po_numbers": Figure(CHARGES, "distinct", lambda row: row["purchase_order_key"]),
    "unique_direct_po_numbers": Figure(
        CHARGES, "distinct", lambda row: row["charge_po"] and (row["company_id"], row["charge_po"])
    ),
    **{
        name: _sum(EXPOSURE, name)
        for name in ("exposed_0_30", "exposed_31_60", "exposed_61_90", "exposed_over_90")
    },
    "oldest_exposed_date": Figure(EXPOSURE, "min", lambda row: row["oldest_date_purchased"]),
    "no_direct_po_amount": _sum(EXPOSURE, "total_billable_no_direct_po"),
    "hours_worked": _sum(HOURS, "hours_worked"),
    "hours_not_internal": _sum(HOURS, "hours_worked", lambda row: not row["is_internal"]),
    "hours_with_po": _sum(
        HOURS, "hours_worked", lambda row: not row["is_internal"] and row["po_number"] is not None
    ),
    "billable_hours": _sum(HOURS, "billable_hours"),
    "labor_amount": _sum(HOURS, "labor_amount"),
    "exposed_labor_amount": _sum(HOURS, "labor_amount", lambda row: row["is_exposed"]),
    "time_entries": _count(HOURS),
    "resources": Figure(HOURS, "distinct", lambda row: row["resource_id"]),
    "milestones": _count(STONES),
    "open_milestones": _count(STONES, lambda row: row["billing_stage"] != "billed"),
    "milestone_amount": _sum(STONES, "amount"),
    "conflicted_milestones": _count(STONES, lambda row: row["conflict_count"] > 0),
    "revenue_at_risk": _sum(STONES, "amount", lambda row: row["conflict_count"] > 0),
    "approved_amount": _sum(STONES, "amount", lambda row: row["stage_rank"] == 1),
    "completed_amount": _sum(STONES, "amount", lambda row: row["stage_rank"] == 2),
    "overdue_amount": _sum(STONES, "amount", lambda row: row["is_overdue"]),
    "exposed_milestone_amount": _sum(
        STONES,
        "amount",
        lambda row: _ready(row) and row["po_number"] is None and row["company_id"] != 0,
    ),
    "conflicts": _count(CONFLICTS, lambda row: not row["is_waived"]),
    "purchase_orders": _count(USE),
    "consumed_amount": _sum(USE, "consumed_amount"),
    "consumed_hours": _sum(USE, "consumed_hours"),
    **{
        name: _some(USE, name)
        for name in ("authorized_amount", "authorized_hours", "remaining_amount", "remaining_hours")
    },
    "burn_amount": Figure(
        MONTHS,
        "sum",
        lambda row: row["charges_amount"] + row["labor_amount"] + row["milestone_amount"],
    ),
    "cumulative_amount": Figure(
        MONTHS,
        "last of each PO",
        lambda row: (row["purchase_order_key"], row["activity_month"], row["cumulative_amount"]),
    ),
    "proposed_invoices": _count(PREVIEW),
    "proposed_amount": _sum(PREVIEW, "total_amount"),
    "blocked_invoices": _count(PREVIEW, lambda row: row["blocked_reason"] is not None),
    "blocked_amount": _sum(PREVIEW, "total_amount", lambda row: row["blocked_reason"] is not None),
    "charge_lines_to_update": _sum(PREVIEW, "charge_lines_to_update"),
    "gap_lines": _sum(GAPS, "line_count"),
    "gap_amount": _sum(GAPS, "amount"),
    "gap_hours": _sum(GAPS, "hours"),
    "posted_lines": _sum(POSTINGS, "posted_lines"),
}
# Percentage -> what is above the line, and below it.
SHARES: dict[str, tuple[Figure, Figure]] = {
    "coverage_pct": (FIGURES["charges_with_po"], FIGURES["charge_lines"]),
    "direct_coverage_pct": (FIGURES["charges_with_direct_po"], FIGURES["charge_lines"]),
    "amount_coverage_pct": (FIGURES["charges_amount_with_po"], FIGURES["charges_amount"]),
    "hours_coverage_pct": (FIGURES["hours_with_po"], FIGURES["hours_not_internal"]),
    "conflict_rate_pct": (FIGURES["conflicted_milestones"], FIGURES["milestones"]),
    "consumed_pct": (
        _sum(USE, "consumed_amount", lambda row: (row["authorized_amount"] or 0) > 0),
        FIGURES["authorized_amount"],
    ),
    "agreement_pct": (_sum(POSTINGS, "agreeing_lines"), FIGURES["posted_lines"]),
}
DATED = {CHARGES: "date_purchased", HOURS: "date_worked", STONES: "date_due", CONFLICTS: "date_due"}
LINE = (
    *("company", "po_required", "purchase_order", "contract", "contract_type", "project"),
    *("po_source", "po_basis", "po_gap_reason", "is_billable", "is_invoiced", "is_posted"),
    *("day", "week", "month", "quarter", "year"),
)
# Mart -> what its metrics can be cut by: all else is refused.
CUTS: dict[str, set[str]] = {
    CHARGES: {*LINE, "material_code", "charge_kind"},
    HOURS: {*LINE, "is_internal"},
    STONES: {
        *("company", "po_required", "purchase_order", "contract", "contract_type", "project"),
        *("billing_stage", "status_name", "day", "week", "month", "quarter", "year"),
    },
    CONFLICTS: {
        *("company", "po_required", "contract", "contract_type", "project", "billing_stage"),
        *("status_name", "conflict_type", "billing_urgency"),
        *("day", "week", "month", "quarter", "year"),
    },
    EXPOSURE: {"company", "po_required", "material_code"},
    USE: {"company", "po_required", "purchase_order", "utilization_status"},
    MONTHS: {"company", "po_required", "purchase_order", "month", "quarter", "year"},
    PREVIEW: {"company", "po_required", "purchase_order", "blocked_reason", "po_status"},
    GAPS: {"po_gap_reason", "line_kind"},
    POSTINGS: {"po_source", "line_kind"},
}
# Mart -> the dimensions that its rows are of, and its columns that a metric equals.
SAME: list[tuple[str, dict[str, str], dict[str, str]]] = [
    (
        "po_overview",
        {},
        {
            "total_charge_records": "charge_lines",
            "total_billable_amount": "charges_amount",
            "total_hours": "hours_not_internal",
            **{
                name: name
                for name in (
                    *("charges_with_direct_po", "charges_with_po", "charges_without_po"),
                    *("direct_coverage_pct", "coverage_pct", "amount_coverage_pct"),
                    *("unique_direct_po_numbers", "unique_po_numbers", "charges_with_internal_po"),
                    *("hours_with_po", "exposed_lines", "exposed_amount"),
                    *("exposed_amount_po_required", "exposed_labor_amount"),
                    "exposed_milestone_amount",
                )
            },
        },
    ),
    (
        EXPOSURE,
        {"company_id": "company", "material_code_name": "material_code"},
        {
            "total_billable_exposed": "exposed_amount",
            "uninvoiced_lines_no_po": "exposed_lines",
            "total_billable_no_direct_po": "no_direct_po_amount",
            "oldest_date_purchased": "oldest_exposed_date",
            "exposed_over_90": "exposed_over_90",
        },
    ),
    (
        "charges_per_po",
        {"purchase_order_key": "purchase_order"},
        {
            "charge_lines": "charge_lines",
            "billable_amount": "charges_amount",
            "extended_cost": "charges_cost",
            "invoiced_amount": "invoiced_amount",
            "uninvoiced_amount": "uninvoiced_amount",
        },
    ),
    (
        "charges_by_material_code",
        {"material_code_name": "material_code"},
        {
            "charge_lines": "charge_lines",
            "billable_amount": "charges_amount",
            "lines_with_po": "charges_with_po",
            "coverage_pct": "coverage_pct",
            "amount_coverage_pct": "amount_coverage_pct",
            "exposed_lines": "exposed_lines",
            "exposed_amount": "exposed_amount",
        },
    ),
    (
        "company_po_profile",
        {"company_id": "company"},
        {
            "charge_lines": "charge_lines",
            "billable_amount": "charges_amount",
            "coverage_pct": "coverage_pct",
            "value_coverage_pct": "amount_coverage_pct",
            "exposed_amount": "exposed_amount",
            "exposed_labor_amount": "exposed_labor_amount",
        },
    ),
    (
        "hours_per_po",
        {
            "company_id": "company",
            "purchase_order_key": "purchase_order",
            "contract_id": "contract",
        },
        {
            "total_hours_worked": "hours_worked",
            "total_billable_hours": "billable_hours",
            "total_billing_amount": "labor_amount",
            "time_entry_count": "time_entries",
            "resource_count": "resources",
        },
    ),
    (
        "milestone_status_breakdown",
        {"status_name": "status_name"},
        {
            "milestone_count": "milestones",
            "total_amount": "milestone_amount",
            "conflicted_count": "conflicted_milestones",
            "revenue_at_risk": "revenue_at_risk",
        },
    ),
    (
        "milestone_conflict_summary",
        {},
        {
            "total_milestones": "milestones",
            "open_milestones": "open_milestones",
            "conflicts_found": "conflicted_milestones",
            "conflict_rate_pct": "conflict_rate_pct",
            "total_amount": "milestone_amount",
            "revenue_at_risk": "revenue_at_risk",
        },
    ),
    (
        "project_milestone_conflicts",
        {"project_id": "project"},
        {
            "milestone_count": "milestones",
            "conflicted_count": "conflicted_milestones",
            "conflict_count": "conflicts",
            "revenue_at_risk": "revenue_at_risk",
        },
    ),
    (
        USE,
        {"purchase_order_key": "purchase_order"},
        {
            name: name
            for name in (
                *("consumed_amount", "consumed_hours", "authorized_amount", "authorized_hours"),
                *("remaining_amount", "remaining_hours", "consumed_pct"),
            )
        }
        # What is used of a PO is what it has burned, and has at the end.
        | {"consumed_amount ": "burn_amount", "consumed_amount  ": "cumulative_amount"},
    ),
    (
        MONTHS,
        {"purchase_order_key": "purchase_order", "activity_month": "month"},
        {"cumulative_amount": "cumulative_amount"},
    ),
    (
        PREVIEW,
        {"company_id": "company", "purchase_order_key": "purchase_order"},
        {"total_amount": "proposed_amount", "charge_lines_to_update": "charge_lines_to_update"},
    ),
    (
        GAPS,
        {"line_kind": "line_kind", "po_gap_reason": "po_gap_reason"},
        {"line_count": "gap_lines", "amount": "gap_amount", "hours": "gap_hours"},
    ),
    (
        POSTINGS,
        {"line_kind": "line_kind", "po_source": "po_source"},
        {"posted_lines": "posted_lines", "agreement_pct": "agreement_pct"},
    ),
]


@cache
def loaded(manifest: str) -> tuple[Definitions, Compiler]:
    """The definitions of a generation; those of several are mostly the same."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(manifest)
        file.flush()
        return read_definitions(Path(file.name)), Compiler(Path(file.name))


@cache
def compiled(manifest: str, names: tuple[str, ...], by: tuple[str, ...]) -> Statement:
    """Metrics by dimensions as SQL."""
    definitions, compiler = loaded(manifest)
    return compiler.compile(ask(definitions, names, by), dict(definitions.metrics))


class Marts:
    """The rows of one generation, as dimensions see them, and its metrics."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, manifest: Path) -> None:
        """Read the definitions and, of the marts, what dimensions need."""
        self.connection = connection
        self.manifest = manifest.read_text(encoding="utf-8")
        self.definitions, self.compiler = loaded(self.manifest)
        self.types = {row["contract_id"]: row for row in self.rows("dim_contracts")}
        # RES-20, from both marts that say it: companies of the extract, and those of lines.
        self.required = {
            row["company_id"]
            for mart in ("dim_companies", "company_po_profile")
            for row in self.rows(mart)
            if row["po_required"]
        }
        self._seen: dict[str, list[dict[str, Any]]] = {}
        self._grouped: tuple[Any, Mapping[tuple[Any, ...], list[Row]]] = (None, {})

    def rows(self, mart: str) -> list[dict[str, Any]]:
        """The rows of a mart by column."""
        found = self.connection.table(f"marts.{mart}")
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]

    def seen(self, mart: str) -> list[dict[str, Any]]:
        """The rows of a mart, with what each says of every dimension under its name."""
        if mart not in self._seen:
            rows = self.rows(mart)
            for row in rows:
                row.update(self._dimensions(mart, row))
            self._seen[mart] = rows
        return self._seen[mart]

    def _dimensions(self, mart: str, row: Row) -> dict[str, Any]:
        contract = (
            row["target_contract_id"] if mart in (STONES, CONFLICTS) else row.get("contract_id")
        )
        told = dict(row) | {
            "company": row.get("company_id"),
            "purchase_order": row.get("purchase_order_key"),
            "contract": contract,
            "contract_type": self.types.get(contract, {}).get("contract_type_name"),
            "project": row.get("project_id"),
            "po_required": row.get("company_id") in self.required,
            "material_code": row.get("material_code_name") or "Uncategorised",
        }
        if mart == HOURS:
            told["is_billable"] = not row["is_non_billable"]
        day = row["activity_month"] if mart == MONTHS else row.get(DATED.get(mart, ""))
        return told | dict(
            zip(("day", "week", "month", "quarter", "year"), _dates(day), strict=True)
        )

    def expected(self, name: str, by: Sequence[str]) -> dict[tuple[Any, ...], Any]:
        """A metric by dimensions, computed from the rows."""
        figures = SHARES.get(name) or (FIGURES[name],)
        groups = self._groups(figures[0].mart, tuple(by))
        return {
            key: _share(name, *(_figure(one, rows) for one in figures))
            if name in SHARES
            else _figure(figures[0], rows)
            for key, rows in groups.items()
        }

    def _groups(self, mart: str, by: tuple[str, ...]) -> Mapping[tuple[Any, ...], list[Row]]:
        """The rows of a mart by dimensions; kept until others are asked for."""
        if self._grouped[0] != (mart, by):
            groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
            if not by:
                groups[()] = []
            for row in self.seen(mart):
                groups[tuple(row[one] for one in by)].append(row)
            self._grouped = (mart, by), groups
        return self._grouped[1]

    def answered(self, names: Sequence[str], by: Sequence[str]) -> dict[tuple[Any, ...], Row]:
        """Metrics by dimensions, as they are answered; no group twice."""
        statement = compiled(self.manifest, tuple(names), tuple(by))
        found = self.connection.execute(statement.sql, statement.parameters)
        columns = [column[0] for column in found.description or ()]
        keys = [self.definitions.dimensions[one].key for one in by]
        told: dict[tuple[Any, ...], Row] = {}
        for values in found.fetchall():
            row = dict(zip(columns, values, strict=True))
            key = tuple(row[one] for one in keys)
            assert key not in told, f"{names} by {by} has the group {key} twice"
            told[key] = row
        return told


def total(marts: Marts, name: str, **told: Any) -> Any:
    """One metric without groups."""
    question = ask(marts.definitions, [name], **told)
    statement = marts.compiler.compile(question, dict(marts.definitions.metrics))
    [row] = marts.connection.execute(statement.sql, statement.parameters).fetchall()
    return row[0]


def _dates(day: date | None) -> list[date | None]:
    if day is None:
        return [None] * 5
    return [
        day,
        day - timedelta(days=day.weekday()),
        day.replace(day=1),
        date(day.year, 3 * ((day.month - 1) // 3) + 1, 1),
        date(day.year, 1, 1),
    ]


def _figure(figure: Figure, rows: Iterable[Row]) -> Any:
    told = [figure.of(row) for row in rows]
    present = [one for one in told if one is not None]
    if figure.how == "distinct":
        return len(set(present))
    if figure.how == "min":
        return min(present, default=None)
    if figure.how == "sum of some":
        return sum(present) if present else None
    if figure.how == "last of each PO":
        last = groupby(sorted(told), lambda one: one[0])
        return sum([list(months)[-1][2] for _, months in last], Decimal(0))
    return sum(told)


def _share(name: str, part: Any, whole: Any) -> Decimal | None:
    """MRT-2, in fractions."""
    if (whole or 0) <= 0:
        return None if name == "consumed_pct" else Decimal(0)
    hundredths = Fraction(part) * 10_000 / Fraction(whole)
    away = int(abs(hundredths) + Fraction(1, 2))
    return Decimal(away if hundredths >= 0 else -away) / 100


def differences(connection: duckdb.DuckDBPyConnection, manifest: Path) -> list[str]:
    """Where metrics are not what the rows of their marts, or columns of other marts, say."""
    marts = Marts(connection, manifest)
    return [*_against_rows(marts), *_against_columns(marts)]


def _against_rows(marts: Marts) -> Iterable[str]:
    for mart, cuts in CUTS.items():
        names = [name for name, figure in FIGURES.items() if figure.mart == mart]
        names += [name for name, (part, _) in SHARES.items() if part.mart == mart]
        for by in [(), *((one,) for one in sorted(cuts)), *_pairs(cuts)]:
            asked = [name for name in names if _is_told(name, by)]
            told = marts.answered(asked, by)
            for name in asked:
                expected = marts.expected(name, by)
                if expected.keys() != told.keys():
                    yield f"{name} by {by}: groups {expected.keys() ^ told.keys()}"
                for key in expected.keys() & told.keys():
                    if expected[key] != told[key][name]:
                        yield f"{name} by {by}, {key}: {told[key][name]}, not {expected[key]}"


def _is_told(name: str, by: Sequence[str]) -> bool:
    """Balances by date are told for single POs only."""
    dated = {"day", "week", "month", "quarter", "year"} & set(by)
    return name != "cumulative_amount" or not dated or "purchase_order" in by


def _pairs(cuts: set[str]) -> list[tuple[str, ...]]:
    """Some dimensions together, those with null groups first of all."""
    together = [
        ("company", "purchase_order"),
        ("purchase_order", "month"),
        ("contract", "po_gap_reason"),
        ("contract_type", "quarter", "po_required"),
    ]
    return [pair for pair in together if set(pair) <= cuts]


def _against_columns(marts: Marts) -> Iterable[str]:
    """MET-1, and of groups that a mart lacks there is nothing to tell."""
    for mart, keys, columns in SAME:
        told = marts.answered(list(dict.fromkeys(columns.values())), list(keys.values()))
        rows = {tuple(row[key] for key in keys): row for row in marts.rows(mart)}
        for key, row in rows.items():
            for column, name in columns.items():
                answered = told[key][name] if key in told else None
                if answered != row[column.strip()]:
                    yield f"{mart}.{column} {key}: {row[column.strip()]}, but {name} {answered}"
        if mart in ("charges_per_po", "company_po_profile"):  # without lines of no PO or company
            continue
        for key in told.keys() - rows.keys():
            for name in columns.values():
                if told[key][name]:
                    yield f"{name} {key}: {told[key][name]}, but {mart} has no such row"
