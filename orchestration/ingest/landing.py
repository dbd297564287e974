"""Find, name and date the files of a landing folder (rules: landing.md).

How a file is read is the business of `readers`, what becomes of its rows that of `load`.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path

from orchestration.ingest.readers import FORMATS, extension_of
from orchestration.ingest.rejections import RefusedFile
from schemas import RAW_TABLES

TIMESTAMP = re.compile(r"(?<!\d)(\d{4})(-?)(\d{2})\2(\d{2})(?:T(\d{2})(\d{2})(\d{2})Z)?(?!\d)")


@dataclass(frozen=True)
class Batch:
    """One delivered file.

    Attributes:
        source: `autotask` or `reference`.
        table: name of the raw table.
        path: the file.
        batch: its id, the path below the source's folder.
        kind: `full` for a complete snapshot, `deleted` for a list of keys that are gone, else
            `upsert`.
        landing_dir: the folder that the file must lie in.
    """

    source: str
    table: str
    path: Path
    batch: str
    kind: str
    landing_dir: Path

    @property
    def file(self) -> str:
        """What messages call the file."""
        return f"{self.source}/{self.batch}"

    def extracted_at(self) -> datetime:
        """Moment of the extract: the first timestamp in the file name, else when it was written.

        Returns:
            A naive UTC timestamp.

        Raises:
            RefusedFile: the name holds a date that no calendar has, or two kinds of batch.
        """
        if {"full", "deleted"} <= set(_tokens(self.path)):
            raise RefusedFile(self.file, "two_kinds")
        found = TIMESTAMP.search(self.path.name)
        if not found:
            return self.written_at()
        year, _, month, day, *time = found.groups()
        hour, minute, second = (int(part or 0) for part in time)
        try:
            return datetime(int(year), int(month), int(day), hour, minute, second)
        except ValueError:
            raise RefusedFile(self.file, "impossible_date", value=found[0]) from None

    def written_at(self) -> datetime:
        """When the file was written; naive UTC."""
        written = datetime.fromtimestamp(self._stat().st_mtime, UTC)
        return written.replace(tzinfo=None)

    def _stat(self) -> os.stat_result:
        try:
            return self.path.stat()
        except OSError as error:
            raise RefusedFile(self.file, "unreadable", reason=error.strerror) from None

    @contextmanager
    def opened(self) -> Iterator[BufferedReader]:
        """Open the file to read its bytes as delivered.

        Raises:
            RefusedFile: the file cannot be read, or is not one of the landing folder.
        """
        if _shown(self.path) != str(self.path):
            raise RefusedFile(self.file, "odd_name", name=self.path.name.encode(errors="replace"))
        try:
            self._stat()  # refuses a link that leads to itself, which `resolve` has no words for
            target = self.path.resolve(strict=True)
            if not target.is_relative_to(self.landing_dir.resolve()):
                raise RefusedFile(self.file, "outside", target=target)
            with target.open("rb") as stream:
                yield stream
        except OSError as error:
            raise RefusedFile(self.file, "unreadable", reason=error.strerror) from None


def find_batches(landing_dir: Path) -> tuple[dict[tuple[str, str], list[Batch]], list[str]]:
    """List the delivered files of every raw table.

    Returns:
        The batches of each (source, table), in the order of their ids, and a warning for everything
        in the folder that is left alone, or is not what its name may have meant.
    """
    batches: dict[tuple[str, str], list[Batch]] = {key: [] for key in RAW_TABLES}
    sources = {source for source, _ in RAW_TABLES}
    ignored = [
        f"{path.name}: neither of {', '.join(sorted(sources))}; left alone"
        for path in sorted(landing_dir.iterdir())
        if path.name not in sources and not _is_partial(path)
    ]
    for source in sorted(sources):
        for path in sorted((landing_dir / source).glob("*")):
            if _is_partial(path):
                continue
            extension = "" if path.is_dir() else extension_of(path) or path.suffix
            table = path.name[: len(path.name) - len(extension)]
            if (source, table) not in RAW_TABLES:
                ignored.append(
                    f"{source}/{_shown(Path(path.name))}: no table of that name; left alone"
                )
                continue
            for file in sorted(path.iterdir()) if path.is_dir() else [path]:
                if _is_partial(file):
                    continue
                name = _shown(file.relative_to(landing_dir / source))
                if extension_of(file) is None or file.is_dir() or _is_special(file):
                    ignored.append(f"{source}/{name}: not one of {', '.join(FORMATS)}; left alone")
                    continue
                kind = "full" if file is path else _kind(file)
                if kind == "upsert" and "deleted" in _tokens(file):
                    ignored.append(
                        f"{source}/{name}: `deleted` counts only as the last part of the name, "
                        "before the extension; loaded as changed rows"
                    )
                batches[source, table].append(Batch(source, table, file, name, kind, landing_dir))
    return batches, ignored


def _tokens(path: Path) -> list[str]:
    """The parts of a file name before its extension."""
    stem = path.name[: len(path.name) - len(extension_of(path) or "")]
    return re.split(r"[._-]", stem.lower())


def _kind(path: Path) -> str:
    """What a file in the folder of a table is by its name (LND-4, LND-14)."""
    tokens = _tokens(path)
    if "full" in tokens:
        return "full"
    return "deleted" if tokens[-1] == "deleted" else "upsert"


def _is_partial(path: Path) -> bool:
    return path.name.startswith((".", "_")) or path.suffix in (".tmp", ".part", ".crdownload")


def _is_special(path: Path) -> bool:
    """Whether reading would wait for somebody to write: a pipe, a socket, a device."""
    return path.exists() and not path.is_file()


def _shown(path: Path) -> str:
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")
