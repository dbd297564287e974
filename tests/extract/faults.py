"""What goes wrong between a tenant and its callers."""

import json
import random
from datetime import timedelta
from email.utils import format_datetime

from tests.extract.server import Call, Fault, Tenant

Answered = tuple[int, dict[str, str], bytes] | None


def none(_: Tenant, __: Call) -> Answered:
    return None


def capped(tenant: Tenant, _: Call) -> Answered:
    """Pages are cut, and in no order."""
    tenant.page_rows, tenant.is_shuffled = 17, True
    return None


def errors(*texts: str) -> bytes:
    return json.dumps({"errors": list(texts)}).encode()


class Flaky:
    """Every third call fails, each time in another way."""

    def __init__(self) -> None:
        """Begin with the first way."""
        self.calls, self.dice = 0, random.Random(5)  # noqa: S311

    def __call__(self, tenant: Tenant, call: Call) -> Answered:
        """Fail now and then."""
        self.calls += 1
        if self.calls % 3 or "zoneInformation" in call.path:
            return None
        soon = format_datetime(tenant.now + timedelta(seconds=2), usegmt=True)
        ways: list[tuple[int, dict[str, str], bytes]] = [
            (0, {}, b""),
            (200, {}, b""),
            (200, {}, b'{"items": [{"id": 1'),
            (200, {}, b"<html>busy</html>"),
            (200, {}, b'{"items": []}'),
            (200, {"Content-Length": "5000"}, b'{"items": ['),
            (500, {}, b"<html>Server Error</html>"),
            (500, {}, errors("An error occurred. Please try again later.")),
            (500, {}, errors("Itgenatr005: too many threads")),
            (503, {"Retry-After": "1"}, b""),
            (429, {"Retry-After": "1"}, errors("Too many requests")),
            (429, {"Retry-After": soon}, b""),
            (429, {}, errors("thread threshold exceeded")),
        ]
        return ways[self.calls // 3 % len(ways)]


FAULTS: dict[str, Fault] = {"none": none, "capped": capped, "flaky": Flaky()}
