"""The reference tables that the users keep themselves (RAW-1), all optional, one class a table."""

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
    company_key,
    date_field,
    field,
    foreign_key,
)
from schemas.po_texts import PLACEHOLDERS, SEEDS, clean_po, first_column

CONFLICT_RESOLUTIONS = SEEDS / "conflict_resolutions.csv"
# The seed is the one list of conflict types, and is read once: rules stand as long as their class.
CONFLICT_TYPES = first_column(CONFLICT_RESOLUTIONS)


class PurchaseOrders(RawTable):
    """One row per purchase order that a client has issued, with what it authorises."""

    _key = ("company_id", "purchase_order_number")
    _optional = True
    _rule_files = (PLACEHOLDERS,)

    company_id: Id = company_key("Client that issued the PO.", required=True)
    purchase_order_number: Text = field("The client's PO, as typed.", required=True, max_length=50)
    authorized_amount: Money = field("Money that the PO authorises.", at_least=0)
    authorized_hours: Hours = field("Hours that the PO authorises.", at_least=0)
    valid_from: Date = date_field("First day of the PO.")
    valid_to: Date = date_field("Last day of the PO.")
    currency: Text = field("Currency of the amount.", max_length=3)
    notes: Text = field("Remarks.")

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

    company_id: Id = company_key("Company that requires POs.", required=True)
    has_disputed_invoice: Bool = field("Whether an invoice was disputed over a missing PO.")
    notes: Text = field("Remarks.")


class MilestoneConflictWaivers(RawTable):
    """One row per milestone conflict that is intended, and until when."""

    _key = ("milestone_id", "conflict_type")
    _optional = True
    _rule_files = (CONFLICT_RESOLUTIONS,)

    milestone_id: Id = foreign_key(
        "Milestone with the conflict.", to="contract_milestones", required=True
    )
    conflict_type: Text = field(
        "Kind of conflict.", required=True, one_of=CONFLICT_TYPES, lower_case=True
    )
    reason: Text = field("Why the conflict is intended.", required=True)
    until: Date = date_field("Last day of the waiver; null is for good.")
