"""Workbooks as Excel writes them, from plain values; the writer knows no reader."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from xml.sax.saxutils import escape, quoteattr

NUMBER_FORMATS = {"general": 0, "date": 14, "moment": 164, "hours": 165, "euros": 166}
_CODES = {164: "yyyy\\-mm\\-dd hh:mm:ss", 165: "[h]:mm", 166: '#,##0.00 "day"'}
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def serial(value: date | datetime, *, is_1904: bool = False) -> float:
    """The number that a workbook keeps for a day and time."""
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    start = datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30)
    return (moment - start) / timedelta(days=1)


def _reference(row: int, column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row}"


class Raw(str):
    """A cell as it lies in the file, `{at}` for its place."""

    __slots__ = ()


def _cell(at: str, value: object, strings: dict[str, int], is_1904: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, Raw):
        return value.replace("{at}", at)
    if isinstance(value, bool):
        return f'<c r="{at}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, date):
        style = 2 if isinstance(value, datetime) else 1
        return f'<c r="{at}" s="{style}"><v>{serial(value, is_1904=is_1904)!r}</v></c>'
    if isinstance(value, str):
        if len(value) % 2:
            text = f'<t xml:space="preserve">{escape(value)}</t>'
            return f'<c r="{at}" t="inlineStr"><is>{text}</is></c>'
        return f'<c r="{at}" t="s"><v>{strings.setdefault(value, len(strings))}</v></c>'
    return f'<c r="{at}"><v>{value!r}</v></c>'


def sheet_xml(
    rows: Iterable[Sequence[object]],
    strings: dict[str, int],
    *,
    is_1904: bool = False,
    end: str = "",
) -> str:
    """One sheet; rows without a value are left out, as Excel does."""
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = [
            _cell(_reference(number, at), value, strings, is_1904) for at, value in enumerate(row)
        ]
        if any(cells):
            lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData>{end}</worksheet>'


def workbook(
    *sheets: Iterable[Sequence[object]],
    is_1904: bool = False,
    end: str = "",
    hidden: Sequence[int] = (),
    beside: dict[str, str] | None = None,
) -> bytes:
    """A workbook of these sheets.

    Args:
        *sheets: rows of values.
        is_1904: whether days are counted from 1904.
        end: what stands behind the rows of each sheet.
        hidden: numbers of the sheets that are hidden.
        beside: further parts.
    """
    strings: dict[str, int] = {}
    bodies = [sheet_xml(rows, strings, is_1904=is_1904, end=end) for rows in sheets]
    numbers = range(1, len(bodies) + 1)
    states = {n: ' state="hidden"' if n in hidden else "" for n in numbers}
    listed = "".join(
        f'<sheet name="S{n}" sheetId="{n}" r:id="rId{n}"{state}/>' for n, state in states.items()
    )
    kind = f"{_RELATIONS}/worksheet"
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{kind}" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    codes = "".join(
        f'<numFmt numFmtId="{number}" formatCode={quoteattr(code)}/>'
        for number, code in _CODES.items()
    )
    styles = "".join(f'<xf numFmtId="{number}"/>' for number in NUMBER_FORMATS.values())
    parts = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}">'
        f'<workbookPr date1904="{int(is_1904)}"/><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships>{related}</Relationships>",
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><numFmts>{codes}</numFmts>'
        f'<cellStyleXfs><xf numFmtId="0"/></cellStyleXfs><cellXfs>{styles}</cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">'
        + "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in strings)
        + "</sst>",
        **{f"xl/worksheets/sheet{n}.xml": body for n, body in zip(numbers, bodies, strict=True)},
        **(beside or {}),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
