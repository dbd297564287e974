"""The figures that every way of computing them must agree on, to the cent."""

from decimal import Decimal
from pathlib import Path

import duckdb

CHARGES, ENTRIES = "marts.fct_charges_po_resolved", "marts.fct_time_entries_po_resolved"


def figures_of(database: Path) -> dict[str, str]:
    """The figures of a database of marts, published ones or those of the floor."""
    with duckdb.connect(database, read_only=True) as marts:
        marts.execute("set enable_progress_bar = false")  # on, where no main file is known
        whole = marts.sql(
            f"""
            select
                count(*) as charges,
                count(*) filter (where has_po) as charges_with_po,
                sum(billable_amount) filter (where has_po) as amount_with_po,
                sum(billable_amount) filter (where not has_po) as amount_without_po,
                sum(billable_amount) filter (where is_exposed) as exposed_amount,
                count(distinct purchase_order_key) as purchase_orders,
                (select count(*) from {ENTRIES}) as time_entries,
                (
                    select sum(hours_worked) filter (where has_po and not is_internal)
                    from {ENTRIES}
                ) as hours_with_po
            from {CHARGES}
            """  # noqa: S608 - names of our own
        )
        found = dict(zip(whole.columns, whole.fetchall()[0], strict=True))
        for source, count, amount in marts.sql(
            f"select po_source, count(*), sum(billable_amount) from {CHARGES} group by po_source"  # noqa: S608
        ).fetchall():
            found |= {f"charges_by_{source}": count, f"amount_by_{source}": amount}
        for source, hours in marts.sql(
            f"select po_source, sum(hours_worked) from {ENTRIES} group by po_source"  # noqa: S608
        ).fetchall():
            found[f"hours_by_{source}"] = hours
    return {name: str(figure or 0) for name, figure in found.items()}


def differences(found: dict[str, dict[str, str]]) -> list[str]:
    """One sentence a figure on which not all agree; `found` has the figures of each way."""
    names = dict.fromkeys(name for figures in found.values() for name in figures)
    return [
        f"{name}: " + ", ".join(f"{way} {figures.get(name)}" for way, figures in found.items())
        for name in names
        if len({Decimal(figures.get(name, "NaN")) for figures in found.values()}) > 1
    ]
