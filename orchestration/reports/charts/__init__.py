"""The charts that a page can name, one file each."""

from collections.abc import Callable, Iterable

import duckdb

from orchestration.reports.charts.burn_down import burn_down
from orchestration.reports.charts.coverage import coverage
from orchestration.reports.charts.drawing import Drawing
from orchestration.reports.charts.exposure import exposure
from orchestration.reports.charts.gaps import gaps
from orchestration.reports.charts.stages import stages

CHARTS: dict[str, Callable[[duckdb.DuckDBPyConnection, str, int | None], list[Drawing]]] = {
    "burn_down": burn_down,
    "coverage": coverage,
    "exposure": exposure,
    "gaps": gaps,
    "stages": stages,
}

__all__ = ["CHARTS", "Drawing", "drawings"]


def drawings(
    names: Iterable[str],
    marts: duckdb.DuckDBPyConnection,
    currency: str,
    company_id: int | None = None,
) -> list[Drawing]:
    """Draw charts: over everything, or of one company."""
    return [drawing for name in names for drawing in CHARTS[name](marts, currency, company_id)]
