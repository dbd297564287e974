"""What a page can declare: one YAML file a page in `pages/`, checked against the marts.

A file names marts, columns and words; how a column looks, what it is called and which page its
cells open follow from the mart. What cannot be meant - an unknown key, kind, mart or column - fails
with the file and the place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar, cast

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from orchestration.reports.words import CODES, label_of

PAGES = Path(__file__).with_name("pages")
Kind = Literal[
    "text", "long", "code", "advice", "id", "int", "money", "hours", "pct", "date", "time", "flag"
]
COMPANY_IDS = ("company_id", "po_company_id")
# Which filter of a page a column answers to.
ROLES = {**dict.fromkeys(COMPANY_IDS, "company"), "po_number": "po", "billing_stage": "stage"}


class PageError(ValueError):
    """A page declares what cannot be; the message says where and what."""


@dataclass(frozen=True)
class MartColumn:
    """A column as a mart has it: its SQL type and its description."""

    type: str
    description: str


Marts = Mapping[str, Mapping[str, MartColumn]]


class Declared(BaseModel):
    """Part of a page; a key that it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Part = TypeVar("Part", bound=Declared)


def _long_form(value: Any) -> Any:
    """A column is `name`, `name: Label` or `name: {label: …, kind: …}`."""
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, dict) and len(value) == 1:
        [(name, told)] = value.items()
        return {"name": name} | (told if isinstance(told, dict) else {"label": told})
    return value


class Column(Declared):
    """A column of a table, or one of several figures in large type.

    Attributes:
        name: column of the mart, and header of the download.
        label: header on the page; by default the name in words.
        kind: how values look; by default what type and name of the column suggest.
        link: file of the record page that its cells open; by default that which asks for it.
        hidden: whether only links, filters and the download see it.
        internal: whether it stays off the page of a client.
        note: what a figure means.
        alarm: whether a figure other than 0 asks for action.
        sum: whether a figure is the sum over the rows.
        count: whether a figure is the number of rows.
        where: which rows are summed up or counted.
        description: what the mart says of it.
    """

    name: str
    label: str = ""
    kind: Kind = "int"
    link: str = ""
    hidden: bool = False
    internal: bool = False
    note: str = ""
    alarm: bool = False
    sum: bool = False
    count: bool = False
    where: str = ""
    description: str = ""

    @property
    def role(self) -> str:
        """The filter that it answers to; "" when none does."""
        return ROLES.get(self.name, "")

    @property
    def figure(self) -> str:
        """What it selects."""
        rows = f" filter ({self.where})" if self.where else ""
        if self.count:
            return f"count(*){rows}"
        return f"coalesce(sum({self.name}){rows}, 0)" if self.sum else self.name


class Facts(Declared):
    """Figures in large type, of one row or over all rows of a mart.

    On a record page they are those of the record.

    Attributes:
        mart: where they come from.
        columns: what they are.
        name: names their element and their files of rows.
        internal: whether they stay off the page of a client.
    """

    mart: str
    columns: tuple[Annotated[Column, BeforeValidator(_long_form)], ...] = Field(min_length=1)
    name: str = ""
    internal: bool = False

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo) -> Self:
        """Fill in what follows from the mart, and hidden columns for filters and links."""
        context = cast(Context, info.context)
        if self.mart not in context.marts:
            raise ValueError(f"there is no mart {self.mart}")
        there = context.marts[self.mart]
        columns = [
            _linked(column, there, context, is_table=isinstance(self, Table))
            for column in self.columns
        ]
        wanted = [name for name in COMPANY_IDS if name in there][:1]
        for column in columns:
            wanted += context.records[column.link].key if column.link else ()
        wanted = [] if self.is_summed else [*wanted, *context.key]
        shown = {column.name for column in columns}
        columns += [
            Column(name=name, hidden=True, internal=True)
            for name in dict.fromkeys(wanted)
            if name not in shown
        ]
        told = tuple(_told(column, self.mart, there) for column in columns)
        return self.model_copy(update={"columns": told, "name": self.name or self.mart})

    @property
    def is_summed(self) -> bool:
        """Whether its figures are over all rows, so that there is one row."""
        return any(column.sum or column.count for column in self.columns)

    @property
    def company(self) -> str:
        """The column that tells whose row it is; "" when none does."""
        return next((column.name for column in self.columns if column.role == "company"), "")

    def places(self, names: Iterable[str]) -> list[int]:
        """Where these columns stand."""
        all_names = [column.name for column in self.columns]
        return [all_names.index(name) for name in names]


class Table(Facts):
    """A table of a page.

    Attributes:
        title: heading.
        lead: what it shows and what to do with it.
        where: which rows it takes.
        order: which rows come first.
        empty: what it says when there are no rows.
        chart: the drawing that the script of the page makes of its rows.
    """

    title: str
    lead: str
    where: str = "true"
    order: str
    empty: str = "There is nothing to show here."
    chart: Literal["", "burn_down"] = ""

    @property
    def heading(self) -> Column:
        """The column whose cells are the headings of their rows."""
        return next(column for column in self.columns if not column.hidden)


class Section(Declared):
    """A part of a page with a heading: figures, charts and tables, in this order."""

    name: str
    title: str
    facts: tuple[Facts, ...] = ()
    charts: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    internal: bool = False


class Record(Declared):
    """What makes a page show one record: the one whose key is in its address.

    The page is named after the first of its facts.

    Attributes:
        key: columns that tell the record, in every mart of the page.
        links: columns whose cells open the page, wherever the mart has the key, too.
        ask: what the page says without a key.
    """

    key: tuple[str, ...]
    links: tuple[str, ...] = ()
    ask: str


class Page(Declared):
    """A page of the site.

    Attributes:
        file: its name in the folder of the site.
        title: heading.
        lead: what it shows.
        nav: its place among the pages that each page links to; 0 for a page of one record.
        sections: its parts.
        lead_with_postings: what it shows where billing items are delivered, if that is more.
        record: what it shows one of; by default it shows all.
        refreshes: whether it lists the last refreshes.
    """

    file: str
    title: str
    lead: str
    nav: int = 0
    sections: tuple[Section, ...]
    lead_with_postings: str = ""
    record: Record | None = None
    refreshes: bool = False


@dataclass(frozen=True)
class Context:
    """What a declaration is checked against: marts, pages of records, and its own page."""

    marts: Marts
    records: Mapping[str, Record]
    file: str
    key: tuple[str, ...]


def read_pages(marts: Marts, folder: Path = PAGES) -> list[Page]:
    """Read all pages, those that every page links to first.

    A table stands in full on one page; others name it.

    Args:
        marts: the columns that there are.
        folder: where the files are.

    Raises:
        PageError: a file declares what cannot be.
    """
    files = {path: _read(path) for path in sorted(folder.glob("*.yml"))}
    # Pages of records name tables of the others, whose own file is to be told when they are wrong.
    files = dict(sorted(files.items(), key=lambda item: not item[1].get("nav")))
    tables = {
        table["name"]: table
        for _, section in _sections(files)
        for table in section.get("tables", ())
        if isinstance(table, dict) and "name" in table
    }
    for path, section in _sections(files):
        named = section.get("tables", ())
        unknown = [table for table in named if isinstance(table, str) and table not in tables]
        if unknown:
            raise PageError(f"{path}: no page declares a table {unknown[0]}.")
        section["tables"] = [tables[t] if isinstance(t, str) else t for t in named]
    records = {
        told["file"]: _checked(Record, path, told["record"])
        for path, told in files.items()
        if "file" in told and "record" in told
    }
    pages = []
    for path, told in files.items():
        file = str(told.get("file", ""))
        key = records[file].key if file in records else ()
        context = Context(marts, records, file, key)
        pages.append(_checked(Page, path, told, context))
    return sorted(pages, key=lambda page: (not page.nav, page.nav))


def kind_of(name: str, sql_type: str) -> Kind:
    """How values look, by name and type of their column."""
    if sql_type == "BOOLEAN":
        return "flag"
    if sql_type == "DATE":
        return "date"
    if sql_type.startswith("TIMESTAMP"):
        return "time"
    if sql_type == "VARCHAR":
        return "code" if name.endswith(CODES) else "text"
    if name.endswith("_id"):
        return "id"
    if name.endswith("_pct"):
        return "pct"
    if "hours" in name:
        return "hours"
    return "money" if sql_type.startswith(("DECIMAL", "DOUBLE")) else "int"


def _linked(
    column: Column, there: Mapping[str, MartColumn], context: "Context", *, is_table: bool
) -> Column:
    """The column with the page that its cells open, if that is not the page that it is on."""
    for file, record in context.records.items():
        if column.link == file and not set(record.key) <= there.keys():
            raise ValueError(f"{column.name}: the mart has no {', '.join(record.key)} for {file}")
        asked = column.link or (file if column.name in record.links else "")
        if asked == file and set(record.key) <= there.keys():
            if file != context.file:
                return column.model_copy(update={"link": file})
            # Every row of a page of one record has the same there.
            return column.model_copy(update={"link": "", "hidden": is_table or column.hidden})
    if column.link:
        raise ValueError(f"{column.name}: {column.link} is no page of one record")
    return column


def _told(column: Column, mart: str, there: Mapping[str, MartColumn]) -> Column:
    """The column with what its mart tells of it."""
    if column.count:
        return column
    if column.name not in there:
        raise ValueError(f"{mart} has no column {column.name}")
    known = there[column.name]
    return column.model_copy(
        update={
            "label": column.label or label_of(column.name),
            "kind": column.kind
            if "kind" in column.model_fields_set
            else kind_of(column.name, known.type),
            "description": known.description,
        }
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise PageError(f"{path}: {error}") from error
    if not isinstance(told, dict):
        raise PageError(f"{path}: a page is a mapping of keys such as file, title and sections.")
    return told


def _sections(files: Mapping[Path, dict[str, Any]]) -> list[tuple[Path, dict[str, Any]]]:
    return [
        (path, section)
        for path, told in files.items()
        for section in told.get("sections", ())
        if isinstance(section, dict)
    ]


def _checked(kind: type[Part], path: Path, told: Any, context: Context | None = None) -> Part:
    try:
        return kind.model_validate(told, context=context)
    except ValidationError as error:
        # A misspelt key is told before what is missing because of it.
        found = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        place = ".".join(map(str, found["loc"]))
        raise PageError(
            f"{path}: {place}: {found['msg']} (given: {found['input']!r:.80})"
        ) from error
