"""What all raw tables share: how they declare their columns, and what can be asked about them.

A table says its columns and rules in its own class; nothing here knows a table by name, and nothing
in this package knows where files lie or who runs the load.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import pandera.polars as pa
import polars as pl

from schemas.forms import PLAIN, Forms
from schemas.headers import Headers
from schemas.po_texts import PO_COLUMN, clean_po

Id = pl.Int64
Money = Annotated[pl.Decimal, 18, 4]
Hours = Annotated[pl.Decimal, 12, 4]
Text = pl.String
Date = pl.Date
Timestamp = Annotated[pl.Datetime, "us", None]
Bool = pl.Boolean

FIRST_DATE, LAST_DATE = date(1990, 1, 1), date(2100, 12, 31)

TYPE_RULES: dict[type, str] = {
    pl.String: "a text or a number",
    pl.Int64: "a whole number",
    pl.Decimal: "a decimal number",
    pl.Date: "an ISO date or timestamp",
    pl.Datetime: "an ISO timestamp",
    pl.Boolean: "true/false, yes/no, y/n or 1/0",
}

REQUIRED = "required"


def field(
    description: str,
    *,
    required: bool = False,
    aliases: Sequence[str] = (),
    max_length: int | None = None,
    at_least: int | None = None,
    at_most: int | None = None,
    one_of: Sequence[str] = (),
    zero_is_null: bool = False,
    lower_case: bool = False,
    null_reads_as: str | None = None,
    references: str | None = None,
) -> Any:
    """Declare a column of a raw table (RAW-1).

    Args:
        description: what the column holds, for people.
        required: null is invalid, and a file without the column is refused.
        aliases: further header names, best first.
        max_length: most characters of a text.
        at_least: smallest number.
        at_most: largest number.
        one_of: the only texts allowed, after `null_reads_as` and `lower_case`.
        zero_is_null: an id in which 0 stands for "none".
        lower_case: texts are compared and kept in lower case.
        null_reads_as: the text that an empty value stands for.
        references: the raw table of Autotask whose id it is.
    """
    checks: dict[str, Any] = {}
    if max_length is not None:
        checks["str_length"] = {
            "max_value": max_length,
            "error": f"at most {max_length} characters",
        }
    if at_least is not None:
        checks["ge"] = {"min_value": Decimal(at_least), "error": f"at least {at_least}"}
    if at_most is not None:
        checks["le"] = {"max_value": Decimal(at_most), "error": f"at most {at_most}"}
    if one_of:
        checks["isin"] = {"allowed_values": list(one_of), "error": f"one of {', '.join(one_of)}"}
    metadata = {
        "aliases": tuple(aliases),
        "zero_is_null": zero_is_null,
        "lower_case": lower_case,
        "null_reads_as": null_reads_as,
        "references": references,
    }
    return pa.Field(nullable=not required, description=description, metadata=metadata, **checks)


def foreign_key(description: str, *, to: str, required: bool = False) -> Any:
    """Declare a reference to another table, in which 0 means null (RAW-7)."""
    return field(description, required=required, zero_is_null=True, references=to)


def company_key(description: str, *, required: bool = False) -> Any:
    """Declare the client of a record; 0 is the MSP itself (RAW-7)."""
    return field(description, required=required, references="companies")


def date_field(description: str, *, required: bool = False, aliases: Sequence[str] = ()) -> Any:
    """Declare a date; all dates lie between 1990 and 2100 (RAW-5)."""
    return pa.Field(
        nullable=not required,
        description=description,
        metadata={"aliases": tuple(aliases)},
        in_range={
            "min_value": FIRST_DATE,
            "max_value": LAST_DATE,
            "error": f"a date in {FIRST_DATE}..{LAST_DATE}",
        },
    )


class RawTable(pa.DataFrameModel):
    """One row per record of an extract, as validated and kept under `raw/`.

    Subclasses list their columns (RAW-1); `_key` names those of their key (RAW-8).
    """

    # Strict: typing builds exactly the columns of the class, so anything else is a mistake of ours.
    class Config:
        """Reject columns that the class does not name."""

        strict = True
        ordered = True

    # Underscored, because pandera takes every public attribute for a column.
    _key: tuple[str, ...] = ("id",)
    _control_total: str | None = None
    _optional: bool = False
    _rule_files: tuple[Path, ...] = ()
    _record: str | None = None
    _part_of: str | None = None
    _kind: str = ""

    @classmethod
    def key(cls) -> tuple[str, ...]:
        """Columns that tell one record from another."""
        return cls._key

    @classmethod
    def key_values(cls) -> list[pl.Expr]:
        """What is equal in two rows of one record, per column of the key.

        Two spellings of one PO are the same.
        """
        columns = ((name, pl.col(name)) for name in cls._key)
        return [clean_po(value) if name == PO_COLUMN else value for name, value in columns]

    @classmethod
    def control_total(cls) -> str | None:
        """The money or hours column whose sum is accounted for beside the rows (VAL-6), if any."""
        return cls._control_total

    @classmethod
    def foreign_keys(cls) -> dict[str, str]:
        """Columns that refer to a raw table of Autotask, and which."""
        declared = {name: column.metadata or {} for name, column in cls.schema().columns.items()}
        return {
            name: told["references"] for name, told in declared.items() if told.get("references")
        }

    @classmethod
    def record_id(cls) -> str:
        """What an id of this table is called everywhere else."""
        return f"{cls._record or cls.singular()}_id"

    @classmethod
    def is_optional(cls) -> bool:
        """Whether a landing folder may come without the table."""
        return cls._optional

    @classmethod
    def part_of(cls) -> tuple[str, str] | None:
        """The table whose records of one kind these are (RAW-10), and that kind, if so."""
        return (cls._part_of, cls._kind) if cls._part_of else None

    @classmethod
    def table_name(cls) -> str:
        """Name of the table: the class name in snake case."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    @classmethod
    @cache
    def schema(cls) -> pa.DataFrameSchema:
        """The pandera schema of the table."""
        return cls.to_schema()

    @classmethod
    def columns(cls) -> dict[str, pl.DataType]:
        """Column names and polars types, in order."""
        return {name: column.dtype.type for name, column in cls.schema().columns.items()}

    @classmethod
    def required_columns(cls) -> list[str]:
        """Columns that a file must have and a row must fill."""
        return [name for name, column in cls.schema().columns.items() if not column.nullable]

    @classmethod
    def rules(cls) -> list[tuple[str, str]]:
        """Every rule that a row can break, as (column, rule), in column order."""
        rules = []
        for name, column in cls.schema().columns.items():
            kind = TYPE_RULES.get(column.dtype.type.base_type())
            words = [None if column.nullable else REQUIRED, kind]
            words += [str(check.error) for check in column.checks]
            rules += [(name, rule) for rule in words if rule]
        return rules

    @classmethod
    @cache
    def version(cls, forms: Forms = PLAIN) -> str:
        """Fingerprint of everything that decides what a valid row is.

        It covers the whole package, and by which forms values are read: a change of the grammar
        or of a shared rule judges every table anew, which costs one full load and can never be
        forgotten.
        """
        digest = hashlib.sha256(json.dumps(forms.identity(), sort_keys=True).encode())
        for path in [*sorted(Path(__file__).parent.glob("*.py")), *cls._rule_files]:
            digest.update(path.read_bytes())
        return digest.hexdigest()[:12]

    @classmethod
    @cache
    def headers(cls) -> Headers:
        """The headers under which a file may have the columns of the table, best first."""
        spellings = {}
        for name, column in cls.schema().columns.items():
            spellings[name] = [name, *(column.metadata or {}).get("aliases", ())]
            if name.endswith("_name"):  # exporters put a picklist's label beside its number
                spellings[name].insert(1, f"{name.removesuffix('_name')}_label")
            if name in ("id", "status_name"):  # as the Power BI models name them
                spellings[name].append(f"{cls.singular()}_{name}")
                if cls._part_of:
                    spellings[name].append(f"{_singular(cls._part_of)}_{name}")
        return Headers(spellings, cls.required_columns())

    @classmethod
    def singular(cls) -> str:
        """Name of one record of the table."""
        return _singular(cls.table_name())


@cache
def keys_alone(table: type[RawTable]) -> type[RawTable]:
    """The same table with its key columns and nothing else, as a list of deleted keys has them."""
    others = [name for name in table.columns() if name not in table.key()]
    schema = table.schema().remove_columns(others)
    return type(table.__name__, (table,), {"schema": lambda: schema, "_control_total": None})


def _singular(table: str) -> str:
    return re.sub(r"ies$", "y", table).removesuffix("s")
