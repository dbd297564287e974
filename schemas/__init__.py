"""The contract of every raw table; what a raw row must be is said here and nowhere else."""

import os
import sys

# With its first validation pandera imports hypothesis, if that is installed, which imports pytest
# and trio for the sake of their plugins: twice the time of validating 100,000 rows.
os.environ.setdefault("HYPOTHESIS_NO_PLUGINS", "1")

# Where Spark is installed, pandera imports it, for half a second a start, and sets an address
# of its driver by which no worker of a cluster would find it.
_told = "SPARK_LOCAL_IP" in os.environ
_spark = sys.modules.get("pyspark")
sys.modules["pyspark"] = None  # type: ignore[assignment]

from schemas import autotask, reference  # noqa: E402 - after what pandera must not find
from schemas.base import RawTable  # noqa: E402

del sys.modules["pyspark"]
if _spark:
    sys.modules["pyspark"] = _spark
if not _told:
    os.environ.pop("SPARK_LOCAL_IP", None)

__all__ = ["RAW_TABLES", "RawTable", "parts_of"]

# The one list of raw tables: assets, dbt sources and checks follow from it.
RAW_TABLES: dict[tuple[str, str], type[RawTable]] = {
    (module.__name__.rpartition(".")[2], table.table_name()): table
    for module, tables in (
        (
            autotask,
            (
                autotask.Companies,
                autotask.Contracts,
                autotask.Projects,
                autotask.Tasks,
                autotask.Charges,
                autotask.ContractCharges,
                autotask.ProjectCharges,
                autotask.TicketCharges,
                autotask.ChangeOrderCharges,
                autotask.TimeEntries,
                autotask.ContractMilestones,
                autotask.Tickets,
                autotask.BillingItems,
                autotask.Invoices,
                autotask.BillingCodes,
                autotask.PicklistValues,
            ),
        ),
        (
            reference,
            (
                reference.PurchaseOrders,
                reference.PoRequiredCompanies,
                reference.MilestoneConflictWaivers,
            ),
        ),
    )
    for table in tables
}


def parts_of(source: str, name: str) -> list[str]:
    """The tables that hold one kind each of a table's records (RAW-10)."""
    return [
        part
        for (owner, part), table in RAW_TABLES.items()
        if owner == source and (table.part_of() or ("",))[0] == name
    ]
