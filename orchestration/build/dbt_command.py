"""dbt as a refresh starts it, which says what people and Dagster read, and nothing else.

dbt makes a message of each of its small steps, formats it for the terminal and for its log, and
only then finds that neither wants debug messages. That is a fifth of its time on small data.
"""

from typing import Any

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


if __name__ == "__main__":
    EventManager.fire_event = fire_wanted  # type: ignore[assignment,method-assign]
    cli()
