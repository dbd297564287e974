"""dbt as `make` and a refresh start it: the same, but faster on small data.

dbt makes a message of each of its small steps, formats it for the terminal and for its log, and
only then finds that neither wants debug messages: a fifth of its time. And it parses the whole
project again whenever anything in the profile changes, such as the folder of the data, though
models are made of nothing there but the names of database and schema. What is imported lives to the
end, so that the garbage collector need not rescan it.
"""

# The collector is stopped before the other imports.
# ruff: noqa: E402
import gc

gc.disable()

import warnings
from typing import Any

from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.cli.main import cli
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager

fire_event = EventManager.fire_event


def fire_wanted(
    manager: EventManager,
    event: BaseEvent,
    level: EventLevel | None = None,
    *rest: Any,
    **named: Any,
) -> None:
    """Pass on what is not for debugging."""
    if (level or event.level_tag()) != EventLevel.DEBUG:
        fire_event(manager, event, level, *rest, **named)


def names(_: DuckDBCredentials) -> tuple[str, ...]:
    """What of the profile a parsed project depends on."""
    return ("database", "schema")


def main() -> None:
    """Run the command line of this process."""
    EventManager.fire_event = fire_wanted  # type: ignore[assignment,method-assign]
    DuckDBCredentials._connection_keys = names  # type: ignore[method-assign]
    # Spark Connect says it at each statement, and can break a line in which dbt reports a result.
    warnings.filterwarnings("ignore", "Failed to set spark.sql.catalogImplementation")
    gc.freeze()
    gc.enable()
    gc.set_threshold(100_000, 20, 20)
    cli()


if __name__ == "__main__":
    main()
