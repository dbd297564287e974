"""`make mcp`: the published marts for AI clients, read-only, over stdio (rules: metrics.md).

Each tool opens the generation that is current when it is called and says which that was. What a
tool takes from a client is checked here or in `questions` and `statements`; the work is `child`'s.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from mcp.types import ToolAnnotations
from pydantic import BaseModel, ConfigDict, Field

from orchestration.serve.answers import Answers, NothingPublishedError, Snapshot, as_json
from orchestration.serve.child import Child, Found, RefusedError
from orchestration.serve.prompts import INSTRUCTIONS, RULES, add_prompts
from orchestration.serve.questions import OPERATORS, QuestionError, ask, nearest, shown
from orchestration.serve.statements import LONGEST
from orchestration.settings import Settings

MOST_ROWS = 200
MOST_CHARACTERS = 60_000
SECONDS = 5.0
FRAME = 4_000  # of the characters, what is kept for what stands around the rows

READ_ONLY = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)

MARTS = """
    select table_name, comment from duckdb_tables() where schema_name = 'marts' order by table_name
"""
COLUMNS = """
    select column_name, data_type, comment from duckdb_columns()
    where schema_name = 'marts' and table_name = $mart order by column_index
"""


class Condition(BaseModel):
    """One condition on a dimension; several hold together."""

    model_config = ConfigDict(extra="forbid")

    dimension: Annotated[str, Field(description="A dimension of list_metrics, or company_name, …")]
    operator: Annotated[str, Field(description=", ".join(OPERATORS))] = "="
    value: Annotated[
        bool | int | str | list[bool | int | str] | None,
        Field(description="A value, a list for 'in' and 'not in', nothing for 'is null'"),
    ] = None


@contextmanager
def _told() -> Iterator[None]:
    """Tell the client what was expected to go wrong; other exceptions are hidden from it."""
    try:
        yield
    except (QuestionError, RefusedError, NothingPublishedError) as error:
        raise ToolError(str(error)) from None


class Marts:
    """The tools."""

    def __init__(self, settings: Settings, child: Child) -> None:
        """Nothing is opened before a tool is called.

        Args:
            settings: where the generations lie.
            child: the process that works.
        """
        self._currency = settings.currency
        self._child = child
        self._answers = Answers(settings, child)

    def snapshot(self) -> Snapshot:
        """The generation that is current now."""
        return self._answers.current()

    def list_marts(self) -> str:
        """List the marts (tables) with what a row is, which question each answers, and its rows."""
        with _told():
            snapshot = self.snapshot()
            found = self._child.run(snapshot.database, MARTS)
            counts = snapshot.manifest["row_counts"]
            marts = [
                {"mart": name, "rows": counts.get(name), "description": comment}
                for name, comment in found.rows
            ]
            return as_json(self._head(snapshot) | {"marts": marts})

    def describe_mart(
        self, mart: Annotated[str, Field(description="A name of list_marts, such as po_exposure")]
    ) -> str:
        """Tell the columns of one mart: names, types and what they mean. Call it before run_sql."""
        with _told():
            snapshot = self.snapshot()
            name = mart.strip().removeprefix("marts.")
            counts = snapshot.manifest["row_counts"]
            if name not in counts:
                raise QuestionError(f"There is no mart {shown(mart)}. {nearest(name, counts)}")
            found = self._child.run(snapshot.database, COLUMNS, {"mart": name})
            columns = [
                dict(zip(("column", "type", "description"), row, strict=True)) for row in found.rows
            ]
            told = {"mart": f"marts.{name}", "rows": counts[name], "columns": columns}
            return as_json(self._head(snapshot) | told)

    def list_metrics(
        self,
        search: Annotated[str, Field(description="Only those with this word; empty for all")] = "",
    ) -> str:
        """List the metrics: named figures with unit, meaning, and what each can be cut by.

        Start here for any question about coverage, exposure, hours, PO budgets, milestones or
        invoices: a metric is computed by the same rules as the reports.
        """
        with _told():
            snapshot = self.snapshot()
            definitions = self._answers.definitions(snapshot)
            word = search.strip().lower()
            chosen = [
                one
                for one in definitions.offered
                if word in f"{one.name} {one.label} {one.description}".lower()
            ]
            if not chosen:
                names = [one.name for one in definitions.offered]
                raise QuestionError(f"No metric has {shown(search)}. {nearest(word, names)}")
            metrics = [
                {
                    "metric": one.name,
                    "label": one.label,
                    "unit": self._unit(one.unit),
                    "description": one.description,
                    "dimensions": list(one.dimensions),
                    "is_additive": one.is_additive,
                }
                for one in chosen
            ]
            used = {name for one in chosen for name in one.dimensions}
            dimensions = {
                one.name: one.description
                for one in definitions.dimensions.values()
                if one.name in used
            }
            told = {"metrics": metrics, "dimensions": dimensions}
            return as_json(self._head(snapshot) | told)

    def query_metrics(
        self,
        metrics: Annotated[list[str], Field(description="Names of list_metrics", max_length=20)],
        dimensions: Annotated[
            list[str], Field(description="What to cut by; empty for one total", max_length=8)
        ] = [],  # noqa: B006 - the SDK reads the default, nobody changes it
        filters: Annotated[
            list[Condition],
            Field(description="Conditions on dimensions, all of which hold", max_length=20),
        ] = [],  # noqa: B006
        since: Annotated[str, Field(description="First day that counts, as 2026-01-31")] = "",
        until: Annotated[str, Field(description="Last day that counts")] = "",
        order: Annotated[
            list[str],
            Field(description="Names to sort by; - before a name: largest first", max_length=8),
        ] = [],  # noqa: B006
        limit: Annotated[int, Field(description="Most rows, at most 200", ge=1)] = MOST_ROWS,
    ) -> str:
        """Compute metrics, in total or by dimensions. Prefer it to run_sql: figures are exact.

        Percentages and distinct counts of groups do not add up: ask for the total without
        dimensions instead of adding rows. A group with null is of lines that have no such thing,
        such as no PO.
        """
        with _told():
            snapshot = self.snapshot()
            question = ask(
                self._answers.definitions(snapshot),
                metrics,
                dimensions,
                [condition.model_dump() for condition in filters],
                since,
                until,
                order,
            )
            answer = self._answers.ask(
                snapshot, question, min(limit, MOST_ROWS), MOST_CHARACTERS - FRAME
            )
            columns = [
                {"name": one.name, "label": one.label}
                | ({"unit": self._unit(one.unit)} if one.unit else {})
                for one in answer.columns
            ]
            return self._rows(snapshot, columns, answer.found)

    def run_sql(
        self,
        sql: Annotated[
            str,
            Field(
                description="One SELECT (DuckDB) on tables of the schema marts", max_length=LONGEST
            ),
        ],
    ) -> str:
        """Run one SELECT on the marts, for what no metric answers: lists of lines, odd joins.

        DuckDB's SQL. Only tables of `marts`, own CTEs, range, generate_series and unnest, and
        functions that read nothing but their arguments. At most 200 rows are told: aggregate.
        """
        with _told():
            snapshot = self.snapshot()
            found = self._child.run(
                snapshot.database,
                sql,
                is_foreign=True,
                rows=MOST_ROWS,
                characters=MOST_CHARACTERS - FRAME,
            )
            columns = [
                {"name": name[:200], "type": kind[:200]}
                for name, kind in zip(found.columns, found.types, strict=True)
            ]
            return self._rows(snapshot, columns, found)

    def _rows(self, snapshot: Snapshot, columns: Sequence[Any], found: Found) -> str:
        """An answer of at most so many characters, which says when it was cut."""
        rows, is_cut = list(found.rows), found.is_cut
        while True:
            told = self._head(snapshot) | {
                "columns": columns,
                "row_count": len(rows),
                "is_cut": is_cut,
                "rows": rows,
            }
            if is_cut:
                told["note"] = (
                    "There is more than was told. Aggregate, filter, or ask for fewer columns; do "
                    "not add these rows up."
                )
            text = as_json(told)
            if len(text) <= MOST_CHARACTERS:
                return text
            if not rows:
                raise RefusedError(
                    f"The names of {len(columns)} columns alone are longer than an answer may be. "
                    "Ask for fewer columns."
                )
            rows, is_cut = rows[: len(rows) // 2], True

    def _head(self, snapshot: Snapshot) -> dict[str, Any]:
        return {
            "generation": snapshot.id,
            "as_of_date": snapshot.as_of_date,
            "currency": self._currency,
        }

    def _unit(self, unit: str) -> str:
        return self._currency if unit == "money" else unit


def build_server(settings: Settings, child: Child) -> MCPServer:
    """The server with its tools, resources and prompts."""
    marts = Marts(settings, child)
    server: MCPServer = MCPServer("po-billing", instructions=INSTRUCTIONS, log_level="WARNING")
    for tool in (
        marts.list_metrics,
        marts.query_metrics,
        marts.list_marts,
        marts.describe_mart,
        marts.run_sql,
    ):
        server.tool(annotations=READ_ONLY, structured_output=False)(tool)

    @server.resource("po-billing://generation", mime_type="application/json")
    def generation() -> str:
        """Which generation is current, its as-of date and what it was made from."""
        try:
            snapshot = marts.snapshot()
        except NothingPublishedError as error:
            raise ResourceError(str(error)) from None
        kept = ("as_of_date", "published_at", "row_counts", "versions")
        return as_json({"generation": snapshot.id} | {k: snapshot.manifest[k] for k in kept})

    @server.resource("po-billing://rules", mime_type="text/markdown")
    def rules() -> str:
        """The rules behind the figures, in brief."""
        return RULES

    add_prompts(server)
    return server


def serve(settings: Settings) -> None:
    """Serve until the client hangs up."""
    child = Child(SECONDS)
    child.start()
    try:
        build_server(settings, child).run("stdio")
    finally:
        child.stop()
