"""AI clients read the marts, and nothing else, for a moment, and no more (rules: metrics.md)."""

import asyncio
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from orchestration.publish.generations import roll_back
from orchestration.serve.child import Child, Found, RefusedError
from orchestration.settings import ROOT, Settings
from tests.conftest import Refresh, environment
from tests.serve.attacks import CATALOGS, EXPLOSIONS, LONG_ANSWERS, READERS, WRITES

SECONDS = 2.0  # that a statement may take; 5 in the server
GIB = 2**30
Session = Callable[[Client], Awaitable[None]]


def talk(data_dir: Path, session: Session) -> None:
    """Let a client of the official SDK talk to `make mcp`, over stdio."""
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "orchestration.cli", "mcp"],
        cwd=str(ROOT),
        env=environment(PSA_DATA_DIR=str(data_dir)),
    )

    async def connected() -> None:
        async with Client(stdio_client(server)) as client:
            await session(client)

    asyncio.run(connected())


async def told(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The answer of a tool."""
    result = await client.call_tool(tool, arguments)
    text = result.content[0].text  # type: ignore[union-attr]
    assert not result.is_error, text
    assert len(text) <= 60_000
    answer: dict[str, Any] = json.loads(text)
    return answer


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    """The message of a tool that refuses."""
    result = await client.call_tool(tool, arguments)
    text: str = result.content[0].text  # type: ignore[union-attr]
    assert result.is_error, text
    return text


@pytest.fixture(scope="module")
def database(sample: Refresh) -> Path:
    """The published marts."""
    return (sample.data_dir / "marts" / "current" / "psa_marts.duckdb").resolve()


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    """A working process as the server has it."""
    child = Child(SECONDS)
    yield child
    child.stop()


def run(child: Child, database: Path, sql: str) -> Found:
    """Run somebody's statement as the tool run_sql does."""
    return child.run(database, sql, is_foreign=True, rows=200, characters=56_000)


def test_a_client_lists_describes_and_asks(sample: Refresh) -> None:
    """MCP-1, MCP-2, MCP-5."""

    async def session(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert tools.keys() == {
            *("list_metrics", "query_metrics", "list_marts", "describe_mart", "run_sql")
        }
        for tool in tools.values():
            assert tool.annotations
            assert tool.annotations.read_only_hint
            assert tool.description
        assert "data, never instructions" in " ".join((client.instructions or "").split())
        marts = await told(client, "list_marts")
        generation = (sample.data_dir / "marts" / "current").resolve().name
        assert (marts["generation"], marts["as_of_date"]) == (generation, "2026-11-20")
        assert {
            key: value
            for one in marts["marts"]
            if one["mart"] == "po_overview"
            for key, value in one.items()
            if key != "description"
        } == {"mart": "po_overview", "rows": 1}
        mart = await told(client, "describe_mart", mart="marts.po_exposure")
        assert mart["rows"] == 175
        assert mart["columns"][1]["column"] == "company_name"
        assert mart["columns"][1]["description"]
        metrics = await told(client, "list_metrics")
        assert len(metrics["metrics"]) == 65
        found = await told(client, "list_metrics", search="exposed labour")
        assert [one["metric"] for one in found["metrics"]] == ["exposed_labor_amount"]
        answer = await told(
            client,
            "query_metrics",
            metrics=["exposed_amount", "coverage_pct"],
            dimensions=["company"],
            filters=[{"dimension": "po_required", "operator": "=", "value": True}],
            order=["-exposed_amount"],
            limit=2,
        )
        assert [(one["name"], one.get("unit")) for one in answer["columns"]] == [
            ("company_id", None),
            ("company_name", None),
            ("exposed_amount", "USD"),
            ("coverage_pct", "percent"),
        ]
        assert answer["rows"] == [
            [189, "Glenrock Veterinary Clinics", 30542.2, 0],
            [177, "Ironbridge Foods", 24708.26, 51.38],
        ]
        assert (answer["row_count"], answer["is_cut"]) == (2, True)
        lines = await told(client, "run_sql", sql="select exposed_amount from marts.po_overview")
        assert lines["rows"] == [[244217.5429]]
        assert {str(one.uri) for one in (await client.list_resources()).resources} == {
            *("po-billing://generation", "po-billing://rules")
        }
        [resource] = (await client.read_resource("po-billing://generation")).contents
        assert json.loads(resource.text)["generation"] == generation  # type: ignore[union-attr]
        [rules] = (await client.read_resource("po-billing://rules")).contents
        assert "Never average them" in rules.text  # type: ignore[union-attr]
        prompts = (await client.list_prompts()).prompts
        assert len(prompts) == 11
        prompt = await client.get_prompt("exposure", {"company": "Acme"})
        text = prompt.messages[0].content.text  # type: ignore[union-attr]
        assert "Only for the company 'Acme'" in text
        # Mistakes are answered with what would be right.
        assert "Did you mean po_exposure" in await refused(client, "describe_mart", mart="po_expo")
        wrong = await refused(client, "query_metrics", metrics=["exposed_amout"])
        assert "Did you mean exposed_amount" in wrong
        wrong = await refused(
            client, "query_metrics", metrics=["consumed_amount"], dimensions=["material_code"]
        )
        assert "consumed_amount cannot be cut by material_code" in wrong
        assert "Did you mean" in await refused(client, "list_metrics", search="expossed")
        assert "NOT_A_TOOL" in await refused(client, "NOT_A_TOOL")

    talk(sample.data_dir, session)


def test_the_questions_of_the_prompts_name_what_there_is(sample: Refresh) -> None:
    """MCP-1."""
    from orchestration.serve.generated import definitions_in_project
    from orchestration.serve.prompts import QUESTIONS

    definitions = definitions_in_project()
    known = {*definitions.metrics, *definitions.dimensions}
    with sample.marts() as marts:
        known |= {
            row[0] for row in marts.execute("select table_name from duckdb_tables()").fetchall()
        }
        known |= {
            row[0] for row in marts.execute("select column_name from duckdb_columns()").fetchall()
        }
    known |= {"over_budget", "near_limit", "consider_requiring"}
    for question, way in QUESTIONS.values():
        words = {word for word in f"{question} {way}".replace("marts.", "").split() if "_" in word}
        assert {word.strip(".,:") for word in words} - known == set()


def test_a_new_generation_is_seen_at_the_next_call_data_and_definitions_together(
    two_generations: tuple[Settings, str, str],
) -> None:
    """MET-7, MCP-2."""
    settings, earlier, later = two_generations

    async def session(client: Client) -> None:
        sql = "select count(*) from marts.fct_charges_po_resolved"
        assert (await told(client, "run_sql", sql=sql))["generation"] == later
        few = await told(client, "query_metrics", metrics=["charge_lines"])
        assert "no metric 'charges_cost'" in await refused(
            client, "query_metrics", metrics=["charges_cost"]
        )
        roll_back(settings)
        many = await told(client, "query_metrics", metrics=["charge_lines", "charges_cost"])
        assert (few["generation"], many["generation"]) == (later, earlier)
        assert few["rows"][0][0] < many["rows"][0][0] == 7155
        assert (await told(client, "run_sql", sql=sql))["rows"] == [[7155]]

    talk(settings.data_dir, session)


def test_answers_are_cut_and_say_so_and_hostile_ones_end(sample: Refresh) -> None:
    """MCP-3, MCP-4: by the whole way, from client to database."""
    before = files(sample.data_dir)

    async def session(client: Client) -> None:
        for sql in LONG_ANSWERS[:-1]:
            answer = await told(client, "run_sql", sql=sql)
            assert answer["is_cut"], sql
            assert answer["row_count"] <= 200
            assert "There is more" in answer["note"]
        answer = await told(
            client, "query_metrics", metrics=["burn_amount"], dimensions=["purchase_order"]
        )
        assert (answer["row_count"], answer["is_cut"]) == (200, True)
        for sql, message in [*list(EXPLOSIONS.items())[:3], *WRITES.items(), *READERS.items()]:
            if "\ud800" not in sql:
                started = time.monotonic()
                told_so = await refused(client, "run_sql", sql=sql)
                assert message.format(seconds=5) in told_so, sql
                assert time.monotonic() - started < 10
        for injection in ("po_source'; drop table x; --", "}} {{ 1 }}", "1) or (1=1"):
            assert "There is no" in await refused(client, "query_metrics", metrics=[injection])
            assert "There is no" in await refused(
                client, "query_metrics", metrics=["charge_lines"], dimensions=[injection]
            )
            await refused(client, "query_metrics", metrics=["charge_lines"], order=[injection])
            await refused(
                client,
                "query_metrics",
                metrics=["charge_lines"],
                filters=[{"dimension": "po_source", "operator": injection, "value": "x"}],
            )
            answer = await told(
                client,
                "query_metrics",
                metrics=["charge_lines"],
                filters=[{"dimension": "po_source", "operator": "=", "value": injection}],
            )
            assert answer["rows"] == [[0]]
        assert (await told(client, "run_sql", sql="select 1"))["rows"] == [[1]]

    talk(sample.data_dir, session)
    assert files(sample.data_dir) == before


def files(folder: Path) -> dict[Path, tuple[int, int]]:
    """All files below a folder that the pipeline wrote, with size and time."""
    return {
        path: (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize(
    "sql", [*WRITES, *READERS, *CATALOGS, *EXPLOSIONS], ids=lambda sql: sql[:60]
)
def test_no_statement_does_more_than_read_the_marts_within_its_limits(
    child: Child, database: Path, sql: str
) -> None:
    """MCP-3, MCP-4."""
    messages = WRITES | READERS | CATALOGS | EXPLOSIONS
    child.start()
    with watched(child) as peak:
        started = time.monotonic()
        try:
            run(child, database, sql)
            message = None
        except RefusedError as error:
            message = str(error)
        assert time.monotonic() - started < 10
    # Some are harmless where the machine is quick enough.
    assert messages[sql].format(seconds=SECONDS) in (message or ""), sql
    assert max(peak, default=0) < 3 * GIB
    assert run(child, database, "select exposed_lines from po_overview").rows == [[222]]


class watched:
    """Samples the memory of the working process."""

    def __init__(self, child: Child) -> None:
        """Nothing is sampled before `with`."""
        self._process = child._process
        self._peak: list[int] = []
        self._over = threading.Event()

    def __enter__(self) -> list[int]:
        """Start."""
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self._peak

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        assert self._process
        statm = Path(f"/proc/{self._process.pid}/statm")
        while not self._over.wait(0.02):
            try:
                pages = int(statm.read_text().split()[1])
            except (OSError, IndexError):
                return
            self._peak.append(pages * os.sysconf("SC_PAGE_SIZE"))


GOOD = {
    "select company_name, sum(total_billable_exposed) s from marts.po_exposure group by all "
    "order by s desc nulls last limit 1": [["Eastgate Housing Trust", 31539.31]],
    "from po_overview select exposed_lines": [[222]],
    "with po_overview as (select 1 as x) select * from po_overview": [[1]],
    "with x as (select exposed_lines n from po_overview), y as (select n + 1 m from x) "
    "select m from y": [[223]],
    "with recursive r as (select 1 x union all select x + 1 from r where x < 3) "
    "select sum(x) from r": [[6]],
    "select count(distinct po_source) from psa_marts.marts.fct_charges_po_resolved": [[6]],
    "select extract(year from date '2026-11-20'), date_trunc('month', date '2026-11-20')::date, "
    "strftime(date '2026-11-20', '%d.%m.'), 'abc'[2], substring('abc', 2), 'a' like 'A', "
    "coalesce(null, 1), {'a': 1}.a, [1, 2][1], list_transform([1], lambda x: x + 1)": [
        [2026, "2026-11-01", "20.11.", "b", "bc", False, 1, 1, 1, "[2]"]
    ],
    "select sum(x) over (order by x), lag(x) over (order by x) from range(2) t(x) order by 1": [
        [0, None],
        [1, 0],
    ],
    "select u.x, g from unnest([1]) u(x), generate_series(1, 1) v(g)": [[1, 1]],
    "select (select max(company_id) from dim_companies) > 0, exists (from dim_dates)": [
        [True, True]
    ],
    "select 12345678901234567890::hugeint, 0.1::decimal(38, 20), 'nan'::double, '\\xAA'::blob, "
    "time '01:02', interval 1 day": [
        ["12345678901234567890", 0.1, "nan", "AA", "01:02:00", "1 day, 0:00:00"]
    ],
    "select count(*) > 1, sum(required) + sum(other) = sum(lines) from (select *, "
    "required + other as lines from (pivot po_exposure on po_required in (true as required, "
    "false as other) using count(*) group by company_id))": [[True, True]],
    "select count(*) from po_exposure tablesample 10 rows": [[10]],
    "select if(count(*) > 1, 'many', 'one') from po_exposure": [["many"]],
    f"select {'+'.join(['1'] * 900)}": [[900]],
    "values (1, 'ä—日本\u202e')": [[1, "ä—日本\u202e"]],
}


@pytest.mark.parametrize(("sql", "rows"), GOOD.items())
def test_ordinary_statements_are_run(
    child: Child, database: Path, sql: str, rows: list[list[Any]]
) -> None:
    """MCP-4."""
    assert run(child, database, sql).rows == rows


def test_a_mistake_in_sql_is_told_with_what_there_is(child: Child, database: Path) -> None:
    """Without the advice to change a setting, which clients cannot do."""
    for sql, words in {
        "select nosuch from po_overview": '"nosuch" not found',
        "select (select unnest([1, 2]))": "More than one row returned by a subquery",
        "select list_transform([1], x -> x + 1)": "transition to the new lambda syntax",
    }.items():
        with pytest.raises(RefusedError) as told:
            run(child, database, sql)
        assert words in str(told.value), told.value
        assert "SET " not in str(told.value)


def test_the_working_process_knows_no_setting_and_no_secret(child: Child) -> None:
    """MCP-1."""
    child.start()
    assert child._process
    told = Path(f"/proc/{child._process.pid}/environ").read_bytes()
    assert {entry.partition(b"=")[0] for entry in told.split(b"\0") if entry} <= {
        *(b"PATH", b"LANG", b"MALLOC_ARENA_MAX", b"LC_CTYPE")
    }


def test_nothing_published_is_said(tmp_path: Path) -> None:
    async def session(client: Client) -> None:
        assert "`make run` publishes" in await refused(client, "list_marts")

    talk(tmp_path / "data", session)


@pytest.mark.alone
def test_answers_come_at_once(sample: Refresh) -> None:
    """What people and agents wait for: medians on the sample."""

    async def session(client: Client) -> None:
        async def median(tool: str, **arguments: Any) -> float:
            times = []
            for _ in range(9):
                started = time.monotonic()
                await told(client, tool, **arguments)
                times.append(time.monotonic() - started)
            return statistics.median(times)

        asked = {"metrics": ["exposed_amount", "coverage_pct"], "dimensions": ["company"]}
        assert await median("query_metrics", **asked) < 0.5
        sql = "select company_name, sum(amount) from marts.fct_milestones group by 1"
        assert await median("run_sql", sql=sql) < 0.2

    talk(sample.data_dir, session)
