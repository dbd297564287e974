"""How POs are used up."""

from dataclasses import replace

import duckdb

from orchestration.reports.charts.drawing import Drawing, amount, drawn, rows_of

BURN_DOWNS = 6


def burn_down(
    marts: duckdb.DuckDBPyConnection, currency: str, company_id: int | None
) -> list[Drawing]:
    """How the POs furthest over their limit, or nearest to it, are used up month by month."""
    pos = rows_of(
        marts,
        f"""
        select purchase_order_key, po_number, company_name, consumed_pct, utilization_status,
            authorized_amount::double as limit_amount
        from marts.po_utilization
        where authorized_amount > 0 and consumed_amount > 0 and company_name is not null
            and ({company_id is None} or company_id = ?)
        order by utilization_status not in ('over_budget', 'near_limit'),
            row_number() over (
                partition by utilization_status order by consumed_pct desc, purchase_order_key
            ), utilization_status desc
        limit {BURN_DOWNS}
        """,  # noqa: S608 - a truth and a number of this module
        [company_id or 0],
    )
    drawings = []
    for po in pos:
        activity = rows_of(
            marts,
            """
            select activity_month::varchar as month, cumulative_amount::double as amount,
                year(activity_month) * 12 + month(activity_month) as month_number
            from marts.po_monthly_activity where purchase_order_key = ? order by activity_month
            """,
            [po["purchase_order_key"]],
        )
        months = activity[-1]["month_number"] - activity[0]["month_number"] if activity else 0
        month = {
            "field": "month",
            "type": "temporal",
            "title": None,
            "axis": {
                "format": "%b %y",
                "grid": False,
                "tickCount": {"interval": "month", "step": months // 4 + 1},
            },
        }
        spec = {
            "height": 150,
            "layer": [
                {
                    "mark": {"type": "area", "color": "var(--soft)", "opacity": 0.35},
                    "encoding": {"x": month, "y": amount(currency)},
                },
                {
                    "mark": {
                        "type": "line",
                        "color": "var(--main)",
                        "point": {"color": "var(--main)", "size": 14},
                    },
                    "encoding": {"x": month, "y": amount(currency)},
                },
                {
                    "data": {"values": [{"limit": po["limit_amount"]}]},
                    "mark": {"type": "rule", "color": "var(--alarm)", "strokeDash": [5, 3]},
                    "encoding": {"y": {"field": "limit", "type": "quantitative"}},
                },
            ],
        }
        title = f"{po['po_number']} · {po['company_name']}: {po['consumed_pct']:,} % used"
        words = (
            f"{po['utilization_status'].replace('_', ' ').capitalize()}. "
            f"Authorised {currency} {po['limit_amount']:,.2f} (dashed)."
        )
        drawings += [
            replace(drawing, note=words)
            for drawing in drawn(
                title, "po_utilization, po_monthly_activity", spec, activity, words
            )
        ]
    return drawings
