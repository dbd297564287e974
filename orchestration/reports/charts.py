"""The charts: Vega-Lite drawings of rows of a mart, as SVG that needs neither script nor network.

Colours are variables of the style sheet, so that one drawing serves light, dark and paper. A
table beside each chart holds the same figures.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import vl_convert

from orchestration.reports.pages.words import STAGES, WORDS

WIDTH = 430  # fits a phone nearly unscaled
AGES = {
    "exposed_0_30": "0-30 days",
    "exposed_31_60": "31-60 days",
    "exposed_61_90": "61-90 days",
    "exposed_over_90": "over 90 days",
}
COMPANIES = 10
BURN_DOWNS = 6
_CONFIG = {
    "aria": False,  # the figure is described as a whole; a label for each mark would be noise
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--quiet)",
        "titleColor": "var(--quiet)",
        "titleFontWeight": "normal",
        "labelFontSize": 11,
        "gridColor": "var(--line)",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelLimit": 145,
    },
    "legend": {"disable": True},  # drawn in HTML, where it wraps
}


@dataclass(frozen=True)
class Drawing:
    """A chart on a page.

    Attributes:
        title: what it shows.
        mart: where its figures come from.
        svg: the drawing.
        summary: the same in words, for people who cannot see it.
        note: text below it.
        legend: what each colour of the style sheet means.
    """

    title: str
    mart: str
    svg: str
    summary: str
    note: str = ""
    legend: tuple[tuple[str, str], ...] = ()


Rows = list[dict[str, Any]]


def exposure(marts: duckdb.DuckDBPyConnection, currency: str, _: int | None) -> list[Drawing]:
    """The most exposed companies, their amounts by age."""
    rows = _rows(
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
            "x": {"field": "amount", "type": "quantitative", "title": currency, **_MONEY},
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
    return _drawn(title, "po_exposure", spec, values, f"Exposed {currency}: {words}", **ages)


def gaps(marts: duckdb.DuckDBPyConnection, currency: str, _: int | None) -> list[Drawing]:
    """Exposed money by the reason why there is no PO."""
    rows = _rows(
        marts,
        """
        select po_gap_reason, line_kind, exposed_amount::double as amount
        from marts.po_gap_summary where exposed_amount > 0
        order by exposed_amount desc, po_gap_reason
        """,
    )
    values = [
        {
            "reason": WORDS[row["po_gap_reason"]],
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
            "x": {"field": "amount", "type": "quantitative", "title": currency, **_MONEY},
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
    return _drawn(title, "po_gap_summary", spec, values, f"{currency}: {words}", **legend)


def coverage(marts: duckdb.DuckDBPyConnection, _: str, __: int | None) -> list[Drawing]:
    """Coverage of charges before and after inheritance, and of the other objects."""
    rows = _rows(
        marts,
        """
        select object_name, coverage_pct::double as pct from marts.po_coverage_by_object
        where total_records > 0
        """,
    )
    shares = {row["object_name"]: row["pct"] for row in rows}
    order = ("charges", "charges_resolved", "time_entries_resolved", "contracts", "projects")
    values = [
        {
            "object": WORDS.get(name, name.capitalize()),
            "pct": shares[name],
            "label": f"{shares[name]:.2f} %",
            "stage": "after inheritance" if name.endswith("_resolved") else "its own PO",
        }
        for name in (*order, "tickets", "tasks")
        if name in shares
    ]
    y = {"field": "object", "type": "nominal", "sort": None, "title": None}
    x = {"field": "pct", "type": "quantitative", "title": "% with a PO", "scale": _TO_100}
    spec = {
        "height": {"step": 24},
        "layer": [
            {
                "mark": "bar",
                "encoding": {
                    "color": {
                        "field": "stage",
                        "type": "nominal",
                        "sort": ["its own PO", "after inheritance"],
                        "scale": {"range": ["var(--soft)", "var(--main)"]},
                    }
                },
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 4, "color": "var(--ink)"},
                "encoding": {"text": {"field": "label"}},
            },
        ],
        "encoding": {"y": y, "x": x},
    }
    words = "; ".join(f"{row['object']} {row['label']}" for row in values)
    title = "Coverage before and after inheritance"
    legend = {"soft": "own PO only", "main": "after inheritance"}
    return _drawn(title, "po_coverage_by_object", spec, values, words, **legend)


def burn_down(
    marts: duckdb.DuckDBPyConnection, currency: str, company_id: int | None
) -> list[Drawing]:
    """How the POs furthest over their limit, or nearest to it, are used up month by month."""
    pos = _rows(
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
        activity = _rows(
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
                    "encoding": {"x": month, "y": _amount(currency)},
                },
                {
                    "mark": {"type": "line", "color": "var(--main)", "point": _POINT},
                    "encoding": {"x": month, "y": _amount(currency)},
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
            for drawing in _drawn(
                title, "po_utilization, po_monthly_activity", spec, activity, words
            )
        ]
    return drawings


def stages(marts: duckdb.DuckDBPyConnection, currency: str, _: int | None) -> list[Drawing]:
    """Milestones by status in the order of their stages, what is in conflict marked."""
    rows = _rows(
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
                    "x": {"field": "total", "type": "quantitative", "title": currency, **_MONEY},
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
                "mark": {"type": "text", "align": "left", "dx": 4, "dy": -11, **_LABEL},
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
    return _drawn(
        "Milestones by stage", "milestone_status_breakdown", spec, values, words, **legend
    )


CHARTS: dict[str, Callable[[duckdb.DuckDBPyConnection, str, int | None], list[Drawing]]] = {
    "exposure": exposure,
    "gaps": gaps,
    "coverage": coverage,
    "burn_down": burn_down,
    "stages": stages,
}

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MONEY = {"axis": {"format": "~s", "tickCount": 4}}
_TO_100 = {"domain": [0, 100]}
_LABEL = {"color": "var(--on-soft)", "fontSize": 10}
_POINT = {"color": "var(--main)", "size": 14}


def _amount(currency: str) -> dict[str, Any]:
    return {"field": "amount", "type": "quantitative", "title": currency, **_MONEY}


def _rows(marts: duckdb.DuckDBPyConnection, query: str, arguments: list[Any] | None = None) -> Rows:
    found = marts.execute(query, arguments or [])
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _drawable(value: Any) -> Any:
    """A drawing without characters that XML cannot hold; one of them would end the process."""
    if isinstance(value, dict):
        return {name: _drawable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_drawable(one) for one in value]
    return _NOT_IN_XML.sub("\ufffd", value) if isinstance(value, str) else value


def _drawn(
    title: str, mart: str, spec: dict[str, Any], values: Rows, summary: str, **colors: str
) -> list[Drawing]:
    """Draw a chart, or none when it has nothing to show."""
    if not values:
        return []
    whole = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": WIDTH,
        "padding": {"left": 18, "right": 14, "top": 5, "bottom": 5},
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": _CONFIG,
        "data": {"values": values},
    }
    svg: str = vl_convert.vegalite_to_svg(_drawable(whole | spec))
    legend = tuple((label, color.replace("_", "-")) for color, label in colors.items())
    return [Drawing(title, mart, svg, summary, legend=legend)]
