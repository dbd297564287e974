"""How Spark would compute the models: nothing that grows with the lines squared, or on one core."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

# A table of a few rows may be sent to every worker; what is larger must be joined by keys.
FEW_BYTES = 8192
# Ranked over all rows, of which there are few: batches, clients, what people work through.
RANKED_AS_A_WHOLE = {
    "company_po_profile",
    "int_work_list_blocked_invoices",
    "int_work_list_exposed_lines",  # the lines of companies that require a PO and have none
    "int_work_list_po_numbers",
    "int_work_list_pos_to_request",
    "int_work_list_removals",
    "milestone_conflicts",
    "stg_autotask__delivered_pos",
}


def faults(session: Any, queries: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Say which models compare every row with every other, or rank all rows in one place.

    Args:
        session: the one that the models were built in, so that their tables are known.
        queries: name and SQL of each model.
    """
    session.conf.set("spark.sql.autoBroadcastJoinThreshold", str(FEW_BYTES))
    session.conf.set("spark.sql.shuffle.partitions", "8")
    for name, query in queries:
        plan = str(session.sql(f"explain {query}").first()[0])
        if "CartesianProduct" in plan:
            yield f"{name}: compares every row with every other"
        one_place = re.search(r"Window .*\n[^\w]*(Sort .*\n[^\w]*)?Exchange SinglePartition", plan)
        if one_place and name not in RANKED_AS_A_WHOLE:
            yield f"{name}: ranks all rows in one place"
    session.conf.set("spark.sql.shuffle.partitions", "1")
    session.conf.set("spark.sql.autoBroadcastJoinThreshold", "10MB")
