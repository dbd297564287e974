"""What a page can declare, and what its file is told when it cannot be."""

import re
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.reports.declaration import PAGES, PageError, kind_of, read_pages
from orchestration.reports.marts import readable_marts
from orchestration.reports.words import label_of
from tests.reports.conftest import changed

GOOD = """
file: x.html
title: X
lead: Of x.
sections:
  - name: a
    title: A
    facts: [{mart: po_overview, columns: [exposed_amount]}]
    tables:
      - {name: t, mart: po_exposure, title: T, lead: L, order: company_id, columns: [company_id]}
"""
BAD = {
    "title: X": ("titel: X", "x.yml: titel: Extra inputs are not permitted"),
    "po_overview": (
        "po_overviews", "x.yml: sections.0.facts.0: Value error, there is no mart po_overviews"),
    "[exposed_amount]": (
        "[exposed]", "x.yml: sections.0.facts.0: Value error, po_overview has no column exposed"),
    "[company_id]": (
        "[{company_id: {kind: euros}}]", "x.yml: sections.0.tables.0.columns.0.kind: Input should"),
    "order: company_id": ("sort: company_id", "x.yml: sections.0.tables.0.sort: Extra inputs"),
    "sections:": ("section:", "x.yml: section: Extra inputs"),
    "      - {name": ("      - nothing\n      - {name", "x.yml: no page declares a table nothing."),
    "lead: Of x.": ("lead: [", "x.yml: while parsing"),
}  # fmt: skip


@pytest.mark.parametrize("good", BAD)
def test_a_declaration_that_cannot_be_fails_with_file_and_place(
    generation: Path, tmp_path: Path, good: str
) -> None:
    bad, message = BAD[good]
    assert GOOD.count(good) == 1
    (tmp_path / "x.yml").write_text(GOOD.replace(good, bad))
    with duckdb.connect(generation / "psa_marts.duckdb", read_only=True) as marts:
        there = readable_marts(marts)
    with pytest.raises(PageError, match=re.escape(message)):
        read_pages(there, tmp_path)
    (tmp_path / "x.yml").write_text(GOOD)
    assert read_pages(there, tmp_path)[0].sections[0].tables[0].columns[0].role == "company"


def test_sql_that_cannot_be_read_names_its_table(generation: Path, tmp_path: Path) -> None:
    with pytest.raises(PageError, match="declares of exposure cannot be read: Binder Error"):
        changed(
            generation,
            tmp_path / "x",
            "create or replace table marts.po_exposure as select * replace ('many' as "
            "uninvoiced_lines_no_po) from marts.po_exposure",
        )


def test_looks_and_labels_follow_from_names_and_types() -> None:
    for name, sql_type, kind, label in (
        ("billable_amount", "DECIMAL(18,4)", "money", "Billable"),
        ("coverage_pct", "DECIMAL(18,2)", "pct", "Coverage %"),
        ("total_hours_worked", "DECIMAL(38,4)", "hours", "Hours worked"),
        ("milestone_count", "BIGINT", "int", "Milestones"),
        ("company_id", "BIGINT", "id", "Company"),
        ("date_purchased", "DATE", "date", "Purchased"),
        ("extracted_at", "TIMESTAMP", "time", "Extracted"),
        ("is_invoiced", "BOOLEAN", "flag", "Invoiced"),
        ("po_gap_reason", "VARCHAR", "code", "PO gap reason"),
        ("po_number", "VARCHAR", "text", "PO"),
        ("labor_amount", "DECIMAL(18,4)", "money", "Labour"),
    ):
        assert (kind_of(name, sql_type), label_of(name)) == (kind, label), name


def test_every_table_is_declared_once_and_no_label_repeats_what_follows_from_the_name() -> None:
    names = []
    for file in PAGES.glob("*.yml"):
        for section in yaml.safe_load(file.read_text("utf-8"))["sections"]:
            tables = [table for table in section.get("tables", ()) if isinstance(table, dict)]
            names += [table["name"] for table in tables]
            for part in (*tables, *section.get("facts", ())):
                for column in part["columns"]:
                    if isinstance(column, dict):
                        [(name, told)] = column.items()
                        label = told if isinstance(told, str) else told.get("label")
                        assert label != label_of(name), (file.name, column)
    assert sorted(names) == sorted(set(names))
