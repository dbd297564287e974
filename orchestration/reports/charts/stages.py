"""Milestones by stage."""

import duckdb

from orchestration.reports.charts.drawing import MONEY, Drawing, drawn, rows_of
from orchestration.reports.words import STAGES


def stages(marts: duckdb.DuckDBPyConnection, currency: str, _: int | None) -> list[Drawing]:
    """Milestones by status in the order of their stages, what is in conflict marked."""
    rows = rows_of(
        marts,
        """
        select status_name, billing_stage, milestone_count, conflicted_count,
            total_amount::double as total_amount, revenue_at_risk::double as revenue_at_risk
        from marts.milestone_status_breakdown order by stage_rank, status_name limit 12
        """,
    )
    values = [
        {
            "status": f"{STAGES[row['billing_stage']]}: {row['status_name']}"
            if row["status_name"].casefold() != STAGES[row["billing_stage"]].casefold()
            else row["status_name"],
            "total": row["total_amount"],
            "risk": row["revenue_at_risk"],
            "label": f"{row['conflicted_count']:,} of {row['milestone_count']:,} in conflict",
        }
        for row in rows
    ]
    y = {"field": "status", "type": "nominal", "sort": None, "title": None}
    spec = {
        "height": {"step": 40},
        "layer": [
            {
                "mark": "bar",
                "encoding": {
                    "x": {"field": "total", "type": "quantitative", "title": currency, **MONEY},
                    "color": {"datum": "all milestones"},
                },
            },
            {
                "mark": {"type": "bar", "height": 8},
                "encoding": {
                    "x": {"field": "risk", "type": "quantitative"},
                    "color": {"datum": "in conflict"},
                },
            },
            {
                "mark": {
                    "type": "text",
                    "align": "left",
                    "dx": 4,
                    "dy": -11,
                    "color": "var(--on-soft)",
                    "fontSize": 10,
                },
                "encoding": {"x": {"datum": 0, "type": "quantitative"}, "text": {"field": "label"}},
            },
        ],
        "encoding": {
            "y": y,
            "color": {
                "type": "nominal",
                "scale": {
                    "domain": ["all milestones", "in conflict"],
                    "range": ["var(--soft)", "var(--alarm)"],
                },
            },
        },
    }
    words = "; ".join(f"{row['status']}: {row['total']:,.2f}, {row['label']}" for row in values)
    legend = {"soft": "all milestones", "alarm": "in conflict"}
    words = f"{currency}: {words}"
    return drawn("Milestones by stage", "milestone_status_breakdown", spec, values, words, **legend)
