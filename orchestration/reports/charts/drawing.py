"""How a chart is drawn: Vega-Lite as SVG, which needs neither script nor network.

Colours are variables of the style sheet, so that one drawing serves light, dark and paper. A
table beside each chart holds the same figures.
"""

import re
from dataclasses import dataclass
from typing import Any

import duckdb
import vl_convert
from markupsafe import Markup

WIDTH = 430  # fits a phone nearly unscaled
MONEY = {"axis": {"format": "~s", "tickCount": 4}}
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
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
        "labelLimit": 180,
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
    svg: Markup
    summary: str
    note: str = ""
    legend: tuple[tuple[str, str], ...] = ()


Rows = list[dict[str, Any]]


def amount(currency: str) -> dict[str, Any]:
    """The axis of money."""
    return {"field": "amount", "type": "quantitative", "title": currency, **MONEY}


def rows_of(
    marts: duckdb.DuckDBPyConnection, query: str, arguments: list[Any] | None = None
) -> Rows:
    """Ask the marts."""
    found = marts.execute(query, arguments)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def drawn(
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
    svg = Markup(vl_convert.vegalite_to_svg(_drawable(whole | spec)))  # noqa: S704 - Vega escapes the texts in it
    legend = tuple((label, color.replace("_", "-")) for color, label in colors.items())
    return [Drawing(title, mart, svg, summary, legend=legend)]


def _drawable(value: Any) -> Any:
    """A drawing without characters that XML cannot hold; one of them would end the process."""
    if isinstance(value, dict):
        return {name: _drawable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_drawable(one) for one in value]
    return _NOT_IN_XML.sub("\ufffd", value) if isinstance(value, str) else value
