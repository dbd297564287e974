"""One line to Autotask: calls one after the other, every answer judged (EXT-4, EXT-6)."""

import json
import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import urllib3

from orchestration.extract.answers import (
    DEFAULT_WAIT,
    SHOWN_CHARACTERS,
    Answer,
    Malformed,
    Meaning,
    read_object,
)
from orchestration.extract.errors import (
    CredentialsRefused,
    ExtractionError,
    LimitReached,
    NoPermission,
)

TRIES = 6
MOST_LIMITS = 60  # in a row: an hour, where the server does not say how long to wait
LONGEST_WAIT = 7200.0
WORTH_TELLING = 30.0  # seconds of a wait
CONNECT_SECONDS, READ_SECONDS = 10.0, 120.0
LOOPBACK = {"localhost", "127.0.0.1", "::1"}

Read = TypeVar("Read")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Credentials:
    """The login of the API user.

    Attributes:
        username: its user name.
        secret: its password.
        integration_code: tracking identifier of the integration.
        root: address at which the zone is looked up.
    """

    username: str = field(repr=False)
    secret: str = field(repr=False)
    integration_code: str = field(repr=False)
    root: str

    def headers(self) -> dict[str, str]:
        """What every call of the zone carries."""
        return {
            "UserName": self.username,
            "Secret": self.secret,
            "ApiIntegrationcode": self.integration_code,
        }

    def scrubbed(self, text: str) -> str:
        """A text of the server without what must not be shown."""
        for secret in (self.secret, self.integration_code, self.username):
            for written in (secret, json.dumps(secret)[1:-1]):
                text = text.replace(written, "***")
        return text[:SHOWN_CHARACTERS]  # only now: half a secret would not be found


class Connection:
    """A tenant, called by one user."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        sleep: Callable[[float], None] | None = None,
        warn: Callable[[str], None] = _log.warning,
    ) -> None:
        """Say whom to call; nothing is called yet.

        Args:
            credentials: the login.
            sleep: waits so many seconds; by default this thread does.
            warn: told of every long wait.
        """
        self._credentials = credentials
        self.sleep, self.warn = sleep or time.sleep, warn
        self._pool = urllib3.PoolManager(
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            cert_reqs="CERT_REQUIRED",
        )
        self._has_moved = False
        self._stopped: CredentialsRefused | None = None
        self.zone = ""
        self.calls = 0

    def find_zone(self, *, is_patient: bool = True) -> Answer:
        """Look up where the tenant is; without a login, because that goes to the zone alone.

        Args:
            is_patient: whether to try again what may pass.

        Raises:
            ExtractionError: it is not found.
        """
        root = self._credentials.root.rstrip("/")
        user = quote(self._credentials.username, safe="")
        address = f"{root}/atservicesrest/v1.0/zoneInformation?user={user}"
        tries = limits = 0
        while True:
            answer = self._send("GET", address, None, {})
            meaning = answer.meaning()
            if meaning is Meaning.GOOD:
                try:
                    self.zone = _zone_address(read_object(answer.text).get("url"), root)
                    return answer
                except Malformed:
                    meaning = answer.meaning_unread()
            said = self._credentials.scrubbed(answer.errors())
            if not is_patient:
                raise ExtractionError(f"zoneInformation: {said}")
            if meaning is Meaning.LIMIT:
                limits += 1
                self._wait_for_the_limit("zoneInformation", answer, limits)
                continue
            if answer.status == 500 and answer.has_errors():
                raise ExtractionError(
                    "zoneInformation: Autotask does not know the user. Check "
                    f"PSA_AUTOTASK_USERNAME. The server said: {said}"
                )
            tries += 1
            self._back_off(f"zoneInformation at {root} (PSA_AUTOTASK_URL)", answer, said, tries)

    def call(
        self, method: str, path: str, body: Any, entity: str, read: Callable[[str], Read]
    ) -> Read:
        """Make a call until it has a usable answer.

        Args:
            method: of HTTP.
            path: below the zone.
            body: of the call, as JSON; None for none.
            entity: what the call is about.
            read: makes of the text what was asked for, else raises `Malformed`.

        Raises:
            ExtractionError: there is none.
        """
        tries = limits = 0
        while True:
            if self._stopped:
                raise self._stopped
            headers = self._credentials.headers()
            answer = self._send(method, f"{self.zone}V1.0/{path}", body, headers)
            meaning = answer.meaning()
            if meaning is Meaning.GOOD:
                try:
                    return read(answer.text)
                except Malformed:
                    meaning = answer.meaning_unread()
            said = self._credentials.scrubbed(answer.errors())
            if meaning is Meaning.BAD_LOGIN:
                self._follow_the_zone(said)
            elif meaning is Meaning.NO_PERMISSION:
                raise NoPermission(entity or path, said)
            elif meaning is Meaning.OUR_MISTAKE:
                raise ExtractionError(f"{path}: the server refuses the call: {said}")
            elif meaning is Meaning.LIMIT:
                limits += 1
                self._wait_for_the_limit(path, answer, limits)
            else:
                tries += 1
                self._back_off(path, answer, said, tries)

    def _wait_for_the_limit(self, path: str, answer: Answer, limits: int) -> None:
        asked = answer.asked_wait()
        wait = DEFAULT_WAIT if asked is None else asked
        if limits > MOST_LIMITS or wait > LONGEST_WAIT:
            raise LimitReached(
                f"{path}: Autotask's limit of calls is used up, for another {wait:,.0f} s as the "
                "server says. Start again later; what was read is kept."
            )
        if wait > WORTH_TELLING:
            self.warn(f"Autotask's limit of calls is used up; waiting {wait:,.0f} s")
        self.sleep(wait + random.uniform(0.05, 0.5))  # noqa: S311 - no secret

    def _back_off(self, path: str, answer: Answer, said: str, tries: int) -> None:
        asked = answer.asked_wait() or 0.0
        if tries >= TRIES or asked > LONGEST_WAIT:
            status = f"status {answer.status}, " if answer.status else ""
            kind = LimitReached if asked > LONGEST_WAIT else ExtractionError
            raise kind(
                f"{path}: no usable answer in {tries} tries, the last one: {status}{said}. "
                "Start again later; what was read is kept."
            )
        wait = 2 ** (tries - 1) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        self.sleep(max(wait, asked))

    def _follow_the_zone(self, said: str) -> None:
        """Go where the tenant has moved to, once; else stop, for five bad logins lock the user."""
        before = self.zone
        if not self._has_moved:
            with suppress(ExtractionError):  # the login was refused, whatever else does not answer
                self.find_zone(is_patient=False)
            self._has_moved = self.zone != before
            if self._has_moved:
                return
        self._stopped = CredentialsRefused(
            "Autotask refuses the login (401). Check PSA_AUTOTASK_USERNAME, PSA_AUTOTASK_SECRET "
            "and PSA_AUTOTASK_INTEGRATION_CODE, and that the API user is active and not locked. "
            f"No further call was made. The server said: {said}"
        )
        raise self._stopped

    def _send(self, method: str, address: str, body: Any, headers: dict[str, str]) -> Answer:
        self.calls += 1
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip"} | headers
        payload = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            payload = json.dumps(body).encode()
        try:
            response = self._pool.urlopen(
                method, address, body=payload, headers=headers, redirect=False, retries=False
            )
            told = {name.lower(): value for name, value in response.headers.items()}
            text = response.data.decode("utf-8-sig", "replace")
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            # Its words may hold the address or a header, and those the login.
            return Answer(0, {}, f"the connection failed ({type(error).__name__})")
        if 300 <= response.status < 400:
            target = urlsplit(told.get("location", "")).netloc
            text = f"a redirect to {target or 'another path'}, which is not followed"
        return Answer(response.status, told, text)


def _zone_address(url: object, root: str) -> str:
    """Check where the credentials are about to be sent."""
    parts = urlsplit(url if isinstance(url, str) else "")
    is_local = parts.hostname in LOOPBACK and urlsplit(root).hostname in LOOPBACK
    if not parts.hostname or parts.scheme not in (("https", "http") if is_local else ("https",)):
        raise Malformed("it names no https address of a zone")
    return f"{str(url).rstrip('/')}/"
