"""How Spark would compute the models: nothing that grows with the lines squared, or on one core."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

# A table of a few rows may be sent to every worker; what is larger must be joined by keys.
FEW_BYTES = 8192
# What is ranked over all its rows, of which there are few; they do not grow with the lines.
RANKED_AS_A_WHOLE = {
    "company_po_profile": "companies",
    "int_work_list_blocked_invoices": "blocked invoices, one a client and PO",
    "int_work_list_po_numbers": "PO numbers that look wrong",
    "int_work_list_pos_to_request": "companies and material codes",
    "int_work_list_removals": "deliveries of the last week",
    "milestone_conflicts": "milestones with a conflict",
    "stg_autotask__delivered_pos": "deliveries",
}
EVERY_WITH_EVERY, IN_ONE_PLACE = (
    "compares every row with every other",
    "ranks all rows in one place",
)
# Models that must not be: whether the plans of this Spark are understood.
WRONG = {
    "select * from {lines} as a inner join {lines} as b on a.charge_key > b.charge_key": (
        EVERY_WITH_EVERY
    ),
    "select * from {lines} as a left join {lines} as b on a.charge_key > b.charge_key": (
        EVERY_WITH_EVERY
    ),
    "select row_number() over (order by charge_key) from {lines}": IN_ONE_PLACE,
}


def faults(session: Any, queries: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Say which models compare every row with every other, or rank all rows in one place.

    Args:
        session: the one that the models were built in, so that their tables are known.
        queries: name and SQL of each model.
    """
    session.conf.set("spark.sql.autoBroadcastJoinThreshold", str(FEW_BYTES))
    session.conf.set("spark.sql.shuffle.partitions", "8")
    for wrong, fault in WRONG.items():
        query = wrong.format(lines="marts.fct_charges_po_resolved")
        if fault not in _faults_of(session, query):
            yield f"{query}: its plan is not understood, as it {fault}"
    ranked = set()
    for name, query in queries:
        for fault in _faults_of(session, query):
            if fault == IN_ONE_PLACE and name in RANKED_AS_A_WHOLE:
                ranked.add(name)
            else:
                yield f"{name}: {fault}"
    for name in sorted(RANKED_AS_A_WHOLE.keys() - ranked):
        yield f"{name}: does not rank all rows in one place; it needs no exception"
    session.conf.set("spark.sql.shuffle.partitions", "1")
    session.conf.set("spark.sql.autoBroadcastJoinThreshold", "10MB")


def _faults_of(session: Any, query: str) -> Iterator[str]:
    plan = str(session.sql(f"explain {query}").first()[0])
    # Spark sends a small table to every worker for an inner join, but one of any size for another
    # kind of join with a condition; without one (`true`) it is a table of one row.
    if re.search(r"CartesianProduct|NestedLoopJoin \w+, (?!Inner|Cross)\w+, (?!true\b)", plan):
        yield EVERY_WITH_EVERY
    if re.search(r"Window .*\n[^\w]*(Sort .*\n[^\w]*)?Exchange SinglePartition", plan):
        yield IN_ONE_PLACE
