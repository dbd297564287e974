"""PO resolution as a user of pandas would write it: `python -m tests.bench.naive_pandas LANDING`.

Parquet in, the sums out. It resolves the POs of charges and time entries and adds them up; bases,
gap reasons, names, all other marts, tests and history are left out. As in the generated extracts,
tasks and tickets come in one batch, contracts and projects in several, all of them complete.
"""

import json
import sys
from pathlib import Path

import pandas as pd

SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds"
NONE = -1  # no id
FIRST, LAST = pd.Timestamp("1900-01-01"), pd.Timestamp("2200-01-01")
LEVELS = ("charge", "task", "ticket", "project", "contract")


def main(landing: Path) -> None:
    """Print the figures as JSON."""
    companies = read(landing, "companies", {"id": "company_id", "parent_company_id": "parent_id"})
    tasks = read(
        landing,
        "tasks",
        {"Task ID": "task_id", "Project ID": "project_id", "Purchase Order Number": "po"},
    )
    tickets = read(
        landing,
        "tickets",
        {
            "id": "ticket_id",
            "companyID": "company_id",
            "projectID": "project_id",
            "contractID": "contract_id",
            "purchaseOrderNumber": "po",
        },
    )
    projects = read(
        landing,
        "projects",
        {
            "id": "project_id",
            "companyID": "company_id",
            "contractID": "contract_id",
            "purchaseOrderNumber": "po",
            "lastActivityDateTime": "modified_at",
        },
    ).assign(start_date=FIRST, end_date=LAST)
    contracts = read(
        landing,
        "contracts",
        {
            "id": "contract_id",
            "company_id": "company_id",
            "purchase_order_number": "po",
            "start_date": "start_date",
            "end_date": "end_date",
            "last_modified_at": "modified_at",
        },
    )
    for parents in (tasks, tickets, projects, contracts):
        parents["po"] = clean(parents["po"])

    project_spans = po_spans(projects, "project_id")
    contract_spans = po_spans(contracts, "contract_id")
    projects = projects[projects["extracted_at"] == projects["extracted_at"].max()]
    contracts = contracts[contracts["extracted_at"] == contracts["extracted_at"].max()]
    parents_of_line = {
        "task": tasks.merge(projects[["project_id", "company_id"]], "left", "project_id"),
        "ticket": tickets,
        "project": projects,
        "contract": contracts,
    }
    spans = {"project": project_spans, "contract": contract_spans}

    charges = read(
        landing,
        "charges",
        {
            "company_id": "company_id",
            "contract_id": "contract_id",
            "project_id": "project_id",
            "task_id": "task_id",
            "ticket_id": "ticket_id",
            "purchase_order_number": "charge_po",
            "billable_amount": "amount",
            "is_billable_to_company": "is_billable",
            "invoice_number": "invoice_number",
            "status_name": "status",
            "date_purchased": "day",
        },
    )
    charges["charge_po"] = clean(charges["charge_po"])
    charges = resolve(charges, parents_of_line, spans, companies)
    statuses = pd.read_csv(SEEDS / "charge_statuses.csv")
    cancelled = statuses.loc[statuses["is_cancelled"], "status_name"].str.upper()
    is_exposed = (
        charges["po"].isna()
        & charges["invoice_number"].fillna("").str.strip().isin(["", "0"])
        & charges["is_billable"].fillna(True)
        & ~charges["status"].fillna("").str.strip().str.upper().isin(cancelled)
        & (charges["company_id"] != 0)
    )
    has_po = charges["po"].notna()
    figures = {
        "charges": len(charges),
        "charges_with_po": has_po.sum(),
        "amount_with_po": charges.loc[has_po, "amount"].sum(),
        "amount_without_po": charges.loc[~has_po, "amount"].sum(),
        "exposed_amount": charges.loc[is_exposed, "amount"].sum(),
        "purchase_orders": len(charges.loc[has_po, ["po_company_id", "po"]].drop_duplicates()),
    }
    for source, lines in charges.groupby("po_source"):
        figures[f"charges_by_{source}"] = len(lines)
        figures[f"amount_by_{source}"] = lines["amount"].sum()
    del charges

    entries = read(
        landing,
        "time_entries",
        {
            "contract_id": "contract_id",
            "task_id": "task_id",
            "ticket_id": "ticket_id",
            "hours_worked": "hours",
            "date_worked": "day",
        },
    ).assign(company_id=NONE, project_id=NONE, charge_po=None)
    entries = resolve(entries, parents_of_line, spans, companies)
    is_internal = (entries["company_id"] == 0) | (
        entries[["task_id", "ticket_id", "contract_id"]] == NONE
    ).all(axis=1)
    figures["time_entries"] = len(entries)
    figures["hours_with_po"] = entries.loc[entries["po"].notna() & ~is_internal, "hours"].sum()
    for source, lines in entries.groupby("po_source"):
        figures[f"hours_by_{source}"] = lines["hours"].sum()
    print(json.dumps({name: str(figure) for name, figure in figures.items()}))


def read(landing: Path, table: str, columns: dict[str, str]) -> pd.DataFrame:
    """The wanted columns of all files of a table, under the names to use here."""
    files = []
    for path in sorted((landing / "autotask" / table).glob("*.parquet")):
        frame = pd.read_parquet(path, columns=list(columns), dtype_backend="pyarrow")
        files.append(frame.assign(extracted_at=pd.Timestamp(path.name[:10])))
    frame = pd.concat(files, ignore_index=True).rename(columns=columns)
    for column in frame.columns:
        if column.endswith("_id"):
            frame[column] = frame[column].fillna(NONE).astype("int64")
            if column != "company_id":
                frame[column] = frame[column].replace(0, NONE)
        elif column == "modified_at":
            frame[column] = frame[column].dt.tz_localize(None).astype("datetime64[us]")
        elif column in ("day", "start_date", "end_date"):
            frame[column] = frame[column].astype("datetime64[us]")
    return frame


def clean(texts: pd.Series) -> pd.Series:
    """The POs as the client writes them; placeholders are none."""
    placeholders = pd.read_csv(SEEDS / "po_placeholders.csv", dtype="string", keep_default_na=False)
    tidy = texts.str.replace("[\\s\u00a0\u200b]+", " ", regex=True).str.strip().str.upper()
    return tidy.mask(tidy.isin(["", *placeholders["placeholder"].str.upper()]))


def po_spans(delivered: pd.DataFrame, key: str) -> pd.DataFrame:
    """The PO of each parent from one day on, by its history and the dates of its contract."""
    is_newest = delivered["extracted_at"] == delivered["extracted_at"].max()
    is_current = delivered[key].isin(delivered.loc[is_newest, key])  # the others are deleted
    delivered = delivered[is_current].sort_values([key, "extracted_at"])
    delivered["start_date"] = delivered["start_date"].fillna(FIRST)
    delivered["end_date"] = delivered["end_date"].fillna(LAST)
    state = delivered[["po", "start_date", "end_date"]].assign(po=delivered["po"].fillna(""))
    is_first = ~delivered.duplicated(key)
    versions = delivered[is_first | (state != state.shift()).any(axis=1)].copy()
    batches = pd.Series(sorted(delivered["extracted_at"].unique()))
    previous = versions["extracted_at"].map(dict(zip(batches, batches.shift(), strict=True)))
    is_told = (versions["modified_at"] > previous) & (
        versions["modified_at"] <= versions["extracted_at"]
    )
    versions["since"] = (
        versions["modified_at"].dt.normalize().where(is_told, versions["extracted_at"])
    )
    versions.loc[~versions.duplicated(key), "since"] = FIRST
    versions["until"] = versions.groupby(key)["since"].shift(-1).fillna(LAST)
    versions["version"] = versions.groupby(key).cumcount()
    with_po = versions[versions["po"].notna()]
    days = pd.concat(
        frame[[key]].assign(day=day)
        for frame, day in (
            (versions, versions["since"]),
            (with_po, with_po["start_date"]),
            (with_po, with_po["end_date"] + pd.Timedelta(days=1)),
        )
    ).drop_duplicates()
    found = days.merge(with_po[[key, "po", "version", "until", "start_date", "end_date"]], on=key)
    found = found[
        (found["day"] < found["until"])
        & (found["start_date"] <= found["day"])
        & (found["day"] <= found["end_date"])
    ]
    found = found.sort_values("version").drop_duplicates([key, "day"])
    return days.merge(found[[key, "day", "po"]], "left", [key, "day"]).sort_values("day")


def resolve(
    lines: pd.DataFrame,
    parents: dict[str, pd.DataFrame],
    spans: dict[str, pd.DataFrame],
    companies: pd.DataFrame,
) -> pd.DataFrame:
    """The lines with their effective parents, PO, its source and its company."""
    lines = lines.sort_values("day", ignore_index=True)
    for level in ("task", "ticket", "project", "contract"):
        key = f"{level}_id"
        columns = [key, *({"company_id", "project_id", "contract_id"} & {*parents[level]} - {key})]
        found = parents[level][columns].rename(columns={"company_id": "owner_id"})
        lines = lines.merge(found, "left", key, suffixes=("", "_of_parent"))
        for column in ("project_id", "contract_id"):
            if f"{column}_of_parent" in lines:
                inherited = lines.pop(f"{column}_of_parent").fillna(NONE).astype("int64")
                lines[column] = lines[column].where(lines[column] != NONE, inherited)
        owner = lines.pop("owner_id").fillna(NONE).astype("int64")
        if level != "task":
            lines["company_id"] = lines["company_id"].where(lines["company_id"] != NONE, owner)
        lines[f"{level}_owner"] = owner
        if level in spans:
            dated = spans[level].rename(columns={"po": f"{level}_po"})
            lines = pd.merge_asof(lines, dated, on="day", by=key)
        else:
            pos = parents[level][[key, "po"]].rename(columns={"po": f"{level}_po"})
            lines = lines.merge(pos, "left", key)

    parent_of = companies.set_index("company_id")["parent_id"]
    line, line_parent = lines["company_id"], lines["company_id"].map(parent_of).fillna(NONE)
    lines["po"], lines["po_company_id"], lines["po_source"] = lines["charge_po"], line, "none"
    lines.loc[lines["po"].notna(), "po_source"] = "charge"
    for level in LEVELS[1:]:
        owner = lines[f"{level}_owner"]
        fits = (
            (owner == NONE)
            | (owner == line)
            | (owner == line_parent)
            | ((owner.map(parent_of) == line) & (line != NONE))
        )
        takes = lines["po"].isna() & lines[f"{level}_po"].notna() & fits
        lines["po"] = lines["po"].where(~takes, lines[f"{level}_po"])
        lines.loc[takes & (owner != NONE), "po_company_id"] = owner
        lines.loc[takes, "po_source"] = level
    return lines


if __name__ == "__main__":
    main(Path(sys.argv[1]))
