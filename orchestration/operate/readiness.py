"""What to fix before invoicing: a weekly job that reads the published work lists and warns.

It judges nothing itself: dbt models say what a conflict, an exposed line, a blocked invoice or a
number that looks wrong is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import dagster as dg

from orchestration.publish.generations import follow
from orchestration.published import PublishError
from orchestration.reports.work_lists import WorkList, published_work_lists
from orchestration.settings import SettingError, Settings
from orchestration.store import StoreError
from orchestration.warehouse import MARTS

JOB = "billing_readiness"


@dataclass(frozen=True)
class Question:
    """Something to fix before invoicing.

    Attributes:
        name: of the check and of the work list that answers it.
        found: what the rows of the list are, as the warning calls them.
        description: what the check asks.
        columns: what the warning tells of each row.
    """

    name: str
    found: str
    description: str
    columns: tuple[str, ...]


QUESTIONS = (
    Question(
        name="milestone_conflicts",
        found="conflicts of completed and approved milestones",
        description="No completed or approved milestone has a conflict that no waiver excuses.",
        columns=(
            "fix_order",
            "milestone_id",
            "title",
            "company_name",
            "billing_stage",
            "conflict_type",
            "detail",
            "amount",
            "resolution",
        ),
    ),
    Question(
        name="exposed_lines",
        found="exposed lines of companies that require a PO",
        description="No line of a company that requires a PO is about to be invoiced without one.",
        columns=(
            "line_kind",
            "line_key",
            "company_id",
            "company_name",
            "line_date",
            "po_gap_reason",
            "amount",
        ),
    ),
    Question(
        name="blocked_invoices",
        found="blocked invoices",
        description="Every invoice that would be made today can be sent.",
        columns=(
            "company_id",
            "company_name",
            "po_number",
            "blocked_reason",
            "charge_lines",
            "labor_entries",
            "milestone_count",
            "total_amount",
        ),
    ),
    Question(
        name="removals",
        found="deliveries of the last week that took much of a table away",
        description="No snapshot of the last week took much of its table away.",
        columns=("source", "batch", "extracted_at", "removed", "removed_of", "amount", "hours"),
    ),
    Question(
        name="po_numbers",
        found="PO numbers that look wrong",
        description="No PO number looks cut, like a label or like another number.",
        columns=(
            "company_id",
            "company_name",
            "po_number",
            "reasons",
            "similar_po_number",
            "carrier_count",
            "line_count",
            "amount",
        ),
    ),
)


def readiness_checks(settings: Settings) -> dg.AssetChecksDefinition:
    """The questions as checks of the published generation; a check that finds rows warns."""

    @dg.multi_asset_check(
        name=f"{JOB}_checks",  # not the job's own name, which Dagster would mix up with it
        specs=[
            dg.AssetCheckSpec(question.name, asset="generation", description=question.description)
            for question in QUESTIONS
        ],
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        try:
            follow(settings)
        except (StoreError, PublishError) as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        database = settings.marts_dir / "current" / MARTS
        if not database.exists():
            raise dg.Failure(
                f"There is no {database} to look at: run the nightly refresh first.",
                allow_retries=False,
            )
        generation = database.resolve().parent
        work_lists = published_work_lists(generation)
        if work_lists is None:
            raise dg.Failure(
                f"Generation {generation.name} has no work lists, because an earlier version "
                "published it: run the nightly refresh once.",
                allow_retries=False,
            )
        for question in QUESTIONS:
            result = _answer(question, work_lists[question.name])
            if not result.passed:
                context.log.warning(result.description)
            yield result

    return check


def readiness_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """When the job runs.

    Raises:
        SettingError: the setting is not a cron line.
    """
    try:
        return dg.ScheduleDefinition(
            job_name=JOB,
            cron_schedule=settings.readiness_cron,
            execution_timezone=settings.timezone,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="Says what to fix before invoicing, at PSA_READINESS_CRON in PSA_TIMEZONE.",
        )
    except dg.DagsterInvalidDefinitionError as error:
        raise SettingError(
            f"PSA_READINESS_CRON: {settings.readiness_cron!r} is not a cron line such as "
            "'0 6 * * 1'."
        ) from error


def _answer(question: Question, work_list: WorkList) -> dg.AssetCheckResult:
    if not work_list.count:
        return dg.AssetCheckResult(check_name=question.name, passed=True)
    rows = [
        {name: "(null)" if row[name] is None else row[name] for name in question.columns}
        for row in work_list.first_rows
    ]
    told = "\n".join(
        "  " + ", ".join(f"{name}={value}" for name, value in row.items()) for row in rows
    )
    amount = Decimal(work_list.amount)
    return dg.AssetCheckResult(
        check_name=question.name,
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{work_list.count:,} {question.found}, {amount:,.2f} in all; "
        f"the first of them:\n{told}",
        metadata={
            "count": work_list.count,
            "amount": f"{amount:.2f}",
            "first_rows": dg.MetadataValue.table([dg.TableRecord(row) for row in rows]),
        },
    )
