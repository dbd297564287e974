"""The cards of the pages say what the metrics of the same meaning say."""

import importlib
from collections.abc import Iterator
from typing import Any

import yaml

from orchestration.settings import ROOT
from tests.serve.figures import SAME, Marts, total

PAGES = ROOT / "orchestration" / "reports" / "pages"
# Marts whose figures on a page are of all clients; those by client are compared in `figures`.
OF_ALL = {"po_overview", "milestone_conflict_summary", "invoice_preview"}
# (mart, figure) of a card -> the metric of the same meaning.
CARDS = {
    **{
        (mart, column.strip()): name
        for mart, _, columns in SAME
        for column, name in columns.items()
    },
    ("invoice_preview", "coalesce(sum(total_amount) filter (is_blocked), 0)"): "blocked_amount",
    ("invoice_preview", "count(*) filter (is_blocked)"): "blocked_invoices",
    ("invoice_preview", "coalesce(sum(total_amount), 0)"): "proposed_amount",
    ("invoice_preview", "count(*)"): "proposed_invoices",
    ("invoice_preview", "coalesce(sum(charge_lines_to_update), 0)"): "charge_lines_to_update",
}
# What no metric says: where the data is from, and the charges behind one kind of conflict.
OTHERS = {("po_overview", "data_as_of"), ("milestone_conflict_summary", "charges_conflicts")}


def declared() -> Iterator[tuple[str, str]]:
    """Mart and figure of every card, whether pages are declared in YAML or in Python."""
    for path in sorted(PAGES.glob("*.yml")):
        page = yaml.safe_load(path.read_text(encoding="utf-8"))
        if "nav" not in page:
            continue  # of one record
        for section in page["sections"]:
            for fact in section.get("facts", ()):
                for column in fact["columns"]:
                    [(name, told)] = column.items() if isinstance(column, dict) else [(column, {})]
                    yield fact["mart"], figure(name, told if isinstance(told, dict) else {})
    if not list(PAGES.glob("*.yml")):
        for page in importlib.import_module("orchestration.reports.pages").PAGES:
            for section in page.sections:
                yield from ((card.mart, card.figure) for card in section.cards)


def figure(name: str, told: dict[str, Any]) -> str:
    """The SQL of a figure."""
    only = f" filter ({told['where']})" if "where" in told else ""
    if told.get("count"):
        return f"count(*){only}"
    return f"coalesce(sum({name}){only}, 0)" if told.get("sum") else name


def test_the_cards_of_the_pages_equal_the_metrics(sample_marts: Marts) -> None:
    """MET-1: each figure of all clients has a metric, and equals it."""
    cards = {card for card in declared() if card[0] in OF_ALL} - OTHERS
    assert len(cards) > 15
    for mart, column in cards:
        assert (mart, column) in CARDS, f"{mart}: {column}: which metric is it?"
        query = f"select {column} from marts.{mart}"  # noqa: S608 - a card's
        [(told,)] = sample_marts.connection.execute(query).fetchall()
        assert told == total(sample_marts, CARDS[mart, column]), (mart, column)
