"""The bytes of a file, read once from end to end: their hash, and whether they are a text.

What the text says is the business of the readers.
"""

import codecs
import errno
import gzip
import hashlib
import io
import os
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import duckdb
import pyarrow as pa

from orchestration.ingest.rejections import RefusedFile

BLOCK_BYTES = 1 << 20
RECORD_BYTES = 16 << 20
# What real exports stay far below: gzip makes them 5 to 30 times smaller.
UNPACKED_RATIO, UNPACKED_BYTES = 200, 256 << 20
TICK_NS = 2_000_000_000  # of the coarsest clock by which a file system dates a write

OF_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EACCES, errno.EPERM, errno.ENOMEM)


class Stamp(NamedTuple):
    """What the file system says of a file without reading it; each write dates it anew."""

    device: int
    inode: int
    size: int
    written_ns: int
    changed_ns: int

    @classmethod
    def of(cls, stream: io.BufferedReader) -> "Stamp":
        """The stamp of an open file, as opening it makes network file systems ask their server."""
        stat = os.fstat(stream.fileno())
        return cls(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


@dataclass(frozen=True)
class Reading:
    """What reading a file from end to end has told.

    Attributes:
        content_hash: SHA-256 of the bytes as delivered, in hex.
        stamp: of the file before the first byte was read.
        has_settled: whether a later write would have been dated by another tick of the clock.
        is_checked: whether more than the hash was taken.
        most_lines: how many lines a text can have at most.
        refusal: why it cannot be read as a text, if so.
    """

    content_hash: str
    stamp: Stamp
    has_settled: bool
    is_checked: bool
    most_lines: int = 0
    refusal: RefusedFile | None = None

    def is_of(self, stream: io.BufferedReader) -> bool:
        """Whether a file, opened again, still has the bytes that were read.

        The stamp says so without a further reading: a write sets both times, and nobody can set
        the second back. The hash decides where the stamp is another one, as after a mere touch,
        and where the file was so new that two writes may bear one time.
        """
        if self.has_settled and Stamp.of(stream) == self.stamp:
            return True
        return hashlib.file_digest(stream, "sha256").hexdigest() == self.content_hash


class Text(NamedTuple):
    """What a text is checked for, beyond being UTF-8 and unpacking to its end.

    Attributes:
        is_packed: whether it is packed by gzip.
        longest_line: how many bytes a line may have.
    """

    is_packed: bool
    longest_line: int | None


def is_packed(path: Path) -> bool:
    """Whether a file is packed by gzip."""
    return path.name.lower().endswith(".gz")


@contextmanager
def unpacked(path: Path, file: str) -> Iterator[BinaryIO]:
    """Open a file that has been checked, packed or not.

    Raises:
        RefusedFile: it no longer is the text that was checked.
    """
    try:
        with gzip.open(path) if is_packed(path) else path.open("rb") as stream:
            yield stream  # type: ignore[misc]
    except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError):
        raise RefusedFile(file, "moving") from None


def is_of_disk(error: BaseException) -> bool:
    """Whether an error is none of the file's but of the machine: a full disk, a broken one.

    Arrow hands on its own complaints as an OSError, too, which then has no number.
    """
    if isinstance(error, duckdb.OutOfMemoryException):
        return True
    if isinstance(error, OSError) and error.errno:
        return error.errno in OF_DISK
    if not isinstance(error, OSError | duckdb.IOException) or "CSV Error" in str(error):
        return False
    return any(os.strerror(number) in str(error) for number in OF_DISK)


def take_hash(stream: io.BufferedReader) -> Reading:
    """Read a file for its hash and nothing else."""
    stamp, has_settled = _dated(stream)
    digest = hashlib.file_digest(stream, "sha256")
    return Reading(digest.hexdigest(), stamp, has_settled, is_checked=False)


def take_hash_and_check(stream: io.BufferedReader, file: str, text: Text | None) -> Reading:
    """Read a file for its hash and, on the way, for all that is to be known of its text.

    Args:
        stream: the file as delivered, packed or not, at its start.
        file: what messages call it.
        text: what to check; None when the file is no text.
    """
    stamp, has_settled = _dated(stream)
    hashed = _Hashed(stream)
    most_lines, refusal = 0, None
    if text:
        try:
            most_lines = _check(hashed, stamp.size, file, text)
        except RefusedFile as found:
            refusal = found
    while hashed.read(BLOCK_BYTES):
        pass
    content_hash = hashed.digest.hexdigest()
    return Reading(content_hash, stamp, has_settled, True, most_lines, refusal)


def _dated(stream: io.BufferedReader) -> tuple[Stamp, bool]:
    stamp = Stamp.of(stream)
    return stamp, time.time_ns() - max(stamp.written_ns, stamp.changed_ns) > TICK_NS


class _Hashed(io.RawIOBase):
    """Hands the bytes of a file on and hashes them on their way."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream, self.digest = stream, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        self.digest.update(block)
        return block


def _check(hashed: _Hashed, size: int, file: str, text: Text) -> int:
    """Read all of a text: it is UTF-8, unpacks to its end, has lines of some length.

    Returns:
        How many lines it can have at most.
    """
    stream = gzip.GzipFile(fileobj=hashed, mode="rb") if text.is_packed else hashed
    decoder = codecs.getincrementaldecoder("utf-8")()
    limit = max(UNPACKED_BYTES, UNPACKED_RATIO * size)
    position = line_start = new_lines = returns = 0
    try:
        while True:
            block = stream.read(BLOCK_BYTES)
            pending = len(decoder.getstate()[0])
            if pending or not _is_utf8(block):
                try:
                    decoder.decode(block, final=not block)
                except UnicodeDecodeError as error:
                    position += error.start - pending
                    raise RefusedFile(file, "not_utf8", position=position) from None
            if text.longest_line:
                last = max(block.rfind(b"\n"), block.rfind(b"\r"))
                line_start = position + last if last >= 0 else line_start
                if position + len(block) - line_start > text.longest_line:
                    limits = {"limit": text.longest_line, "position": line_start}
                    raise RefusedFile(file, "long_line", **limits)
            position += len(block)
            new_lines += block.count(b"\n")
            returns += block.count(b"\r") if b"\r" in block else 0  # searching is quicker
            if not block:
                return 1 + max(new_lines, returns)
            if position > limit and text.is_packed:
                raise RefusedFile(file, "bomb", ratio=UNPACKED_RATIO)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RefusedFile(file, "broken_gzip", reason=str(error).rstrip(".")) from None


def _is_utf8(block: bytes) -> bool:
    """Whether a block is UTF-8 by itself, eight times as fast as decoding it."""
    try:
        pa.array([block]).cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True
