"""The parts of a workbook as they lie in its zip file: sheets, texts, formats, cells."""

import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from enum import Enum
from itertools import count
from typing import NamedTuple
from xml.parsers import expat

BLOCK_BYTES = 1 << 18
ROW_CHARACTERS = 16 << 20
COLUMNS = 16_384
MAIN = "xl/workbook.xml"
_DATES = {*range(14, 18), 22, *range(27, 37), *range(50, 59)}
_TIMES = {*range(18, 22), *range(45, 48)}
# What of a format is no placeholder: texts, escapes, fillers, colours, currencies, conditions.
_LITERALS = re.compile(r'"[^"]*"|[\\_*].|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class NoValue(Enum):
    """A cell that would have a value, had the workbook been computed."""

    FORMULA = "formula"


Cell = str | float | bool | date | datetime | NoValue | None
_Start = Callable[[str, dict[str, str]], None]
_End = Callable[[str], None]


class Styles(NamedTuple):
    """Which of the formats of a workbook show a number as a date, or as a time."""

    dates: set[int]
    times: set[int]
    is_1904: bool


def _parse(
    book: zipfile.ZipFile, part: str, start: _Start, end: _End, text: _End
) -> Iterator[None]:
    """Parse a part block by block; yields after each."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise ValueError(f"{part} declares entities")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda name, told: start(name.rpartition(":")[2], told)
    parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    parser.CharacterDataHandler = text
    with book.open(part) as stream:
        while block := stream.read(BLOCK_BYTES):
            parser.Parse(block, False)
            yield
    parser.Parse(b"", True)
    yield


def _elements(book: zipfile.ZipFile, part: str) -> list[tuple[str, dict[str, str]]]:
    """All elements of a small part, with their attributes."""
    found: list[tuple[str, dict[str, str]]] = []
    if book.getinfo(part).file_size > ROW_CHARACTERS:
        raise ValueError(f"{part} is too long")
    for _ in _parse(book, part, lambda *one: found.append(one), lambda _: None, lambda _: None):
        pass
    return found


def sheets_of(book: zipfile.ZipFile) -> list[str]:
    """The parts of the visible sheets, in their order."""
    relations = {
        told["Id"]: told["Target"]
        for name, told in _elements(book, "xl/_rels/workbook.xml.rels")
        if name == "Relationship" and told["Type"].endswith("/worksheet")
    }
    ids = [
        next(value for key, value in told.items() if key.rpartition(":")[2] == "id")
        for name, told in _elements(book, MAIN)
        if name == "sheet" and told.get("state", "visible") == "visible"
    ]
    targets = [relations[one] for one in ids if one in relations]
    return [one.lstrip("/") if one.startswith("/") else f"xl/{one}" for one in targets]


def read_styles(book: zipfile.ZipFile) -> Styles:
    """Find the formats of dates and times."""
    is_1904 = any(
        name == "workbookPr" and told.get("date1904") in ("1", "true")
        for name, told in _elements(book, MAIN)
    )
    dates, times = set(_DATES), set(_TIMES)
    styles = Styles(set(), set(), is_1904)
    if "xl/styles.xml" not in book.namelist():
        return styles
    is_of_cells, number = False, count()
    for name, told in _elements(book, "xl/styles.xml"):
        if name == "numFmt":
            form = int(told["numFmtId"])
            dates.discard(form)
            times.discard(form)
            code = _LITERALS.sub("", told.get("formatCode", "")).split(";")[0].lower()
            if re.search("[yd]", code) or (re.search("m", code) and not re.search("[hs]", code)):
                dates.add(form)
            elif re.search("[hs]", code):
                times.add(form)
        elif name in ("cellXfs", "cellStyles", "dxfs"):
            is_of_cells = name == "cellXfs"
        elif name == "xf" and is_of_cells:
            style, form = next(number), int(told.get("numFmtId", 0))
            (styles.dates if form in dates else styles.times if form in times else set()).add(style)
    return styles


def read_strings(book: zipfile.ZipFile, limit: int) -> list[str]:
    """The texts that cells refer to by number."""
    part = "xl/sharedStrings.xml"
    if part not in book.namelist():
        return []
    if book.getinfo(part).file_size > limit:
        raise ValueError(f"its texts are longer than {limit:,} bytes")
    strings: list[str] = []
    pieces: list[str] = []
    inside = {"t": 0, "rPh": 0}

    def start(name: str, _: dict[str, str]) -> None:
        if name in inside:
            inside[name] += 1
        elif name == "si":
            pieces.clear()

    def end(name: str) -> None:
        if name in inside:
            inside[name] -= 1
        elif name == "si":
            strings.append(_unescaped("".join(pieces)))

    def text(piece: str) -> None:
        if inside["t"] and not inside["rPh"]:  # no readings of Japanese names
            pieces.append(piece)

    for _ in _parse(book, part, start, end, text):
        pass
    return strings


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def read_sheet(
    book: zipfile.ZipFile, part: str, strings: list[str], styles: Styles
) -> Iterator[tuple[int, dict[int, Cell]]]:
    """The rows of a sheet that hold anything: their numbers, and their cells by column."""
    sheet = _Sheet(strings, styles)
    for _ in _parse(book, part, sheet.start, sheet.end, sheet.text):
        yield from sheet.rows
        sheet.rows.clear()


class _Sheet:
    """Takes cells from the elements of a sheet."""

    def __init__(self, strings: list[str], styles: Styles) -> None:
        self.rows: list[tuple[int, dict[int, Cell]]] = []
        self._strings, self._styles = strings, styles
        self._row = self._length = 0
        self._at = -1
        self._cells: dict[int, Cell] = {}
        self._type, self._style = "n", 0
        self._pieces: list[str] = []
        self._takes = self._has_formula = self._has_value = self._is_reading = False

    def start(self, name: str, told: dict[str, str]) -> None:
        if name == "c":
            self._at = _column(told["r"]) if "r" in told else self._at + 1
            self._type, self._style = told.get("t", "n"), int(told.get("s", 0))
            self._has_formula = self._has_value = False
            self._pieces.clear()
        elif name == "v" or (name == "t" and not self._is_reading):
            self._takes = self._has_value = True
        elif name == "f":
            self._has_formula = True
        elif name == "rPh":
            self._is_reading = True
        elif name == "row":
            self._row = int(told.get("r", self._row + 1))
            self._at, self._length, self._cells = -1, 0, {}

    def text(self, piece: str) -> None:
        if self._takes:
            self._length += len(piece)
            if self._length > ROW_CHARACTERS:
                raise ValueError(f"row {self._row:,} has more than {ROW_CHARACTERS:,} characters")
            self._pieces.append(piece)

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self._takes = False
        elif name == "rPh":
            self._is_reading = False
        elif name == "c":
            cell = self._cell("".join(self._pieces))
            if cell is not None:
                self._cells[self._at] = cell
        elif name == "row" and self._cells:
            self.rows.append((self._row, self._cells))

    def _cell(self, text: str) -> Cell:
        if not self._has_value:
            return NoValue.FORMULA if self._has_formula else None
        if self._type == "s":
            return self._strings[int(text)] or None
        if self._type == "b":
            return text.strip() in ("1", "true")
        if self._type != "n":  # texts, errors, and ISO dates, which are texts here
            return _unescaped(text) or None
        if not text.strip():
            return None
        number = float(text)
        if self._style in self._styles.dates:
            moment = moment_of(number, self._styles.is_1904)
            return number if moment is None else moment
        if self._style in self._styles.times:
            seconds = round(number * 86_400)
            return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"
        return number


def _column(reference: str) -> int:
    """The column of `AB12`, counted from 0."""
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter) - 64
    if not 0 < number <= COLUMNS:
        raise ValueError(f"there is no cell {reference[:20]!r}")
    return number - 1


def moment_of(serial: float, is_1904: bool) -> date | datetime | None:
    """What day and time a number of a date cell stands for; None beyond the year 9999."""
    if is_1904:
        start = datetime(1904, 1, 1)
    else:  # which takes 1900 for a leap year
        start = datetime(1899, 12, 30) if serial >= 60 else datetime(1899, 12, 31)
    if not 0 <= serial < 2_958_466:
        return None
    moment = start + timedelta(milliseconds=round(serial * 86_400_000))
    return moment.date() if moment.time() == datetime.min.time() else moment
