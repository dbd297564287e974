"""An S3-compatible server that tests start, stop in the middle, and take its conditions from."""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import obstore
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from obstore.store import S3Store
from werkzeug.serving import BaseWSGIServer, make_server

BUCKET = "billing"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "tester",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "us-east-1",
}


@dataclass
class ObjectStorage:
    """A server on this machine; what it holds outlives a stop, as a disk would.

    Attributes:
        keeps_conditions: whether it heeds If-Match and If-None-Match.
        before: called with method and path of each request before it is answered.
        variables: environment by which others reach it.
    """

    keeps_conditions: bool = True
    before: Callable[[str, str], None] = lambda _, __: None
    variables: dict[str, str] = field(default_factory=dict)
    _server: BaseWSGIServer | None = None
    _port: int = 0

    def start(self) -> None:
        """Answer from now on, at the same address as before."""
        moto: Any = DomainDispatcherApplication(create_backend_app)

        def answer(request: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            self.before(request["REQUEST_METHOD"], request["PATH_INFO"])
            if not self.keeps_conditions:
                request.pop("HTTP_IF_MATCH", None)
                request.pop("HTTP_IF_NONE_MATCH", None)
            answered: Iterable[bytes] = moto(request, start_response)
            return answered

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = make_server("127.0.0.1", self._port, answer, threaded=True)
        self._port = self._server.server_port
        self.variables = {**CREDENTIALS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._port}"}
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Refuse every connection."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def client(self, prefix: str = "") -> S3Store:
        """A client of the tests' own."""
        return S3Store(
            BUCKET,
            prefix=prefix or None,
            endpoint=self.variables["AWS_ENDPOINT_URL"],
            access_key_id="tester",
            secret_access_key="secret",  # noqa: S106 - of a server that asks for none
            region="us-east-1",
            client_options={"allow_http": True},
        )

    def names(self, prefix: str) -> list[str]:
        """All objects below a prefix, by their path there."""
        return sorted(one["path"] for found in self.client(prefix).list() for one in found)

    def text(self, prefix: str, name: str) -> bytes:
        """What an object holds."""
        return bytes(obstore.get(self.client(prefix), name).bytes())
