"""Find, name and date the files of a landing folder (rules: landing.md).

How a file is read is the business of `readers`, what becomes of its rows that of `load`.
"""

import difflib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from orchestration.ingest.readers import FORMATS, extension_of
from orchestration.ingest.rejections import RefusedFile
from schemas import RAW_TABLES
from schemas.headers import plain

_DATE = re.compile(r"(?<!\d)(\d{4})([-.]?)(\d{2})\2(\d{2})")
# What stands behind a date, unless it begins another one.
_TIME = re.compile(
    r"[T_ ]?(\d{2})([-:.]?)(\d{2})(?:\2(\d{2}))?(?!\d|[-.]?\d{2}[-.]?\d{2}(?!\d))Z?", re.IGNORECASE
)
_FIRST_YEAR, _LAST_YEAR = 1990, 2100
# A number or three of them, which people may have meant for a time.
_LIKE_A_TIMESTAMP = re.compile(r"\d{6}|\d\D+\d+\D+\d")
_NUMBERED_COPY = re.compile(r"(.+?)(?: ?\(\d+\)| - [^\W\d]+(?: \(\d+\))?)")
_SAVE_AS = {".xls": "xlsx", ".xlsm": "xlsx", ".xlsb": "xlsx", ".ods": "xlsx", ".gz": "csv.gz"}


class LeftAlone(NamedTuple):
    """Something in the landing folder that is not read.

    Attributes:
        table: source and name of the table whose it is, if that can be told.
        words: what it is, why it is left alone, and what to do.
    """

    table: tuple[str, str] | None
    words: str


def timestamp_in(name: str) -> datetime | None:
    """The first timestamp in a file name (LND-3); naive UTC.

    Raises:
        ValueError: the name holds a date that no calendar has; the message is that date.
    """
    for found in _DATE.finditer(name):
        year, separator, month, day = found.groups()
        is_run = not separator and name[found.end() : found.end() + 1].isdigit()
        try:
            moment = datetime(int(year), int(month), int(day))
        except ValueError:
            if is_run:  # more digits than a date has: a number
                continue
            raise ValueError(found[0]) from None
        if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            continue
        time = _TIME.match(name, found.end())
        hour, minute, second = (int(time[at] or 0) for at in (1, 3, 4)) if time else (0, 0, 0)
        if hour < 24 and minute < 60 and second < 60:
            moment = moment.replace(hour=hour, minute=minute, second=second)
        return moment
    return None


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
        twins: the other files of the landing folder that are the whole of this table, too.
    """

    source: str
    table: str
    path: Path
    batch: str
    kind: str
    landing_dir: Path
    twins: tuple[str, ...] = ()

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
        try:
            named = timestamp_in(self.path.name)
        except ValueError as error:
            raise RefusedFile(self.file, "impossible_date", value=str(error)) from None
        return named or self.written_at()

    def unread_timestamp(self) -> str | None:
        """What in the name of a batch looks like a timestamp and is none (LND-3)."""
        if "/" not in self.batch or timestamp_in(self.path.name):
            return None
        stem = self.path.name[: len(self.path.name) - len(extension_of(self.path) or "")]
        return stem if _LIKE_A_TIMESTAMP.search(stem) else None

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


def find_batches(
    landing_dir: Path,
) -> tuple[dict[tuple[str, str], list[Batch]], list[LeftAlone]]:
    """List the delivered files of every raw table.

    Returns:
        The batches of each (source, table), in the order of their ids, and everything in the folder
        that is left alone, or is not what its name may have meant.
    """
    batches: dict[tuple[str, str], list[Batch]] = {key: [] for key in RAW_TABLES}
    sources = sorted({source for source, _ in RAW_TABLES})
    ignored = [
        LeftAlone(None, f"{_shown(Path(path.name))}: {_why_not_a_source(path)}; left alone")
        for path in sorted(landing_dir.iterdir())
        if path.name not in sources and not _is_partial(path)
    ]
    for source in sources:
        for path in sorted((landing_dir / source).glob("*")):
            if _is_partial(path):
                continue
            stem = _stem(path)
            table = _table_of(source, stem)
            if table is None:
                shown = _shown(Path(path.name))
                ignored.append(
                    LeftAlone(None, f"{source}/{shown}: {_why_no_table(source, stem)}; left alone")
                )
                continue
            for file in sorted(path.iterdir()) if path.is_dir() else [path]:
                if _is_partial(file):
                    continue
                name = _shown(file.relative_to(landing_dir / source))
                if extension_of(file) is None or file.is_dir() or _is_special(file):
                    words = f"{source}/{name}: {_why_not_read(file)}; left alone"
                    ignored.append(LeftAlone((source, table), words))
                    continue
                kind = "full" if file is path else _kind(file)
                if kind == "upsert" and "deleted" in _tokens(file):
                    words = (
                        f"{source}/{name}: `deleted` counts only as the last part of the name, "
                        "before the extension; loaded as changed rows"
                    )
                    ignored.append(LeftAlone((source, table), words))
                batches[source, table].append(Batch(source, table, file, name, kind, landing_dir))
    return {key: _with_twins(found) for key, found in batches.items()}, ignored


def _with_twins(batches: list[Batch]) -> list[Batch]:
    """Let the whole-table files of one table know of each other."""
    whole = [batch.batch for batch in batches if "/" not in batch.batch]
    if len(whole) < 2:
        return batches
    return [
        replace(batch, twins=tuple(name for name in whole if name != batch.batch))
        if batch.batch in whole
        else batch
        for batch in batches
    ]


def _stem(path: Path) -> str:
    extension = "" if path.is_dir() else extension_of(path) or path.suffix
    return path.name[: len(path.name) - len(extension)]


def _table_of(source: str, stem: str) -> str | None:
    """The table that a name is that of, however it is written, singular or plural (LND-21)."""
    for (of_source, name), table in RAW_TABLES.items():
        if of_source == source and plain(stem) in (plain(name), plain(table.singular())):
            return name
    return None


def _why_not_a_source(path: Path) -> str:
    sources = sorted({source for source, _ in RAW_TABLES})
    folders = " and ".join(f"{source}/" for source in sources)
    if plain(path.name) in sources:
        return f"rename it {plain(path.name)}"
    homes = [source for source in sources if _table_of(source, _stem(path))]
    if homes:
        return f"files are read from {folders} only; move it to {homes[0]}/"
    return f"neither of {', '.join(sources)}; files are read from {folders} only"


def _why_no_table(source: str, stem: str) -> str:
    copied = _NUMBERED_COPY.fullmatch(stem)
    table = _table_of(source, copied[1]) if copied else None
    if table:
        return (
            f"a numbered copy, as browsers and file managers make them; let it replace the file "
            f"of {table}, or move it into {source}/{table}/ as a delivery of its own"
        )
    for other in sorted({of_source for of_source, _ in RAW_TABLES} - {source}):
        if _table_of(other, stem):
            return f"a table of {other}; move it to {other}/"
    names = [name for of_source, name in RAW_TABLES if of_source == source]
    near = difflib.get_close_matches(stem.lower(), names, 3) or names
    return f"no table of that name; rename it, the nearest names are {', '.join(near)}"


def _why_not_read(path: Path) -> str:
    if path.is_dir():
        return "a folder in the folder of a table; move its files up"
    if _is_special(path):
        return "no file that can be read to its end; deliver a file"
    better = _SAVE_AS.get(path.suffix.lower())
    todo = f"export it as {better}" if better and f".{better}" in FORMATS else "export it as csv"
    return f"not one of {', '.join(FORMATS)}; {todo}"


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
