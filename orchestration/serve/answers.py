"""Questions and their answers, whoever asks: of which generation, by which definitions."""

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.published import PublishError, read_manifest
from orchestration.serve.child import Child, Found
from orchestration.serve.compiler import Column, Compiler
from orchestration.serve.definitions import FILE, Definitions, read_definitions
from orchestration.serve.questions import Question
from orchestration.settings import Settings
from orchestration.warehouse import MARTS


class NothingPublishedError(LookupError):
    """There is no generation that could answer."""


@dataclass(frozen=True)
class Snapshot:
    """One published generation, as it is asked.

    Attributes:
        folder: where it lies.
        as_of_date: the day that ages are counted from.
        manifest: what it says of itself.
    """

    folder: Path
    as_of_date: str
    manifest: dict[str, Any] = field(repr=False)

    @property
    def id(self) -> str:
        """Its name."""
        return self.folder.name

    @property
    def database(self) -> Path:
        """Its marts."""
        return self.folder / MARTS


@dataclass(frozen=True)
class Answer:
    """What a question has found, and in which generation."""

    snapshot: Snapshot
    columns: tuple[Column, ...]
    found: Found
    sql: str


class Answers:
    """Answers questions from the generation that is current at each of them (MET-7)."""

    def __init__(self, settings: Settings, child: Child) -> None:
        """Nothing is read yet.

        Args:
            settings: where the generations lie.
            child: the process that works.
        """
        self._settings = settings
        self._child = child
        self._loaded: tuple[Path, Definitions, Compiler] | None = None
        self._one_at_a_time = threading.RLock()

    def current(self) -> Snapshot:
        """The generation that readers open now.

        Raises:
            NothingPublishedError: there is none, or it is of a time without definitions.
        """
        if self._settings.data_url:
            self._follow()
        folder = (self._settings.marts_dir / "current").resolve()  # all that follows is of one
        manifest = read_manifest(folder)
        if manifest is None:
            raise NothingPublishedError(
                f"Nothing is published in {self._settings.marts_dir} yet: `make run` publishes."
            )
        if not (folder / FILE).exists():
            raise NothingPublishedError(
                f"The generation {folder.name} was published without definitions of metrics: "
                "`make run` publishes one with them."
            )
        return Snapshot(folder, manifest["as_of_date"], manifest)

    def _follow(self) -> None:
        # Imported here, because both load what is needed with a store only.
        from orchestration.publish.generations import follow
        from orchestration.store import StoreError

        try:
            follow(self._settings)
        except (StoreError, PublishError) as error:
            raise NothingPublishedError(str(error)) from None

    def definitions(self, snapshot: Snapshot) -> Definitions:
        """What can be asked of a generation."""
        with self._one_at_a_time:
            return self._load(snapshot)[0]

    def ask(
        self,
        snapshot: Snapshot,
        question: Question,
        rows: int | None = None,
        characters: int | None = None,
    ) -> Answer:
        """Answer a question that was checked against the definitions of this generation.

        Raises:
            RefusedError: it needs more time or memory than it may have.
        """
        with self._one_at_a_time:  # MetricFlow numbers its names
            definitions, compiler = self._load(snapshot)
            statement = compiler.compile(question, dict(definitions.metrics))
        found = self._child.run(
            snapshot.database,
            statement.sql,
            statement.parameters,
            rows=rows,
            characters=characters,
        )
        return Answer(snapshot, statement.columns, found, statement.sql)

    def _load(self, snapshot: Snapshot) -> tuple[Definitions, Compiler]:
        if self._loaded is None or self._loaded[0] != snapshot.folder:
            manifest = snapshot.folder / FILE
            self._loaded = snapshot.folder, read_definitions(manifest), Compiler(manifest)
        return self._loaded[1:]


def as_json(value: Any) -> str:
    """JSON for people: not a letter of other alphabets is escaped."""
    return json.dumps(value, ensure_ascii=False)
