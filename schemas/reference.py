"""The reference tables that the users keep themselves (RAW-1), all optional, one class a table."""

import csv
from functools import cache
from pathlib import Path

import pandera.polars as pa
import polars as pl

from schemas.base import (
    Bool,
    Date,
    Hours,
    Id,
    Money,
    RawTable,
    Text,
    date_field,
    field,
    foreign_key,
)

PLACEHOLDERS = Path(__file__).parents[1] / "dbt_project" / "seeds" / "po_placeholders.csv"

# White space of any script, and the characters that look like nothing.
WHITE_SPACE = r"[\s\x1C-\x1F\u180E\u200B-\u200D\u2060\uFEFF]+"

CONFLICT_TYPES = (
    "contract_reference_mismatch",
    "project_without_contract",
    "missing_billing_target",
    "missing_charge_allocation",
    "duplicate_allocation",
    "charge_contract_mismatch",
)


def clean_po(po: pl.Expr) -> pl.Expr:
    """Clean a PO text (RES-2, RES-3): white space collapsed, upper case, placeholders null.

    The marts clean with SQL; a test holds the two against each other.
    """
    text = _trimmed(po)
    return pl.when(~text.is_in(["", *_placeholders()])).then(text)


def _trimmed(po: pl.Expr) -> pl.Expr:
    return po.str.replace_all(WHITE_SPACE, " ").str.strip_chars(" ").str.to_uppercase()


@cache
def _placeholders() -> tuple[str, ...]:
    with PLACEHOLDERS.open(encoding="utf-8", newline="") as seed:
        texts = [row["placeholder"] for row in csv.DictReader(seed)]
    return tuple(pl.select(_trimmed(pl.lit(pl.Series(texts)))).to_series())


class PurchaseOrders(RawTable):
    """One row per purchase order that a client has issued, with what it authorises."""

    _key = ("company_id", "purchase_order_number")
    _optional = True
    _rule_files = (PLACEHOLDERS,)

    company_id: Id = field("Client that issued the PO.", required=True)
    purchase_order_number: Text = field("The client's PO, as typed.", required=True, max_length=50)
    authorized_amount: Money = field("Money that the PO authorises.", at_least=0)
    authorized_hours: Hours = field("Hours that the PO authorises.", at_least=0)
    valid_from: Date = date_field("First day of the PO.")
    valid_to: Date = date_field("Last day of the PO.")
    currency: Text = field("Currency of the amount.", max_length=3)
    notes: Text = field("Remarks.")

    @classmethod
    def key_values(cls) -> list[pl.Expr]:
        """Two spellings of one PO are one record."""
        return [pl.col("company_id"), clean_po(pl.col("purchase_order_number"))]

    @pa.check("valid_to", error="not before valid_from")
    def ends_after_start(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A period must not end before it starts; open ends pass."""
        return data.lazyframe.select(pl.col("valid_from") <= pl.col("valid_to"))

    @pa.check("purchase_order_number", error="a PO, not a blank or a placeholder")
    def names_a_po(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """The register lists real POs only."""
        po = pl.col(data.key)
        return data.lazyframe.select(po.is_null() | clean_po(po).is_not_null())


class PoRequiredCompanies(RawTable):
    """One row per company that pays only invoices with a PO, besides those flagged in Autotask."""

    _key = ("company_id",)
    _optional = True

    company_id: Id = field("Company that requires POs.", required=True)
    has_disputed_invoice: Bool = field("Whether an invoice was disputed over a missing PO.")
    notes: Text = field("Remarks.")


class MilestoneConflictWaivers(RawTable):
    """One row per milestone conflict that is intended, and until when."""

    _key = ("milestone_id", "conflict_type")
    _optional = True

    milestone_id: Id = foreign_key("Milestone with the conflict.", required=True)
    conflict_type: Text = field(
        "Kind of conflict.", required=True, one_of=CONFLICT_TYPES, lower_case=True
    )
    reason: Text = field("Why the conflict is intended.", required=True)
    until: Date = date_field("Last day of the waiver; null is for good.")
