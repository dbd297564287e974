"""The parts of a page - sections, cards, tables, columns - and the columns that tables share."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column of a table on a page.

    Attributes:
        name: column of the mart, and header of the download.
        label: header on the page.
        kind: how its values look: text, long (whole sentences), code, advice, id, int, money,
            hours, pct, date, time or flag.
        role: company, po or stage when the filters of the page apply to it.
        is_hidden: whether only filters and the download see it.
        is_internal: whether it stays off the page of a client, because it says nothing there, or
            the record that it names may belong to another client.
    """

    name: str
    label: str
    kind: str = "text"
    role: str = ""
    is_hidden: bool = False
    is_internal: bool = False


@dataclass(frozen=True)
class Card:
    """One figure in large type.

    Attributes:
        mart: where it comes from.
        figure: a column of a mart with one row, or a sum over the mart.
        label: what it is.
        kind: how it looks.
        note: what it means.
        is_alarming: whether anything but 0 asks for action.
    """

    mart: str
    figure: str
    label: str
    kind: str
    note: str = ""
    is_alarming: bool = False


@dataclass(frozen=True)
class Table:
    """A table of a page.

    Attributes:
        name: names its element, its file of rows and its download.
        title: heading.
        lead: what it shows and what to do with it.
        marts: where its figures come from.
        rows: relation that it selects from.
        columns: what it shows.
        order: which rows come first.
        empty: what it says when there are no rows.
        where: which rows it takes.
    """

    name: str
    title: str
    lead: str
    marts: tuple[str, ...]
    rows: str
    columns: tuple[Column, ...]
    order: str
    empty: str
    where: str = "true"

    @property
    def heading(self) -> Column:
        """The column whose cells are the headings of their rows."""
        return next(column for column in self.columns if not column.is_hidden)

    @property
    def company_column(self) -> str | None:
        """The column that tells whose row it is."""
        return next((column.name for column in self.columns if column.role == "company"), None)


@dataclass(frozen=True)
class Section:
    """A part of a page with a heading: cards, charts and tables, in this order."""

    name: str
    title: str
    lead: str = ""
    cards: tuple[Card, ...] = ()
    charts: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Page:
    """A page of the site.

    Attributes:
        file: its name in the folder of the site.
        title: heading.
        lead: what it shows.
        sections: its parts.
        lead_with_postings: what it shows where billing items are delivered, if that is more.
    """

    file: str
    title: str
    lead: str
    sections: tuple[Section, ...]
    lead_with_postings: str = ""


COMPANY_ID = Column("company_id", "Company id", "id", "company", is_hidden=True)
COMPANY = Column("company_name", "Company", is_internal=True)
PO = Column("po_number", "PO", role="po")
MATERIAL = Column("material_code_name", "Material code")


def money(name: str, label: str) -> Column:
    """A column of money."""
    return Column(name, label, "money")


def count(name: str, label: str) -> Column:
    """A column of whole numbers."""
    return Column(name, label, "int")
