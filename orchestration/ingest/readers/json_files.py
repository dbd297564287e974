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


NAMES_SHOWN = 5  # of an object that is no record


class _JsonText:
    """Takes one value after another from a JSON text of any length, numbers as they are written."""

    def __init__(self, stream: io.TextIOBase, file: str) -> None:
        self._stream, self.file = stream, file
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
            self.file, "broken_json", reason=f"after record {self.records:,}: {reason}"
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


class _Envelope:
    """What an answer of the API says beside its rows."""

    is_one_page = False

    def note(self, name: str, value: Any) -> None:
        """Look at a member of the object around `items`."""
        if name == "pageDetails" and isinstance(value, dict):
            self.is_one_page |= any(value.get(page) for page in ("nextPageUrl", "prevPageUrl"))


def _records(
    path: Path, file: str, is_array: bool, envelope: _Envelope
) -> Iterator[dict[str, Any]]:
    """All records of a JSON file: of an array, of `items`, or one after another."""
    with unpacked(path, file) as stream:
        text = _JsonText(io.TextIOWrapper(stream, "utf-8-sig"), file)
        values = _elements(text, envelope) if is_array else _values(text)
        for record in values:
            text.records += 1
            if not isinstance(record, dict):
                reason = f"record {text.records:,} is {json.dumps(record)[:40]}, no object"
                raise RefusedFile(file, "odd_json", reason=reason)
            _refuse_answers(record, text.records, file)
            yield record
        if text.peek():
            text.refuse("the file goes on after its end; a file of several is called .jsonl")


def _refuse_answers(record: dict[str, Any], number: int, file: str) -> None:
    """Refuse what the API has put around rows where a row should be."""
    if isinstance(record.get("items"), list) and (len(record) == 1 or "pageDetails" in record):
        raise RefusedFile(file, "api_page", number=number)
    if len(record) == 1:
        _refuse_errors(record, f"record {number:,}", file)


def _refuse_errors(answer: dict[str, Any], where: str, file: str) -> None:
    errors = answer.get("errors")
    if isinstance(errors, list) and errors:
        said = errors[0] if isinstance(errors[0], str) else json.dumps(errors[0])
        raise RefusedFile(file, "api_errors", where=where, errors=f"{said[:200]!r}")


def _values(text: _JsonText) -> Iterator[Any]:
    while text.peek():
        yield text.value()


def _elements(text: _JsonText, envelope: _Envelope) -> Iterator[Any]:
    """The elements of an array, or of the array under `items` in an object."""
    if text.peek() != "{":
        yield from _array(text)
        return
    text.skip("{")
    has_items, beside = False, dict[str, Any]()
    while text.peek() != "}":
        name = text.value()
        text.skip(":")
        if name == "items" and text.peek() == "[":
            has_items = True
            yield from _array(text)
        else:
            value = text.value()
            envelope.note(name, value)
            if len(beside) < NAMES_SHOWN or name == "errors":
                beside[str(name)] = value
        if text.peek() != "}":
            text.skip(",")
    text.skip("}")
    if not has_items:
        _refuse_errors(beside, "it", text.file)
        names = f" but {', '.join(beside)}"[:100] if beside else ""
        reason = f"it is an object without an array `items`{names}"
        raise RefusedFile(text.file, "odd_json", reason=reason)


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
    envelope = _Envelope()
    for record in _records(path, file, is_array, envelope):
        names |= dict.fromkeys(record)
        rows += 1
    headers = list(names)
    half = "a text holds half of a character (a lone surrogate)"
    if any(re.search("[\ud800-\udfff]", name) for name in headers):
        raise RefusedFile(file, "broken_json", reason=half)
    if len(headers) > HEADER_COLUMNS:
        raise long_header(file)

    def columns(positions: Sequence[int]) -> Iterator[pl.DataFrame]:
        records = _records(path, file, is_array, envelope)
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

    return Delivery(headers, columns, rows, is_one_page=envelope.is_one_page)


def _json_texts(values: list[Any]) -> pl.Series:
    are_literals = [value is not None and type(value) is not str for value in values]
    if any(are_literals):
        values = [_json_text(value) for value in values]
    return with_literals(values, are_literals)


def _json_text(value: Any) -> str | None:
    """The text of a value; a bare NaN is none (RAW-6)."""
    if value is None or (isinstance(value, Literal) and value == "NaN"):
        return None
    return value if isinstance(value, str) else json.dumps(value)
