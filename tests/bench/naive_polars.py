"""PO resolution as a user of polars would write it: `python -m tests.bench.naive_polars LANDING`.

Parquet in, the sums out. What it does and what it leaves out is as in `naive_pandas`.
"""

import json
import sys
from datetime import date
from pathlib import Path

import polars as pl

SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds"
FIRST, LAST = date(1900, 1, 1), date(2200, 1, 1)
LEVELS = ("task", "ticket", "project", "contract")


def main(landing: Path) -> None:
    """Print the figures as JSON."""
    companies = scan(landing, "companies").select(
        company_id="id", parent_id=pl.col("parent_company_id").replace(0, None)
    )
    tasks = scan(landing, "tasks").select(
        task_id="Task ID", project_id=some("Project ID"), po=clean("Purchase Order Number")
    )
    tickets = scan(landing, "tickets").select(
        ticket_id="id",
        company_id="companyID",
        project_id=some("projectID"),
        contract_id=some("contractID"),
        po=clean("purchaseOrderNumber"),
    )
    projects = scan(landing, "projects").select(
        "extracted_at",
        project_id="id",
        company_id="companyID",
        contract_id=some("contractID"),
        po=clean("purchaseOrderNumber"),
        start_date=FIRST,
        end_date=LAST,
        modified_at=pl.col("lastActivityDateTime").dt.replace_time_zone(None),
    )
    contracts = scan(landing, "contracts").select(
        "extracted_at",
        "company_id",
        contract_id="id",
        po=clean("purchase_order_number"),
        start_date=pl.col("start_date").fill_null(FIRST),
        end_date=pl.col("end_date").fill_null(LAST),
        modified_at=pl.col("last_modified_at").dt.replace_time_zone(None),
    )
    spans = {
        "project": po_spans(projects, "project_id"),
        "contract": po_spans(contracts, "contract_id"),
    }
    is_newest = pl.col("extracted_at") == pl.col("extracted_at").max()
    projects, contracts = projects.filter(is_newest), contracts.filter(is_newest)
    tasks = tasks.join(projects.select("project_id", "company_id"), on="project_id", how="left")
    parents = {"task": tasks, "ticket": tickets, "project": projects, "contract": contracts}

    statuses = pl.read_csv(SEEDS / "charge_statuses.csv").filter("is_cancelled")["status_name"]
    charges = resolve(
        scan(landing, "charges").select(
            "company_id",
            contract_id=some("contract_id"),
            project_id=some("project_id"),
            task_id=some("task_id"),
            ticket_id=some("ticket_id"),
            charge_po=clean("purchase_order_number"),
            amount="billable_amount",
            may_be_billed=pl.col("is_billable_to_company").fill_null(True)
            & pl.col("invoice_number").fill_null("").str.strip_chars().is_in(["", "0"])
            & ~pl.col("status_name")
            .fill_null("")
            .str.strip_chars()
            .str.to_uppercase()
            .is_in(statuses.str.to_uppercase().implode()),
            day="date_purchased",
        ),
        parents,
        spans,
        companies,
    ).collect(engine="streaming")
    has_po = pl.col("po").is_not_null()
    is_exposed = ~has_po & pl.col("may_be_billed") & pl.col("company_id").ne_missing(0)
    figures = charges.select(
        charges=pl.len(),
        charges_with_po=has_po.sum(),
        amount_with_po=pl.col("amount").filter(has_po).sum(),
        amount_without_po=pl.col("amount").filter(~has_po).sum(),
        exposed_amount=pl.col("amount").filter(is_exposed).sum(),
        purchase_orders=pl.struct("po_company_id", "po").filter(has_po).n_unique(),
    ).row(0, named=True)
    by_source = charges.group_by("po_source").agg(pl.len(), pl.col("amount").sum())
    for source, count, amount in by_source.iter_rows():
        figures |= {f"charges_by_{source}": count, f"amount_by_{source}": amount}
    del charges

    entries = resolve(
        scan(landing, "time_entries").select(
            contract_id=some("contract_id"),
            task_id=some("task_id"),
            ticket_id=some("ticket_id"),
            company_id=pl.lit(None, pl.Int64),
            project_id=pl.lit(None, pl.Int64),
            charge_po=pl.lit(None, pl.String),
            hours="hours_worked",
            day="date_worked",
        ),
        parents,
        spans,
        companies,
    ).collect(engine="streaming")
    is_internal = (pl.col("company_id") == 0).fill_null(False) | pl.all_horizontal(
        pl.col("task_id", "ticket_id", "contract_id").is_null()
    )
    figures |= entries.select(
        time_entries=pl.len(), hours_with_po=pl.col("hours").filter(has_po & ~is_internal).sum()
    ).row(0, named=True)
    for source, hours in entries.group_by("po_source").agg(pl.col("hours").sum()).iter_rows():
        figures[f"hours_by_{source}"] = hours
    print(json.dumps({name: str(figure) for name, figure in figures.items()}))


def scan(landing: Path, table: str) -> pl.LazyFrame:
    """All files of a table, with the day on which each was extracted."""
    files = pl.scan_parquet(landing / "autotask" / table / "*.parquet", include_file_paths="file")
    day = pl.col("file").str.extract(r"(\d{4}-\d{2}-\d{2})[^/]*$").str.to_datetime("%Y-%m-%d")
    return files.with_columns(extracted_at=day)


def some(column: str) -> pl.Expr:
    """An id; 0 is none."""
    return pl.col(column).replace(0, None)


def clean(column: str) -> pl.Expr:
    """The PO as the client writes it; placeholders are none."""
    placeholders = pl.read_csv(SEEDS / "po_placeholders.csv", infer_schema=False)
    tidy = pl.col(column).str.replace_all("[\\s\u200b]+", " ").str.strip_chars().str.to_uppercase()
    nothing = ["", *placeholders["placeholder"].str.to_uppercase()]
    return pl.when(~tidy.is_in(nothing)).then(tidy)


def po_spans(delivered: pl.LazyFrame, key: str) -> pl.LazyFrame:
    """The PO of each parent from one day on, by its history and the dates of its contract."""
    newest = delivered.filter(pl.col("extracted_at") == pl.col("extracted_at").max())
    batches = delivered.select(pl.col("extracted_at").unique().sort()).with_columns(
        previous=pl.col("extracted_at").shift()
    )
    changes = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(name).shift().over(key))
        for name in ("po", "start_date", "end_date")
    )
    is_first = pl.int_range(pl.len()).over(key) == 0
    is_told = pl.col("modified_at").is_between("previous", "extracted_at", closed="right")
    versions = (
        delivered.join(newest, on=key, how="semi")  # the others are deleted
        .join(batches, on="extracted_at")
        .sort(key, "extracted_at")
        .filter(is_first | changes)
        .with_columns(
            version=pl.int_range(pl.len()).over(key),
            since=pl.when(is_told).then("modified_at").otherwise("extracted_at").dt.date(),
        )
        .with_columns(since=pl.when(pl.col("version") == 0).then(FIRST).otherwise("since"))
        .with_columns(until=pl.col("since").shift(-1).over(key).fill_null(LAST))
    )
    with_po = versions.filter(pl.col("po").is_not_null())
    days = pl.concat(
        [
            versions.select(key, day="since"),
            with_po.select(key, day="start_date"),
            with_po.select(key, day=pl.col("end_date").dt.offset_by("1d")),
        ]
    ).unique()
    found = (
        days.join(with_po, on=key)
        .filter(pl.col("day") < pl.col("until"), pl.col("day").is_between("start_date", "end_date"))
        .sort("version")
        .unique([key, "day"], keep="first", maintain_order=True)
        .select(key, "day", "po")
    )
    return days.join(found, on=[key, "day"], how="left").sort("day")


def resolve(
    lines: pl.LazyFrame,
    parents: dict[str, pl.LazyFrame],
    spans: dict[str, pl.LazyFrame],
    companies: pl.LazyFrame,
) -> pl.LazyFrame:
    """The lines with their effective parents, PO, its source and its company."""
    lines = lines.sort("day")
    for level in LEVELS:
        key = f"{level}_id"
        found = parents[level].join(companies, on="company_id", how="left")
        columns = {f"{level}_owner": "company_id", f"{level}_owner_parent": "parent_id"}
        inherited = {"ticket": ("project_id", "contract_id"), "project": ("contract_id",)}
        above = inherited.get(level, ("project_id",) if level == "task" else ())
        if level not in spans:
            columns[f"{level}_po"] = "po"
        found = found.select(
            key, *(pl.col(name).alias(f"{name}_above") for name in above), **columns
        )
        lines = lines.join(found, on=key, how="left", maintain_order="left")  # still by day
        lines = lines.with_columns(
            pl.coalesce(name, f"{name}_above").alias(name) for name in above
        ).drop(f"{name}_above" for name in above)
        if level != "task":
            lines = lines.with_columns(company_id=pl.coalesce("company_id", f"{level}_owner"))
        if level in spans:
            dated = spans[level].rename({"po": f"{level}_po"})
            lines = lines.join_asof(dated, on="day", by=key, check_sortedness=False)

    line, line_parent = pl.col("company_id"), pl.col("parent_id")
    fitting = {"charge": pl.col("charge_po")}
    owners = {"charge": line}
    for level in LEVELS:
        owner, owner_parent = pl.col(f"{level}_owner"), pl.col(f"{level}_owner_parent")
        fits = pl.any_horizontal(
            owner.is_null(), owner == line, owner == line_parent, owner_parent == line
        )
        fitting[level] = pl.when(fits).then(f"{level}_po")
        owners[level] = pl.coalesce(owner, line)
    return lines.join(companies, on="company_id", how="left").select(
        pl.exclude("charge_po", "parent_id", "day", "^.*_(owner|owner_parent|po)$"),
        po=pl.coalesce(*fitting.values()),
        po_source=pl.coalesce(
            *(pl.when(po.is_not_null()).then(pl.lit(level)) for level, po in fitting.items()),
            pl.lit("none"),
        ),
        po_company_id=pl.coalesce(
            *(pl.when(po.is_not_null()).then(owners[level]) for level, po in fitting.items())
        ),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
