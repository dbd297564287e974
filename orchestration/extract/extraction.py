"""One pass over the tenant: every entity is read, then all files are delivered together (EXT-7)."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from orchestration.extract.client import Client
from orchestration.extract.connection import Connection, Credentials
from orchestration.extract.entities import BILLING_ITEMS, ENTITIES, INVOICES, PICKLISTS, Entity
from orchestration.extract.errors import ExtractionError, NoPermission, Shrunk
from orchestration.extract.known import Known
from orchestration.extract.parts import (
    append,
    complete,
    deliver,
    landing_name,
    records,
)
from orchestration.extract.passes import basis, begin, drop, is_resumable, sweep, waits
from orchestration.extract.picklists import forget_labels, guard_labels, keep_labels, kept_labels
from orchestration.extract.reading import ROWS, Reader
from orchestration.extract.state import Delivery, Part, Progress, State, Told, stamp
from orchestration.extract.voided import add_untold, note_changed, noted
from orchestration.settings import Settings

OVERLAP = timedelta(minutes=10)


def credentials(settings: Settings) -> Credentials:
    """The login of the settings."""
    return Credentials(
        settings.autotask_username or "",
        settings.autotask_secret or "",
        settings.autotask_integration_code or "",
        settings.autotask_url,
    )


class Extraction:
    """A pass at work."""

    def __init__(self, settings: Settings, warn: Callable[[str], None]) -> None:
        """Complete what a dead run has left of its delivery, and find the tenant.

        Args:
            settings: where everything lies, and the login.
            warn: told of what people should know.

        Raises:
            ExtractionError: the tenant is not found.
        """
        self._settings, self._warn = settings, warn
        self._landing, self._folder = settings.landing_dir, settings.data_dir / "extract"
        self._state = state = State.read(self._folder)
        self._connection = Connection(credentials(settings), warn=warn)
        self.client = Client(self._connection)
        self.is_complete = state.is_delivering
        if self.is_complete:
            warn(
                "The last run died while it delivered; its files are delivered now, and nothing "
                "more is read in this run."
            )
            self._deliver()
            return
        now = datetime.now(UTC)
        is_new = not is_resumable(state, now)
        if is_new:
            begin(state, self._landing, self.client.open())
            state.started, state.zone = now.isoformat(), self._connection.zone
        self._connection.zone = state.zone
        sweep(state, self._landing)
        self._save()
        if is_new:  # a pass that goes on makes no call twice
            self.client.spare_the_limit(at_once=True)
            with self._failing():
                self._drop_what_has_other_fields()

    def extract(self, name: str) -> Progress:
        """Read an entity; what an interrupted run has read is not read again.

        Raises:
            ExtractionError: it cannot be read.
        """
        if self.is_complete:
            return Progress("", "", is_full=False, is_done=True, is_left_out=True)
        entity = ENTITIES[name]
        started, calls = time.monotonic(), self.client.calls
        known = Known(self._settings, entity)
        try:
            with self._failing():
                progress = self._read(entity, known)
        finally:
            known.close()
        progress.calls += self.client.calls - calls
        progress.seconds += time.monotonic() - started
        progress.is_done = True
        progress.limit_used = self.client.limit_used
        self._save()
        return progress

    def deliver(self) -> dict[str, int]:
        """Give every file of the pass its name, once all of it has been read.

        Returns:
            Rows by landing file.

        Raises:
            ExtractionError: something is missing; nothing is delivered.
        """
        if self.is_complete:
            return {}
        state = self._state
        unread = [
            name for name in ENTITIES if not (one := state.progress.get(name)) or not one.is_done
        ]
        if unread:
            raise ExtractionError(
                f"{', '.join(unread)}: not read yet; nothing was delivered. Start the run again."
            )
        with self._failing():
            self._add_picklists()
        parts = [part for one in state.progress.values() for part in one.parts.values()]
        for part in parts:
            complete(self._landing, part)
        state.is_delivering = True
        self._save()
        self._deliver()
        return {part.name: part.rows for part in parts}

    def _deliver(self) -> None:
        state = self._state
        told = Told(noted(self._folder), is_full=False, files={})
        for name, progress in state.progress.items():
            for part in progress.parts.values():
                deliver(self._landing, part)
            if progress.parts:
                files = {
                    part.name.partition("/")[2]: part.content_hash
                    for part in progress.parts.values()
                }
                fields = progress.fields if progress.is_full else []
                delivery = Delivery(
                    progress.watermark, progress.is_full, files, progress.basis, fields
                )
                state.remember(name, delivery)
                if name == BILLING_ITEMS:
                    told.is_full, told.files = progress.is_full, files
        state.remember_told(told)
        state.progress, state.moment, state.is_delivering = {}, "", False
        self._save()
        for beside in self._folder.glob("[A-Z]*.*"):
            beside.unlink()

    def _read(self, entity: Entity, known: Known) -> Progress:
        state = self._state
        try:
            progress = state.progress.get(entity.name) or self._start(entity, known)
            if not progress.is_done:
                if entity.name == BILLING_ITEMS:
                    add_untold(self._folder, state.told, known)
                Reader(
                    entity,
                    progress,
                    known,
                    self.client,
                    landing=self._landing,
                    folder=self._folder,
                    save=self._save,
                    allow_shrink=self._settings.allow_shrink,
                ).read()
                if entity.name == INVOICES:
                    part = progress.parts[ROWS]
                    note_changed(self._folder, records(self._landing, part), known.voided())
        except Shrunk:  # rows that were hidden were not read: no later pass may go on from here
            drop(state, self._landing, entity.name)
            raise
        except NoPermission as refusal:
            if not entity.is_optional or known.contents or state.deliveries.get(entity.name):
                raise
            self._warn(f"{refusal} It is left out.")
            if entity.name in state.progress:
                drop(state, self._landing, entity.name)
            forget_labels(self._folder, entity.name)
            progress = Progress("", "", is_full=True, is_left_out=True)
            state.progress[entity.name] = progress
        return progress

    def _start(self, entity: Entity, known: Known) -> Progress:
        """Decide how an entity is read tonight."""
        state = self._state
        since = datetime.fromisoformat(state.watermark) - OVERLAP
        watermark = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        progress = Progress(stamp(datetime.fromisoformat(state.moment)), watermark, is_full=True)
        self._ask_fields(entity, progress)
        if progress.stamps or entity.is_open:
            deliveries = state.deliveries.get(entity.name, [])
            # Where nothing is known there is nothing that changes could be told from.
            progress.basis = basis(deliveries, known, progress.fields) if known.count() else ""
            progress.is_full = not progress.basis
            if progress.is_full and basis(deliveries, known):
                self._warn(
                    f"{entity.name}: other fields are read than the last time, so all of it is "
                    "read once more."
                )
            if progress.is_full and waits(deliveries, known, self._landing):
                progress.is_left_out = progress.is_done = True
                self._warn(
                    f"{entity.name}: all of it was extracted before and waits to be loaded; "
                    "`make run` loads it."
                )
        state.progress[entity.name] = progress
        self._save()
        return progress

    def _drop_what_has_other_fields(self) -> None:
        """Of what an earlier pass has read, drop what would be asked for in another way today."""
        for name, kept in list(self._state.progress.items()):
            asked = Progress(kept.moment, kept.watermark, is_full=True)
            with suppress(NoPermission):  # told when its turn comes
                self._ask_fields(ENTITIES[name], asked)
            if (asked.fields, asked.stamps) != (kept.fields, kept.stamps):
                drop(self._state, self._landing, name)
                self._save()

    def _ask_fields(self, entity: Entity, progress: Progress) -> None:
        """Find out which of the fields the tenant has, and keep the labels of its picklists."""
        told = self.client.fields(entity.name)
        tenant = {
            str(one.get("name", "")).lower(): str(one.get("name"))
            for one in told
            if one.get("isQueryable") is not False
        }
        if "id" not in tenant:  # it does not tell all of them
            tenant = {}
        user_fields = list(self._settings.po_fields) if entity.has_po else []
        if entity.name == "Companies" and self._settings.po_required_field:
            user_fields.append(self._settings.po_required_field)
        progress.fields, lacking = entity.asked(tenant, user_fields)
        progress.stamps = [
            tenant.get(one.lower(), one)
            for one in entity.stamps
            if not tenant or one.lower() in tenant
        ]
        if entity.stamps and not any(one.lower().startswith("last") for one in progress.stamps):
            progress.stamps = []  # nothing would tell what has changed
            self._warn(
                f"{entity.name}: the tenant has no field that says when a record changed; all of "
                "it is read each time."
            )
        for names in lacking:
            if "last" not in names.lower():  # older tenants lack some of the stamps
                self._warn(f"{entity.name}: the tenant has no field {names}; it is left empty.")
        keep_labels(self._folder, entity, told)

    def _add_picklists(self) -> None:
        """Write the labels of all entities as one table."""
        lines = [line for entity in ENTITIES for line in kept_labels(self._folder, entity)]
        guard_labels(self._settings, len(lines))
        moment = stamp(datetime.fromisoformat(self._state.moment))
        progress = Progress(moment, "", is_full=True, is_done=True)
        part = progress.parts[ROWS] = Part(landing_name(PICKLISTS, moment, "full"))
        append(self._landing, part, lines)
        self._state.progress[PICKLISTS] = progress

    def _save(self) -> None:
        self._state.save(self._folder)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Remember that a run has ended with an error."""
        try:
            yield
        except ExtractionError:
            self._state.has_failed = True
            self._save()
            raise
