"""The process that works for those who ask: it reads one database and can be killed.

Started by `child`; it takes a request a line on standard input and answers with a line. It imports
DuckDB and little else, so that it starts at once and its memory is that of the work.
"""

import base64
import json
import math
import resource
import sys
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import duckdb

from orchestration.serve.statements import StatementError, check_statement, without_advice

MEMORY = 2 * 2**30
LONGEST_CELL = 4_000
LARGEST_EXACT = 2**53


def connect(database: str) -> duckdb.DuckDBPyConnection:
    """Open the marts so that nothing else can be read, written or set (MCP-4)."""
    connection = duckdb.connect(
        database,
        read_only=True,
        config={
            "memory_limit": "1GiB",
            "temp_directory": "",
            "max_temp_directory_size": "0B",
            "threads": 2,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "python_enable_replacements": False,
            "python_scan_all_frames": False,
        },
    )
    connection.execute("set search_path = 'marts'")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Run one statement.

    Args:
        request: `database`; `sql`; `parameters`, a date as {"date": ISO}; `is_foreign`, whether the
            statement is somebody's own and has to be checked; `rows` and `characters`, the most
            that are told, or null.

    Returns:
        `columns`, `types`, `rows` and `is_cut`.
    """
    with connect(request["database"]) as connection:
        if request["is_foreign"]:
            check_statement(request["sql"], connection)
        parameters = {
            name: date.fromisoformat(value["date"]) if isinstance(value, dict) else value
            for name, value in request["parameters"].items()
        }
        found = connection.execute(request["sql"], parameters)
        columns = [column[0] for column in found.description or ()]
        types = [str(column[1]) for column in found.description or ()]
        rows, is_cut = _rows(found, request["rows"], request["characters"])
    return {"columns": columns, "types": types, "rows": rows, "is_cut": is_cut}


def _rows(
    found: duckdb.DuckDBPyConnection, most_rows: int | None, most_characters: int | None
) -> tuple[list[list[Any]], bool]:
    """As many rows as may be told, and whether there are more."""
    rows: list[list[Any]] = []
    length, is_cut = 0, False
    while most_rows is None or len(rows) <= most_rows:
        row = found.fetchone()
        if row is None:
            return rows, is_cut
        if most_rows is not None and len(rows) == most_rows:
            return rows, True
        cells = [_told(value) for value in row]
        if most_characters is not None:
            for number, cell in enumerate(cells):
                if isinstance(cell, (list, dict)):
                    cells[number] = cell = json.dumps(cell, ensure_ascii=False)
                if isinstance(cell, str) and len(cell) > LONGEST_CELL:
                    cells[number], is_cut = f"{cell[:LONGEST_CELL]}…", True
            length += len(json.dumps(cells, ensure_ascii=False)) + 1
            if length > most_characters:
                return rows, True
        rows.append(cells)
    return rows, is_cut


def _told(value: Any) -> Any:
    """A value as JSON has it; a number that a float cannot say is a text, so no digit is lost."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if abs(value) <= LARGEST_EXACT else str(value)
    if isinstance(value, Decimal):
        return float(value) if Decimal(repr(float(value))) == value else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_told(one) for one in value]
    if isinstance(value, dict):
        return {str(name): _told(one) for name, one in value.items()}
    if isinstance(value, (bytes, bytearray)):
        return base64.b16encode(value).decode()
    if isinstance(value, (timedelta, UUID)):
        return str(value)
    return repr(value)


def serve(handle: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer requests until there are no more; a mistake of the statement is an answer, too."""
    told = sys.stdout
    sys.stdout = sys.stderr  # nothing else may stand between the answers
    for line in sys.stdin:
        try:
            result = handle(json.loads(line))
        except StatementError as error:
            result = {"refused": str(error)}
        except (MemoryError, duckdb.OutOfMemoryException):
            result = {"exhausted": True}
        except duckdb.Error as error:
            result = {"failed": without_advice(str(error))}
        except OverflowError:
            result = {"refused": "A value is too large to return; cast it to varchar."}
        except RecursionError:
            result = {"refused": "The statement is nested too deeply."}
        told.write(json.dumps(result, ensure_ascii=True) + "\n")
        told.flush()


if __name__ == "__main__":
    # Five calls for each operator of a chain; DuckDB itself ends at a depth of 1,000.
    sys.setrecursionlimit(8_000)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    serve(answer)
