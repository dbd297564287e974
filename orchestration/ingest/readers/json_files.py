"""JSON: an array, the `items` of the REST API, or one record after another."""

import io
import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from orchestration.ingest.readers.delivery import (
    CHUNK_ROWS,
    HEADER_COLUMNS,
    Delivery,
    long_header,
)
from orchestration.ingest.readers.stream import BLOCK_BYTES, RECORD_BYTES, unpacked
from orchestration.ingest.rejections import RefusedFile
from schemas import RawTable
from schemas.grammar import with_literals


class Literal(str):
    """A number, `NaN` or an infinity, as it is written."""

    __slots__ = ()


class _JsonText:
    """Takes one value after another from a JSON text of any length, numbers as they are written."""

    def __init__(self, stream: io.TextIOBase, file: str) -> None:
        self._stream, self._file = stream, file
        self._text, self._at, self._ended = "", 0, False
        literal: dict[str, Any] = dict.fromkeys(
            ("parse_int", "parse_float", "parse_constant"), Literal
        )
        self._decode = json.JSONDecoder(strict=False, **literal).raw_decode
        self.records = 0

    def peek(self) -> str:
        """The next character that is not white space, or "" at the end."""
        while True:
            found = re.compile(r"[^\s]").search(self._text, self._at)
            if found:
                self._at = found.start()
                return found[0]
            self._at = len(self._text)
            if not self._read():
                return ""

    def skip(self, character: str) -> None:
        """Pass over a character that must come next."""
        if self.peek() != character:
            self.refuse(f"{character!r} is missing")
        self._at += 1

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._read():
                    self.refuse(error.msg)
                continue
            except RecursionError:
                self.refuse("it is nested too deeply")
            if end == len(self._text) and self._read():  # a number may go on
                continue
            self._at = end
            return value

    def refuse(self, reason: str) -> None:
        """Say what is wrong, and where."""
        raise RefusedFile(
            self._file, "broken_json", reason=f"after record {self.records:,}: {reason}"
        )

    def _read(self) -> bool:
        if self._ended:
            return False
        if len(self._text) - self._at > RECORD_BYTES:
            self.refuse(f"a record of more than {RECORD_BYTES:,} characters")
        # In proportion to what is pending, so that a long value is not tried too often.
        block = self._stream.read(max(BLOCK_BYTES, len(self._text) - self._at))
        self._text, self._at = self._text[self._at :] + block, 0
        self._ended = not block
        return not self._ended


def _records(path: Path, file: str, is_array: bool) -> Iterator[dict[str, Any]]:
    """All records of a JSON file: of an array, of `items`, or one after another."""
    with unpacked(path) as stream:
        text = _JsonText(io.TextIOWrapper(stream, "utf-8-sig"), file)
        values = _elements(text) if is_array else _values(text)
        for record in values:
            text.records += 1
            if not isinstance(record, dict):
                reason = f"record {text.records:,} is {json.dumps(record)[:40]}, no object"
                raise RefusedFile(file, "odd_json", reason=reason)
            yield record
        if text.peek():
            text.refuse("the file goes on after its end")


def _values(text: _JsonText) -> Iterator[Any]:
    while text.peek():
        yield text.value()


def _elements(text: _JsonText) -> Iterator[Any]:
    """The elements of an array, or of the array under `items` in an object."""
    if text.peek() != "{":
        yield from _array(text)
        return
    text.skip("{")
    has_items = False
    while text.peek() != "}":
        name = text.value()
        text.skip(":")
        if name == "items" and text.peek() == "[":
            has_items = True
            yield from _array(text)
        else:
            text.value()
        if text.peek() != "}":
            text.skip(",")
    text.skip("}")
    if not has_items:
        raise RefusedFile(text._file, "odd_json", reason="it is an object without an array `items`")


def _array(text: _JsonText) -> Iterator[Any]:
    text.skip("[")
    while text.peek() != "]":
        yield text.value()
        if text.peek() != "]":
            text.skip(",")
    text.skip("]")


def open_json(
    path: Path, file: str, table: type[RawTable], most_lines: int, *, is_array: bool
) -> Delivery:
    """Read a JSON file for the names that its records have."""
    # Records may differ in their names, so all of them are read once before the first is used.
    names: dict[str, None] = {}
    rows = 0
    for record in _records(path, file, is_array):
        names |= dict.fromkeys(record)
        rows += 1
    headers = list(names)
    half = "a text holds half of a character (a lone surrogate)"
    if any(re.search("[\ud800-\udfff]", name) for name in headers):
        raise RefusedFile(file, "broken_json", reason=half)
    if len(headers) > HEADER_COLUMNS:
        raise long_header(file)

    def columns(positions: Sequence[int]) -> Iterator[pl.DataFrame]:
        records = _records(path, file, is_array)
        while chunk := list(islice(records, CHUNK_ROWS // 8)):
            try:
                yield pl.DataFrame(
                    {
                        str(position): _json_texts(
                            [record.get(headers[position]) for record in chunk]
                        )
                        for position in positions
                    }
                )
            except UnicodeEncodeError:
                raise RefusedFile(file, "broken_json", reason=half) from None

    return Delivery(headers, columns, rows)


def _json_texts(values: list[Any]) -> pl.Series:
    are_literals = [value is not None and type(value) is not str for value in values]
    if any(are_literals):
        values = [
            value if isinstance(value, str) or value is None else json.dumps(value)
            for value in values
        ]
    return with_literals(values, are_literals)
