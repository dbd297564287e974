"""Exposed money by company and age."""

import duckdb

from orchestration.reports.charts.drawing import MONEY, Drawing, drawn, rows_of

AGES = {
    "exposed_0_30": "0-30 days",
    "exposed_31_60": "31-60 days",
    "exposed_61_90": "61-90 days",
    "exposed_over_90": "over 90 days",
}
COMPANIES = 10


def exposure(marts: duckdb.DuckDBPyConnection, currency: str, _: int | None) -> list[Drawing]:
    """The most exposed companies, their amounts by age."""
    rows = rows_of(
        marts,
        f"""
        select coalesce(company_name, 'Unknown company') || ' (' || coalesce(company_id, -1) || ')'
                as company_key, coalesce(company_name, 'Unknown company') as company,
            {", ".join(f"sum({column})::double as {column}" for column in AGES)},
            sum(total_billable_exposed)::double as total
        from marts.po_exposure
        group by all having total > 0
        order by total desc, company_key limit {COMPANIES}
        """,  # noqa: S608 - names from this module
    )
    values = [
        {"key": row["company_key"], "age": label, "rank": rank, "amount": row[column]}
        for row in rows
        for rank, (column, label) in enumerate(AGES.items())
    ]
    spec = {
        "height": {"step": 24},
        "mark": "bar",
        "encoding": {
            "y": {
                "field": "key",
                "type": "nominal",
                "sort": None,
                "title": None,
                "axis": {"labelExpr": "replace(datum.label, / \\(-?\\d+\\)$/, '')"},
            },
            "x": {"field": "amount", "type": "quantitative", "title": currency, **MONEY},
            "order": {"field": "rank"},
            "color": {
                "field": "age",
                "type": "nominal",
                "sort": list(AGES.values()),
                "scale": {"range": [f"var(--age-{step})" for step in (1, 2, 3, 4)]},
            },
        },
    }
    words = "; ".join(f"{row['company']} {row['total']:,.2f}" for row in rows)
    title = f"Exposed charges by company and age (the {COMPANIES} largest)"
    ages = {f"age_{step}": label for step, label in enumerate(AGES.values(), start=1)}
    return drawn(title, "po_exposure", spec, values, f"Exposed {currency}: {words}", **ages)
