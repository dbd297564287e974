"""Everything that can be wrong with a delivery, in words: what was found and what to do about it.

One list, so that messages read alike and their table (`make messages`) cannot lie.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from orchestration.settings import ROOT
from schemas import RAW_TABLES
from schemas.base import REQUIRED

MESSAGES = ROOT / "orchestration" / "MESSAGES.md"


class Words(NamedTuple):
    """What was found, with the facts of the case in braces, and what to do about it."""

    found: str
    remedy: str


# Refused as a whole: nothing of the file is loaded, and nothing is published until it is mended.
REFUSALS: dict[str, Words] = {
    "unreadable": Words("cannot be opened: {reason}", "let the pipeline's user read it"),
    "outside": Words(
        "leads out of the landing folder, to {target}", "deliver the file itself, not a link"
    ),
    "odd_name": Words("the file name {name} is not UTF-8", "rename the file"),
    "impossible_date": Words(
        "{value!r} in the file name is not a calendar date", "name it like 2026-11-20"
    ),
    "twins": Words(
        "{others} is the whole of {table}, too, and only one file can be",
        "leave the newer one in the landing folder, or move both into {table}/ as deliveries",
    ),
    "two_kinds": Words(
        "the file name says both full and deleted", "rename the file: it can be only one of them"
    ),
    "empty": Words("the file is empty, without even a header", "export it again"),
    "moving": Words(
        "it changed while it was read", "write it under a name that ends in .part, then rename it"
    ),
    "not_utf8": Words(
        "not UTF-8: the byte at position {position} cannot be read", "export it as UTF-8"
    ),
    "broken_gzip": Words("not readable as gzip: {reason}", "export or copy it again"),
    "bomb": Words(
        "unpacks to more than {ratio:,} times its size",
        "no export does that; look where the file comes from, or deliver it unpacked",
    ),
    "no_header": Words("there is no header line", "export it with its header"),
    "long_header": Words(
        "the header is longer than {limit:,} characters or {columns:,} columns",
        "export the columns of the table only",
    ),
    "long_line": Words(
        "the line at position {position:,} is longer than {limit:,} bytes",
        "look for what is missing there, a new line or a quote, and export it again",
    ),
    "missing_column": Words(
        "header: column {column}: {problem}",
        "add the column to the export, or its spelling to the aliases in schemas/",
    ),
    "alike_headers": Words("header: column {column}: {problem}", "export one of them only"),
    "broken_csv": Words("not readable as CSV: {reason}", "export it again"),
    "broken_json": Words("not readable as JSON: {reason}", "export it again"),
    "odd_json": Words(
        "{reason}", "deliver an array of objects, an object with such `items`, or one object a line"
    ),
    "api_errors": Words(
        "{where} is an answer of the API that reports errors instead of rows: {errors}",
        "see to what it says, and export again",
    ),
    "api_page": Words(
        "record {number:,} is a whole page of the API, not a row of the table",
        "deliver each page as a .json file of its own, or the rows of their `items` as one array",
    ),
    "one_page": Words(
        "as a complete snapshot it is incomplete: it is one page of several, by its pageDetails",
        "deliver all pages as one array, or as a file each in the folder of the table, none of "
        "them named full",
    ),
    "broken_parquet": Words("not readable as parquet: {reason}", "export or copy it again"),
    "broken_xlsx": Words("not readable as a workbook: {reason}", "save it again as .xlsx"),
    "odd_workbook": Words(
        "{reason}", "save the values alone as .xlsx, without password, macros and links"
    ),
    "merged_header": Words(
        "the cells {cells} of the header are merged, so that columns lack their name",
        "unmerge them, and name each column",
    ),
    "no_value": Words(
        "column {column}: row {row:,} is a formula that was never computed",
        "open the workbook in Excel and save it, or save its values",
    ),
    "odd_column": Words(
        "column {column}: values of type {type} cannot be read", "export the column as text"
    ),
    "decimal_mark": Words(
        "column {column}: row {row:,} has {value!r}, and {why}",
        "set PSA_DECIMAL_MARK=, if its decimal mark is a comma, PSA_DECIMAL_MARK=. if a point",
    ),
    "date_order": Words(
        "column {column}: row {row:,} has {value!r}, which is no date in the order {order}",
        "set PSA_DATE_ORDER to the order of this file (ymd, mdy or dmy), or export dates as "
        "2026-11-20",
    ),
    "too_many_rejects": Words(
        "{quarantined:,} of {delivered:,} rows break a rule, and only {allowed:,} may; most often: "
        "{rules}",
        "correct the rows at the source and deliver them again, or raise PSA_MAX_QUARANTINE_RATIO",
    ),
    "no_valid_row": Words(
        "none of its {delivered:,} rows is valid; most often: {rules}",
        "correct the rows at the source and deliver them again",
    ),
    "shrinks": Words(
        "as a complete snapshot it would delete {deleted:,} of the table's {current:,} ids",
        "deliver all of the table; if the rows are gone at the source, refresh once with "
        "PSA_ALLOW_SHRINK=1",
    ),
    "deletes": Words(
        "as a list of deleted keys it would delete {deleted:,} of the table's {current:,} ids",
        "if they are gone at the source, refresh once with PSA_ALLOW_SHRINK=1; if not, give the "
        "list up with `make unload BATCH={batch}`",
    ),
    "gone": Words(
        "it was refused and has left the landing folder since ({reason})",
        "deliver it again, or give it up with `make unload BATCH={batch}`",
    ),
    "missing_table": Words(
        "required table missing: no file {name}.* and no folder {name}/ in {folder}",
        "deliver an extract",
    ),
    "unloaded_table": Words(
        "required table without rows: all of its deliveries were taken out with `make unload` "
        "({batches})",
        "deliver another extract; to have one of these back, delete its file in {folder}",
    ),
}

# Set aside: the rest of the file is loaded.
REMEDIES: dict[str, str] = {
    REQUIRED: "fill it in Autotask, or export the column",
    "a whole number": "export the id, not the name",
    "a text or a number": (
        "export the label or the number, not true, an object or a list; in a workbook format the "
        "column as text and enter the number again"
    ),
    "a decimal number": "write it as 1234.50, or as PSA_DECIMAL_MARK says",
    "an ISO date or timestamp": "export as 2026-11-20",
    "an ISO timestamp": "export as 2026-11-20T02:00:00Z",
    "true/false": "export one of these words",
    "a date in": "correct the year",
    "at most": "correct the value at the source",
    "at least": "correct the value at the source",
    "one of": "correct the value, or the export",
    "not before": "correct the period at the source",
    "a PO": "name the PO, or leave the row out",
}


class RefusedFile(ValueError):
    """A file cannot be loaded as a whole; the message says where, why and what to do."""

    def __init__(self, file: str, kind: str, **facts: object) -> None:
        """Say what is wrong with a file.

        Args:
            file: source and batch.
            kind: a key of `REFUSALS`.
            **facts: what its words need.
        """
        self.file, self.kind = file, kind
        self._facts: dict[str, Any] = facts
        self.reason = REFUSALS[kind].found.format(**facts)
        super().__init__(f"{file}: {self.reason}; {REFUSALS[kind].remedy.format(**facts)}.")

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel from one process to another."""
        return partial(RefusedFile, **self._facts), (self.file, self.kind)


def remedy(rule: str) -> str:
    """What to do about a row that breaks a rule."""
    return next(words for start, words in REMEDIES.items() if rule.startswith(start))


def rules() -> Iterator[tuple[str, str, str]]:
    """Every rule that a raw row can break: table, column, rule."""
    for (source, name), table in RAW_TABLES.items():
        for column, rule in table.rules():
            yield f"{source}/{name}", column, rule


def _plain(words: str) -> str:
    """Show where the facts of a case stand."""
    return re.sub(r"\{(\w+)[^}]*\}", r"*\1*", words)


def as_markdown() -> str:
    """The table of all messages."""
    lines = [
        "# Messages",
        "",
        "Written by `make messages`; change the words where the rules are, not here.",
        "",
        "## Files that are refused",
        "",
        "Nothing of the file is loaded and nothing is published until it is mended, replaced or",
        "taken out. The message begins with the file.",
        "",
        "| found | what to do |",
        "|---|---|",
        *(f"| {_plain(words.found)} | {_plain(words.remedy)} |" for words in REFUSALS.values()),
        "",
        "## Quarantined rows",
        "",
        "The rest of the file is loaded. `make quarantine` prints file, row, column, rule, value.",
        "",
        "| table | column | rule | what to do |",
        "|---|---|---|---|",
        *(f"| {table} | {column} | {rule} | {remedy(rule)} |" for table, column, rule in rules()),
    ]
    return "\n".join(lines) + "\n"
