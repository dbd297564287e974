"""Landing files while they are written (EXT-7): appended page by page, cut back to a checkpoint."""

import gzip
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from orchestration.extract.answers import Item, dumps
from orchestration.extract.state import Part

UNFINISHED = ".part"
# A mark in the name of every file of ours; the landing sensor looks for it (EXT-12).
MARK = "api"


def landing_name(table: str, moment: str, kind: str) -> str:
    """Path of a landing file below the landing folder; `kind` is `full`, `deleted` or ""."""
    return f"autotask/{table}/{'.'.join(filter(None, (moment, MARK, kind)))}.jsonl.gz"


def is_ours(path: Path) -> bool:
    """Whether a landing file was written by the extraction."""
    return MARK in path.name.split(".")[1:2]


def append(landing: Path, part: Part, lines: Iterable[str]) -> None:
    """Append records to a part, after what is known to be good of it.

    Each call writes a piece that can be unpacked by itself, so that the file can be cut back to
    any of them.
    """
    texts = list(lines)
    path = _unfinished(landing, part)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.truncate(part.size)
        file.seek(part.size)
        if texts:
            file.write(gzip.compress("".join(f"{text}\n" for text in texts).encode(), 1, mtime=0))
        part.size = file.tell()
    part.rows += len(texts)


def is_intact(landing: Path, part: Part) -> bool:
    """Whether what is known to be good of a part is there."""
    path = _unfinished(landing, part)
    return (path.stat().st_size if path.exists() else 0) >= part.size


def complete(landing: Path, part: Part) -> None:
    """Cut off what is not known to be good, and force the rest to disk; its name stays."""
    append(landing, part, [])
    path = _unfinished(landing, part)
    if part.rows == 0 and part.name.endswith(".jsonl.gz"):
        path.unlink()
        part.name = f"{part.name.removesuffix('.jsonl.gz')}.json"
        path = _unfinished(landing, part)
        path.write_text("[]\n", encoding="utf-8")
    with path.open("rb") as file:
        os.fsync(file.fileno())
        part.content_hash = hashlib.file_digest(file, "sha256").hexdigest()
    part.size = path.stat().st_size


def deliver(landing: Path, part: Part) -> None:
    """Give a complete part its name; one that has it already stays."""
    path = _unfinished(landing, part)
    if path.exists():
        path.replace(landing / part.name)


def remove(landing: Path, part: Part) -> None:
    """Drop a part."""
    _unfinished(landing, part).unlink(missing_ok=True)


def append_ids(path: Path, size: int, ids: Iterable[int]) -> int:
    """Append ids to a file of ids, after what is known to be good; returns its size."""
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.truncate(size)
        file.seek(size)
        file.write("".join(f"{number}\n" for number in ids).encode())
        return file.tell()


def record(item: Item, fields: Iterable[str]) -> str:
    """A record as it came, but for fields that were not asked for and halves of characters."""
    asked = {name.lower() for name in fields}
    text = item.text
    is_plain = "\n" not in text and "\r" not in text and "\\u" not in text
    if is_plain and all(name.lower() in asked for name in item.value):
        return text
    return dumps({name: one for name, one in item.value.items() if name.lower() in asked})


def records(landing: Path, part: Part) -> Iterator[dict[str, Any]]:
    """The records of a part that has just been read."""
    append(landing, part, [])
    with gzip.open(_unfinished(landing, part), "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line, strict=False)


def write_whole(path: Path, text: str) -> None:
    """Write a file, whole or not at all."""
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def _unfinished(landing: Path, part: Part) -> Path:
    return landing / f"{part.name}{UNFINISHED}"
