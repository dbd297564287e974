"""A webhook of one's own, which keeps what it receives."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


@dataclass
class Webhook:
    """A webhook and its alerts.

    Attributes:
        address: with a secret in it.
        answers: the status of each answer; the last one goes for all others.
        received: the alerts.
    """

    address: str = ""
    answers: Sequence[int] = (200,)
    received: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def open_webhook() -> Iterator[Webhook]:
    """Serve a webhook for a while."""
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.received.append(json.loads(body))
            at = min(len(hook.received), len(hook.answers)) - 1
            self.send_response(hook.answers[at])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        hook.address = f"http://127.0.0.1:{server.server_port}/secret-path"
        yield hook
        server.shutdown()
