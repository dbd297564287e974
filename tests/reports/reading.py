"""A page taken apart without a browser: its cards, tables and headings."""

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path


@dataclass
class Read(HTMLParser):
    """A page taken apart.

    Attributes:
        html: the page.
        cards: mart, figure, value as in the mart and as people read it.
        columns: of each table, the attributes of its header cells.
        rows: of each table, the values that the page itself carries, as in the mart.
        files: of each table, where its other rows are.
        totals: of each table, how many rows it has.
        headings: their levels.
        unscoped: header cells without a scope.
        names: all elements.
        scripts: elements that a browser would run.
        links: where links lead.
        ids: of all elements.
    """

    html: str
    cards: list[tuple[str, str, str, str]] = field(default_factory=list)
    columns: dict[str, list[dict[str, str | None]]] = field(default_factory=dict)
    rows: dict[str, list[list[str]]] = field(default_factory=dict)
    texts: dict[str, list[list[str]]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    headings: list[int] = field(default_factory=list)
    unscoped: int = 0
    names: list[str] = field(default_factory=list)
    scripts: int = 0
    links: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read all of it."""
        super().__init__()
        self._table = ""
        self._cell: dict[str, str | None] | None = None
        self._is_data = False
        self._text = ""
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element says of itself."""
        told = dict(attrs)
        self.names.append(tag)
        self.ids += [str(told["id"])] if "id" in told else []
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "a":
            self.links.append(str(told["href"]))
        if tag == "script":
            self._is_data = told.get("type") == "application/json"
            self.scripts += not self._is_data
        if tag == "table":
            self._table = told.get("data-name") or ""
        if tag == "table" and self._table:
            self.columns[self._table], self.rows[self._table] = [], []
            self.texts[self._table] = []
            self.totals[self._table] = int(told["data-total"] or "")
            if told.get("data-files"):
                self.files[self._table] = json.loads(str(told["data-files"]))["name"]
        if tag == "th" and told.get("scope") not in ("col", "row"):
            self.unscoped += 1
        if tag == "th" and told.get("scope") == "col" and self._table:
            self.columns[self._table].append(told)
        if tag == "tr" and self._table and self.columns[self._table]:
            self.rows[self._table].append([])
            self.texts[self._table].append([])
        if "data-raw" in told:
            self._cell, self._text = told, ""

    def handle_data(self, data: str) -> None:
        """Keep the text of cells, and the rows that a script is to show."""
        if self._is_data:
            self.rows[self._table] = json.loads(data)
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        """Note what a cell holds."""
        if tag == "script":
            self._is_data = False
        if self._cell and tag in ("td", "th", "dd"):
            raw = self._cell["data-raw"] or ""
            if tag == "dd":
                mart, figure = self._cell["data-mart"], self._cell["data-figure"]
                self.cards.append((str(mart), str(figure), raw, self._text))
            else:
                self.rows[self._table][-1].append(raw)
                self.texts[self._table][-1].append(self._text)
            self._cell = None


def file_rows(site: Path, name: str) -> list[list[str]]:
    """The rows of all files of a table in the order of the table, as in the mart."""
    rows = []
    for file in (site / "rows").glob("*/*.js"):
        if not re.fullmatch(rf"{name.split('/')[-1]}-\d+", file.stem):
            continue
        text = file.read_text("utf-8").removeprefix("reportRows(").removesuffix(");\n")
        told, packed = json.loads(f"[{text}]")
        assert told == f"{file.parent.name}/{file.stem}"
        columns = [
            [values[place] for place in places[0]] if places else values
            for values, *places in json.loads(packed)
        ]
        rows += [list(row) for row in zip(*columns, strict=True)]
    return [row[:-1] for row in sorted(rows, key=lambda row: int(row[-1]))]


def all_rows(site: Path, page: Read, name: str) -> list[list[str]]:
    """All rows of a table, those beside the page included."""
    return file_rows(site, page.files[name]) if name in page.files else page.rows[name]


def number(text: str) -> Decimal:
    """Read a number as people do."""
    return Decimal(text.removesuffix(" %").replace(",", ""))
