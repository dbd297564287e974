"""The cards of the pages say what the metrics of the same meaning say."""

from orchestration.reports.declaration import read_pages
from orchestration.reports.marts import readable_marts
from tests.serve.figures import SAME, Marts, total

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
    ("posted_po_agreement", "coalesce(sum(posted_lines), 0)"): "posted_lines",
}
# What no metric says: where the data is from, the charges behind one kind of conflict, and money of
# what was posted.
OTHER_CARDS = {
    ("po_overview", "data_as_of"),
    ("milestone_conflict_summary", "charges_conflicts"),
    ("posted_po_agreement", "coalesce(sum(agreeing_lines), 0)"),
    ("posted_po_agreement", "coalesce(sum(amount), 0)"),
}
OTHER_MARTS = {
    *("posted_po_check", "po_number_review"),  # lists, without metrics
    *("ingest_accounting", "table_accounting", "quarantined_rows", "orphan_references"),
    "schema_drift",
}


def test_the_cards_of_the_pages_equal_the_metrics(sample_marts: Marts) -> None:
    """MET-1: of the same meaning; that of a single company by the company."""
    seen = 0
    for page in read_pages(readable_marts(sample_marts.connection)):
        for facts in [facts for section in page.sections for facts in section.facts]:
            if page.record or facts.mart in OTHER_MARTS:
                continue  # of one record, whose mart is compared above, row by row
            for card in [column for column in facts.columns if not column.hidden]:
                if (facts.mart, card.figure) in OTHER_CARDS:
                    continue
                assert (facts.mart, card.figure) in CARDS, f"{card.label}: which metric is it?"
                query = f"select {card.figure} from marts.{facts.mart}"  # noqa: S608 - a card's
                [(figure,)] = sample_marts.connection.execute(query).fetchall()
                assert figure == total(sample_marts, CARDS[facts.mart, card.figure]), card.label
                seen += 1
    assert seen
