"""Coverage before and after inheritance."""

import duckdb

from orchestration.reports.charts.drawing import Drawing, drawn, rows_of
from orchestration.reports.words import words_of


def coverage(marts: duckdb.DuckDBPyConnection, _: str, __: int | None) -> list[Drawing]:
    """Coverage of charges before and after inheritance, and of the other objects."""
    rows = rows_of(
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
            "object": words_of(name),
            "pct": shares[name],
            "label": f"{shares[name]:.2f} %",
            "stage": "after inheritance" if name.endswith("_resolved") else "its own PO",
        }
        for name in (*order, "tickets", "tasks")
        if name in shares
    ]
    y = {"field": "object", "type": "nominal", "sort": None, "title": None}
    x = {
        "field": "pct",
        "type": "quantitative",
        "title": "% with a PO",
        "scale": {"domain": [0, 100]},
    }
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
    return drawn(title, "po_coverage_by_object", spec, values, words, **legend)
