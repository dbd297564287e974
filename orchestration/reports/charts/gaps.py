"""Exposed money by the reason why there is no PO."""

import duckdb

from orchestration.reports.charts.drawing import MONEY, Drawing, drawn, rows_of
from orchestration.reports.words import words_of


def gaps(marts: duckdb.DuckDBPyConnection, currency: str, _: int | None) -> list[Drawing]:
    """Exposed money by the reason why there is no PO."""
    rows = rows_of(
        marts,
        """
        select po_gap_reason, line_kind, exposed_amount::double as amount
        from marts.po_gap_summary where exposed_amount > 0
        order by exposed_amount desc, po_gap_reason
        """,
    )
    values = [
        {
            "reason": words_of(row["po_gap_reason"]),
            "lines": {"charge": "Charges", "time_entry": "Labour"}[row["line_kind"]],
            "amount": row["amount"],
        }
        for row in rows
    ]
    spec = {
        "height": {"step": 26},
        "mark": "bar",
        "encoding": {
            "y": {"field": "reason", "type": "nominal", "sort": None, "title": None},
            "x": {"field": "amount", "type": "quantitative", "title": currency, **MONEY},
            "color": {
                "field": "lines",
                "type": "nominal",
                "sort": ["Charges", "Labour"],
                "scale": {"range": ["var(--main)", "var(--soft)"]},
            },
        },
    }
    words = "; ".join(f"{row['reason']}, {row['lines']}: {row['amount']:,.2f}" for row in values)
    title = "Exposed money by the reason why there is no PO"
    legend = {"main": "Charges", "soft": "Labour"}
    return drawn(title, "po_gap_summary", spec, values, f"{currency}: {words}", **legend)
