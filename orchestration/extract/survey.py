"""What `make doctor` asks a tenant: is the login good, what may be read, how long will it take."""

import time
from collections.abc import Iterator

from orchestration.extract.client import PAGE_ROWS, Client, calls_for, where
from orchestration.extract.connection import Connection
from orchestration.extract.entities import ENTITIES
from orchestration.extract.errors import ExtractionError, NoPermission
from orchestration.extract.extraction import credentials
from orchestration.extract.state import State
from orchestration.settings import Settings

CALLS_AN_HOUR = 5_000  # half of Autotask's limit, from which on it slows everybody down


def survey(settings: Settings) -> Iterator[str]:
    """Look at the tenant without reading any row.

    Yields:
        What is as it should be.

    Raises:
        ExtractionError: the login is no good, or something cannot be read that must be.
    """
    client = Client(Connection(credentials(settings)))
    client.open()
    yield f"the tenant is at {client.zone}"
    before = State.read(settings.data_dir / "extract").deliveries
    missing: list[str] = []
    rows = calls = 0
    began = time.monotonic()
    for name, entity in ENTITIES.items():
        try:
            found = client.count(name, where("gt", "id", -1))
        except NoPermission as refusal:
            if entity.is_optional and name not in before:
                yield f"{name}: no permission, so it is left out"
            else:
                missing.append(str(refusal))
            continue
        rows, calls = rows + found, calls + calls_for(found) + 1
        hint = "" if found else "; a right that is missing looks the same"
        yield f"{name}: {found:,} rows can be read{hint}"
    seconds_a_call = (time.monotonic() - began) / len(ENTITIES)
    hours = max(calls * seconds_a_call / 3600, calls / CALLS_AN_HOUR)
    yield (
        f"a full extraction reads {rows:,} rows in {calls:,} calls of {PAGE_ROWS} rows, which "
        f"takes about {f'{hours:.1f} h' if hours >= 1 else f'{max(1, round(hours * 60))} min'}"
    )
    used = client.limit()
    if used is not None:
        yield f"{used:.0%} of the hourly limit of calls is used, by all integrations together"
    if missing:
        raise ExtractionError(" ".join(missing))
