"""Can I trust these numbers: what came in, and what does not fit together."""

from orchestration.reports.pages.declaration import (
    Card,
    Column,
    Page,
    Section,
    Table,
    count,
)

TRUST = Page(
    "trust.html",
    "Can I trust these numbers?",
    "What came in, what was quarantined, and what does not fit together.",
    (
        Section(
            "overview",
            "At a glance",
            cards=(
                Card("po_overview", "data_as_of", "Newest extract", "time"),
                Card(
                    "ingest_accounting",
                    "coalesce(sum(delivered), 0)",
                    "Rows delivered",
                    "int",
                ),
                Card("ingest_accounting", "coalesce(sum(loaded), 0)", "Rows loaded", "int"),
                Card(
                    "ingest_accounting",
                    "coalesce(sum(quarantined), 0)",
                    "Rows quarantined",
                    "int",
                    is_alarming=True,
                ),
                Card(
                    "ingest_accounting",
                    "count(*) filter (is_refused)",
                    "Files refused",
                    "int",
                    is_alarming=True,
                ),
                Card("orphan_references", "count(*)", "References to missing records", "int"),
                Card("schema_drift", "count(*)", "Columns gained or lost", "int"),
            ),
        ),
        Section(
            "rows",
            "Rows per table",
            tables=(
                Table(
                    "ingest",
                    "Delivered, loaded, quarantined",
                    "All deliveries so far; each delivered row is loaded, quarantined or a "
                    "duplicate.",
                    ("ingest_accounting",),
                    "(select source, table_name, count(*) as batches, sum(delivered) as "
                    "delivered, sum(loaded) as loaded, sum(quarantined) as quarantined, "
                    "sum(duplicates) as duplicates, max(extracted_at) as extracted_at "
                    "from marts.ingest_accounting where not is_refused group by all)",
                    (
                        Column("source", "Source"),
                        Column("table_name", "Table"),
                        count("batches", "Files"),
                        count("delivered", "Delivered"),
                        count("loaded", "Loaded"),
                        count("quarantined", "Quarantined"),
                        count("duplicates", "Duplicates"),
                        Column("extracted_at", "Newest extract", "time"),
                    ),
                    "source, table_name",
                    "Nothing was delivered.",
                ),
                Table(
                    "tables",
                    "Where loaded rows have gone",
                    "Loaded rows are current, superseded by a later delivery, or deleted at the "
                    "source.",
                    ("table_accounting",),
                    "marts.table_accounting",
                    (
                        Column("source", "Source"),
                        Column("table_name", "Table"),
                        count("loaded", "Loaded"),
                        count("current_rows", "Current"),
                        count("superseded", "Superseded"),
                        count("deleted", "Deleted"),
                    ),
                    "source, table_name",
                    "Nothing was loaded.",
                ),
            ),
        ),
        Section(
            "findings",
            "What does not fit",
            tables=(
                Table(
                    "refused",
                    "Refused files",
                    "Not loaded at all; the table keeps its last good state.",
                    ("ingest_accounting",),
                    "marts.ingest_accounting",
                    (
                        Column("source", "Source"),
                        Column("batch", "File"),
                        count("delivered", "Delivered"),
                        Column("refusal_reason", "Why"),
                    ),
                    "source, batch",
                    "No file was refused.",
                    "is_refused",
                ),
                Table(
                    "quarantined",
                    "Quarantined rows",
                    "Quarantined until they are corrected in Autotask and delivered again.",
                    ("quarantined_rows",),
                    "marts.quarantined_rows",
                    (
                        Column("source", "Source"),
                        Column("batch", "File"),
                        count("row_number", "Row"),
                        Column("column_name", "Column"),
                        Column("rule", "Rule"),
                        Column("offending_value", "Value"),
                    ),
                    "source, batch, row_number, column_name",
                    "No row is quarantined.",
                ),
                Table(
                    "drift",
                    "Columns gained or lost",
                    "New columns are ignored; a missing optional one is empty in the marts.",
                    ("schema_drift",),
                    "marts.schema_drift",
                    (
                        Column("source", "Source"),
                        Column("batch", "File"),
                        Column("column_name", "Column"),
                        Column("drift", "Change", "code"),
                    ),
                    "source, batch, column_name",
                    "All files have the expected columns.",
                ),
                Table(
                    "orphans",
                    "References to records that are not there",
                    "Deleted at the source or left out of the extract. Rows that refer to them are "
                    "kept.",
                    ("orphan_references",),
                    "marts.orphan_references",
                    (
                        Column("child_table", "In table"),
                        Column("child_key", "Record"),
                        Column("parent_table", "Points to"),
                        Column("parent_id", "Id", "id"),
                    ),
                    "child_table, parent_table, parent_id, child_key",
                    "Every reference leads to a record.",
                ),
            ),
        ),
    ),
)
