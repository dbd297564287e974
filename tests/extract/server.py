# ruff: noqa: D102 - what the methods do is what the protocol says
"""A small server that speaks the protocol of Autotask's REST API, oddities included."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

LOGIN = {
    "PSA_AUTOTASK_USERNAME": "api@msp.example",
    "PSA_AUTOTASK_SECRET": "s3cret-of-the-tests",
    "PSA_AUTOTASK_INTEGRATION_CODE": "c0de-of-the-tests",
}
HEADERS = ("UserName", "Secret", "ApiIntegrationcode")
MOST_ROWS = 500
NO_PERMISSION = (
    "The logged in Resource does not have the adequate permissions to query this entity."
)

Record = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A call that was received.

    Attributes:
        moment: on the monotonic clock.
        path: of the address.
        body: as JSON.
        has_login: whether it carried the right credentials.
        at_once: calls of its entity that were at work, itself included.
    """

    moment: float
    path: str
    body: Any
    has_login: bool
    at_once: int

    @property
    def is_page(self) -> bool:
        """Whether it asked for rows."""
        return self.path.endswith("/query")


# Answers instead of the server: status, headers, bytes; None passes the call on.
Fault = Callable[["Tenant", Call], tuple[int, dict[str, str], bytes] | None]


@dataclass
class Tenant:
    """What the server shows, and how it behaves.

    Attributes:
        rows: records by entity and id.
        fields: names by entity.
        picklists: labels by entity, field and value.
        now: the server's clock.
        page_rows: most rows of a page, whatever is asked for.
        is_shuffled: whether rows of a page come in any order.
        forbidden: entities without permission.
        fault: what goes wrong.
        calls: everything that was asked.
        asked_to_wait: when each entity may be called again.
    """

    rows: dict[str, dict[int, Record]]
    fields: dict[str, list[str]]
    picklists: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    now: datetime = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
    page_rows: int = MOST_ROWS
    is_shuffled: bool = False
    forbidden: set[str] = field(default_factory=set)
    login: dict[str, str] = field(default_factory=lambda: dict(LOGIN))
    fault: Fault | None = None
    calls: list[Call] = field(default_factory=list)
    used: int = 100
    url: str = ""
    zone: str = "zone1"
    dice: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311

    def pages(self) -> list[Call]:
        """The calls that asked for rows."""
        return [call for call in self.calls if call.is_page]


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, *errors: str) -> None:
        """Say what to answer."""
        super().__init__(*errors)
        self.status, self.errors = status, list(errors)


def matches(record: Record, condition: Record) -> bool:
    """Whether a record meets a condition; what is null meets no comparison."""
    op = condition["op"]
    if op in ("and", "or"):
        found = [matches(record, one) for one in condition["items"]]
        return all(found) if op == "and" else any(found)
    value, wanted = record.get(condition["field"]), condition.get("value")
    tests: dict[str, Callable[[], bool]] = {
        "exist": lambda: value is not None,
        "notExist": lambda: value is None,
        "in": lambda: value in (wanted or ()),
        "eq": lambda: bool(value == wanted),
        "gt": lambda: value is not None and bool(value > wanted),
        "gte": lambda: value is not None and bool(value >= wanted),
        "lt": lambda: value is not None and bool(value < wanted),
        "lte": lambda: value is not None and bool(value <= wanted),
    }
    if op not in tests:
        raise Refused(500, f"Invalid operator {op}")
    return tests[op]()


def conditions_in(filters: list[Record]) -> Iterator[Record]:
    for one in filters:
        if one["op"] in ("and", "or"):
            yield from conditions_in(one["items"])
        else:
            yield one


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms for its header to be received
    tenant: Tenant
    at_work: Counter[str]
    lock: threading.Lock

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(self.tenant.now, usegmt=True)

    def do_GET(self) -> None:
        self.handle_call("GET", None)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.handle_call("POST", json.loads(self.rfile.read(length)))

    def handle_call(self, method: str, body: Any) -> None:
        tenant, path = self.tenant, urlsplit(self.path).path
        has_login = [self.headers.get(name) for name in HEADERS] == list(tenant.login.values())
        entity = path.split("/V1.0/")[-1].split("/")[0]
        with self.lock:
            self.at_work[entity] += 1
            call = Call(time.monotonic(), path, body, has_login, self.at_work[entity])
            tenant.calls.append(call)
        try:
            if tenant.fault and (answer := tenant.fault(tenant, call)):
                status, headers, content = answer
                if status == 0:
                    self.close_connection = True
                    return
                self.close_connection = "Content-Length" in headers
                self.reply(status, content, headers)
            elif len(self.path) > 2048:
                raise Refused(404)
            else:
                answer_of = self.answer(method, path, body, has_login)
                self.reply(200, json.dumps(answer_of).encode())
        except Refused as refusal:
            self.reply(refusal.status, json.dumps({"errors": refusal.errors}).encode())
        finally:
            with self.lock:
                self.at_work[entity] -= 1

    def reply(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        told = {"Content-Type": "application/json", "Content-Length": str(len(content))}
        for name, value in (told | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def answer(self, method: str, path: str, body: Any, has_login: bool) -> Any:
        tenant = self.tenant
        if path.lower().endswith("/zoneinformation"):
            user = parse_qs(urlsplit(self.path).query).get("user")
            if user != [LOGIN["PSA_AUTOTASK_USERNAME"]]:
                raise Refused(500, "The user is unknown.")
            return {"zoneName": "Test", "url": f"{tenant.url}/{tenant.zone}/", "ci": 1}
        if not has_login or not path.startswith(f"/{tenant.zone}/V1.0/"):
            raise Refused(401, "Unauthorized")
        entity, _, what = path.removeprefix(f"/{tenant.zone}/V1.0/").partition("/")
        if entity == "ThresholdInformation":
            return {
                "externalRequestThreshold": 10_000,
                "requestThresholdTimeframe": 60,
                "currentTimeframeRequestCount": tenant.used,
            }
        if entity not in tenant.fields:
            raise Refused(404, "No such entity")
        if entity in tenant.forbidden:
            raise Refused(500, NO_PERMISSION)
        if what == "entityInformation/fields" and method == "GET":
            return {"fields": [self.field(entity, name) for name in tenant.fields[entity]]}
        if method != "POST":
            raise Refused(405, "Method not allowed")
        return self.rows(entity, body, is_count=what == "query/count")

    def field(self, entity: str, name: str) -> Record:
        labels = self.tenant.picklists.get(entity, {}).get(name)
        values = [
            {"value": value, "label": label, "isActive": True}
            for value, label in (labels or {}).items()
        ]
        return {"name": name, "isPickList": bool(labels), "picklistValues": values or None}

    def rows(self, entity: str, body: Record, *, is_count: bool) -> Any:
        tenant = self.tenant
        known = {*tenant.fields[entity]}
        conditions = list(conditions_in(body["filter"]))
        unknown = {one["field"] for one in conditions} - known
        if is_count is False:
            unknown |= {*body["IncludeFields"]} - known - {"userDefinedFields"}
        if unknown:
            raise Refused(500, f"Unable to find {unknown.pop()} in the {entity} entity.")
        if sum(len(one["value"]) if one["op"] == "in" else 0 for one in conditions) > 500:
            raise Refused(500, "Too many OR conditions must be at most 500")
        found = [
            row
            for _, row in sorted(tenant.rows.get(entity, {}).items())
            if all(matches(row, one) for one in body["filter"])
        ]
        if is_count:
            return {"queryCount": len(found)}
        if not 1 <= body["MaxRecords"] <= MOST_ROWS:
            raise Refused(500, "MaxRecords is out of range")
        page = found[: min(body["MaxRecords"], tenant.page_rows)]
        has_next = len(page) < len(found)
        items = [{name: row.get(name) for name in body["IncludeFields"]} for row in page]
        if tenant.is_shuffled:
            tenant.dice.shuffle(items)
        details = {
            "count": len(items),
            "requestCount": body["MaxRecords"],
            "prevPageUrl": None,
            "nextPageUrl": f"{tenant.url}/next?page=2" if has_next else None,
        }
        return {"items": items, "pageDetails": details}


class Server(ThreadingHTTPServer):
    """Serves callers of which some are killed."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A caller is gone: nothing to say."""


@contextmanager
def served(tenant: Tenant) -> Iterator[Tenant]:
    """Serve a tenant at an address of this machine."""
    state = {"tenant": tenant, "at_work": Counter(), "lock": threading.Lock()}
    server = Server(("127.0.0.1", 0), type("OfTenant", (Handler,), state))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    tenant.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield tenant
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def later(tenant: Tenant, **step: float) -> None:
    """Move the server's clock on."""
    tenant.now += timedelta(**step)
