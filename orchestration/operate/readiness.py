"""What to fix before invoicing: a weekly job that looks at the published marts and warns.

It judges nothing itself: what a conflict, an exposed line or a blocked invoice is, the marts say.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg
import duckdb

from orchestration.settings import SettingError, Settings
from orchestration.warehouse import MARTS, open_database

JOB = "billing_readiness"
ROWS_SHOWN = 5


@dataclass(frozen=True)
class Question:
    """Something to fix before invoicing.

    Attributes:
        name: of the check.
        found: what the rows are, as the warning calls them.
        description: what the check asks.
        rows: query on the published marts, the most urgent row first.
        amount: expression over `rows` that says how much money they hold up.
    """

    name: str
    found: str
    description: str
    rows: str
    amount: str


QUESTIONS = (
    Question(
        name="milestone_conflicts",
        found="conflicts of completed and approved milestones",
        description="No completed or approved milestone has a conflict that no waiver excuses.",
        rows="""
            select fix_order, milestone_id, title, company_name, billing_stage, conflict_type,
                detail, amount, resolution
            from marts.milestone_conflicts
            where billing_stage in ('completed', 'approved_for_billing') and not is_waived
            order by fix_order
        """,
        # A milestone with two conflicts is invoiced once.
        amount="(select sum(amount) from (select distinct milestone_id, amount from found))",
    ),
    Question(
        name="exposed_lines",
        found="exposed lines of companies that require a PO",
        description="No line of a company that requires a PO is about to be invoiced without one.",
        rows="""
            with lines as (
                select 'charge' as line_kind, charge_key as line_key, company_id,
                    date_purchased as line_date, po_gap_reason, billable_amount as amount
                from marts.fct_charges_po_resolved
                where is_exposed
                union all
                select 'time_entry', cast(time_entry_id as varchar), company_id,
                    date_worked, po_gap_reason, labor_amount
                from marts.fct_time_entries_po_resolved
                where is_exposed
            )
            select line_kind, line_key, company_id, company_name, line_date, po_gap_reason, amount
            from lines
            inner join marts.company_po_profile using (company_id)
            where po_required
            order by amount desc, line_kind, line_key
        """,
        amount="sum(amount)",
    ),
    Question(
        name="blocked_invoices",
        found="blocked invoices",
        description="Every invoice that would be made today can be sent.",
        rows="""
            select company_id, company_name, po_number, blocked_reason, charge_lines,
                labor_entries, milestone_count, total_amount
            from marts.invoice_preview
            where is_blocked
            order by total_amount desc, company_id, po_number
        """,
        amount="sum(total_amount)",
    ),
)


def readiness_checks(settings: Settings) -> dg.AssetChecksDefinition:
    """The questions as checks of the published generation; each that finds rows warns."""

    @dg.multi_asset_check(
        name=f"{JOB}_checks",  # not the job's own name, which Dagster would mix up with it
        specs=[
            dg.AssetCheckSpec(question.name, asset="generation", description=question.description)
            for question in QUESTIONS
        ],
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        database = settings.marts_dir / "current" / MARTS
        if not database.exists():
            raise dg.Failure(
                f"There is no {database} to look at: run the nightly refresh first.",
                allow_retries=False,
            )
        with open_database(database.resolve(), settings) as marts:
            for question in QUESTIONS:
                result = _answer(question, marts)
                if not result.passed:
                    context.log.warning(result.description)
                yield result

    return check


def readiness_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """When the job runs.

    Raises:
        SettingError: the setting is no cron line.
    """
    try:
        return dg.ScheduleDefinition(
            job_name=JOB,
            cron_schedule=settings.readiness_cron,
            execution_timezone=settings.timezone,
            default_status=dg.DefaultScheduleStatus.RUNNING,
        )
    except dg.DagsterInvalidDefinitionError as error:
        raise SettingError(
            f"PSA_READINESS_CRON: {settings.readiness_cron!r} is not a cron line such as "
            "'0 6 * * 1'."
        ) from error


def _answer(question: Question, marts: duckdb.DuckDBPyConnection) -> dg.AssetCheckResult:
    counted = f"with found as ({question.rows}) select count(*), {question.amount} from found"  # noqa: S608 - our own queries
    count, amount = marts.execute(counted).fetchall()[0]
    if not count:
        return dg.AssetCheckResult(check_name=question.name, passed=True)
    first = marts.sql(f"{question.rows} limit {ROWS_SHOWN}")
    rows = [
        {
            name: "(null)" if value is None else str(value)
            for name, value in zip(first.columns, row, strict=True)
        }
        for row in first.fetchall()
    ]
    told = "\n".join(
        "  " + ", ".join(f"{name}={value}" for name, value in row.items()) for row in rows
    )
    return dg.AssetCheckResult(
        check_name=question.name,
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{count:,} {question.found}, {amount:,.2f} in all; the first of them:\n{told}",
        metadata={
            "count": count,
            "amount": f"{amount:.2f}",
            "first_rows": dg.MetadataValue.table([dg.TableRecord(row) for row in rows]),
        },
    )
