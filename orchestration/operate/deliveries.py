"""What people do about deliveries at the prompt: look at the rejects, take a wrong one out."""

from collections.abc import Iterator

import polars as pl

from orchestration.ingest.raw_store import Content, TableFiles
from orchestration.ingest.rejections import REFUSALS, remedy
from orchestration.ingest.stored import keep
from orchestration.settings import Settings
from schemas import RAW_TABLES, parts_of

ROWS_SHOWN = 50
SHOWN = {
    "batch": "file",
    "row_number": "row",
    "column_name": "column",
    "rule": "rule",
    "offending_value": "value",
}
WIDEST = 44


def _tables(settings: Settings) -> Iterator[TableFiles]:
    return (TableFiles(source, name, settings) for source, name in RAW_TABLES)


def show_quarantine(settings: Settings) -> str:
    """The refused files and the newest rows that were quarantined, with what to do about them."""
    refused: list[Content] = []
    rejects: list[tuple[float, pl.DataFrame]] = []
    for table in _tables(settings):
        for folder in (table.refused, table.quarantine):
            for path, content in table.contents(folder).items():
                if folder == table.refused:
                    refused.append(content)
                rows = pl.read_parquet(path, columns=list(SHOWN))
                file = pl.lit(f"{table.source}/") + pl.col("batch")
                rejects.append((path.stat().st_mtime, rows.with_columns(file.alias("batch"))))
    lines = [
        f"Refused: {content.file}: {content.refusal_reason}\n"
        f"  What to do: {REFUSALS[content.refusal_kind].remedy.format(batch=content.file)}."
        for content in refused
    ]
    rejects.sort(key=lambda found: found[0], reverse=True)
    broken = (
        pl.concat([rows for _, rows in rejects]) if rejects else pl.DataFrame(schema=list(SHOWN))
    )
    if broken.is_empty():
        return "\n".join([*lines, "No row is in quarantine."])
    newest = told = broken.head(ROWS_SHOWN).rename(SHOWN)
    if broken.height > ROWS_SHOWN:
        counted = broken.group_by("batch", "column_name", "rule", maintain_order=True).len("rows")
        counted = counted.sort("rows", descending=True, maintain_order=True)
        told = counted.head(ROWS_SHOWN).rename(SHOWN, strict=False)
        lines += ["", *_as_text(told)]
        if counted.height > ROWS_SHOWN:
            lines.append(f"… and {counted.height - ROWS_SHOWN:,} more")
    lines += ["", *_as_text(newest)]
    if broken.height > ROWS_SHOWN:
        lines.append(
            f"… and {broken.height - ROWS_SHOWN:,} more, in the mart quarantined_rows and in "
            f"{settings.data_dir / 'quarantine'}"
        )
    lines += ["", "Row 1 is the first row of data.", "What to do, and deliver the file again:"]
    rules = pl.concat([told["rule"], newest["rule"]]).unique(maintain_order=True)
    lines += [f"  {rule}: {remedy(rule)}" for rule in rules]
    return "\n".join(lines).lstrip("\n")


def _as_text(rows: pl.DataFrame) -> list[str]:
    cells = [rows.columns] + [
        ["(missing)" if value is None else _on_one_line(str(value)) for value in row]
        for row in rows.iter_rows()
    ]
    widths = [max(len(row[at]) for row in cells) for at in range(rows.width)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def _on_one_line(value: str) -> str:
    """Show a value without anything that a terminal would obey."""
    plain = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in value)
    return plain if len(plain) <= WIDEST else f"{plain[: WIDEST - 1]}…"


def unload(settings: Settings, named: str) -> str:
    """Take the newest content of a batch out.

    Raises:
        LookupError: there is no such batch, or the name is that of several.
        Busy: a refresh is running.
        StoreError: the store cannot be reached.
    """
    # Imported here, because it loads the orchestrator, which only this needs.
    from orchestration.operate.folder_lock import idle

    with idle(settings):
        if settings.data_url:
            from orchestration.publish.in_step import get_in_step

            get_in_step(settings)
        return _unload(settings, named)


def _unload(settings: Settings, named: str) -> str:
    known: dict[str, TableFiles] = {}
    for table in _tables(settings):
        for folder in (table.raw, table.refused):
            known |= {content.file: table for content in table.contents(folder).values()}
    found = [file for file in known if named in (file, file.partition("/")[2])]
    if len(found) != 1:
        near = found or sorted(file for file in known if named.split("/")[0] in file)
        raise LookupError(
            f"BATCH: {named!r} is {'no batch' if not found else 'more than one batch'} here"
            + "".join(f"\n  {file}" for file in near[:20])
        )
    table = known[found[0]]
    content = table.unload(found[0].partition("/")[2])
    if content is None:
        raise LookupError(f"BATCH: {named!r} has gone meanwhile")
    keep(table)
    left = [kept for kept in table.contents().values() if kept.batch == content.batch]
    now = (
        f"Its content of {left[-1].extracted_at} UTC counts again."
        if left
        else "Nothing of it counts any more."
    )
    taken_out = f"{content.file}: taken out ({content.loaded:,} rows, kept in {table.unloaded}). "
    next_step = "`make run` publishes without them."
    if not table.contents():
        now += f" {table.source}/{table.name} is empty now."
        parts = (
            TableFiles(table.source, part, settings) for part in parts_of(table.source, table.name)
        )
        if not (table.table.is_optional() or any(part.contents() for part in parts)):
            next_step = (
                "The table is required: nothing is published until another extract of it is "
                "delivered, or this one is back; for that, delete its file in that folder."
            )
    return f"{taken_out}{now}\nThe same bytes are left out when they come again. {next_step}"
