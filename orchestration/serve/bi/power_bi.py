"""A semantic model of Power BI (TMDL) with the metrics as measures in DAX (MET-8).

Tables are the marts that metrics are of and those that they are cut by, read from the parquet files
of `marts/current`. What SQL says of a row is translated; the few expressions that have no like in
DAX are spelled here by hand.
"""

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp

from orchestration.serve.bi.marts import columns_of
from orchestration.serve.definitions import HOURS, MONEY, PERCENT, Definitions, Metric

FOLDER = "power_bi"
LOOKED_UP = ("dim_companies", "dim_contracts", "dim_projects", "dim_purchase_orders", "dim_dates")
# Table and column -> the table that it belongs to; the first of each pair that both have is active.
RELATIONS = {
    "company_id": ("dim_companies", "company_id"),
    "purchase_order_key": ("dim_purchase_orders", "purchase_order_key"),
    "contract_id": ("dim_contracts", "contract_id"),
    "target_contract_id": ("dim_contracts", "contract_id"),
    "project_id": ("dim_projects", "project_id"),
}
FORMATS = {MONEY: "#,0.00", HOURS: "#,0.00", PERCENT: "0.00", "date": "yyyy-mm-dd"}
OPERATORS: dict[type[Any], str] = {
    exp.And: "&&",
    exp.Or: "||",
    exp.EQ: "==",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.Add: "+",
}
BY_HAND = {
    # White space of every kind, as the rules have it.
    "charges_with_internal_po": (
        "COUNTROWS(FILTER('{t}', LEN(TRIM(SUBSTITUTE(SUBSTITUTE(SUBSTITUTE(SUBSTITUTE("
        '\'{t}\'[internal_po_number], UNICHAR(160), ""), UNICHAR(9), ""), UNICHAR(8203), ""), '
        'UNICHAR(65279), ""))) > 0)) + 0'
    ),
    "exposed_amount_po_required": (
        "SUMX(FILTER('{t}', '{t}'[is_exposed] && '{t}'[company_id] IN UNION("
        "SELECTCOLUMNS(FILTER('dim_companies', 'dim_companies'[po_required]), \"id\", "
        "'dim_companies'[company_id]), SELECTCOLUMNS(FILTER('company_po_profile', "
        "'company_po_profile'[po_required]), \"id\", 'company_po_profile'[company_id]))), "
        "'{t}'[billable_amount]) + 0"
    ),
    "unique_direct_po_numbers": (
        "COUNTROWS(FILTER(SUMMARIZE('{t}', '{t}'[company_id], '{t}'[charge_po]), "
        "NOT ISBLANK('{t}'[charge_po]))) + 0"
    ),
    "cumulative_amount": (
        "SUMX(VALUES('{t}'[purchase_order_key]), VAR last_month = CALCULATE(MAX("
        "'{t}'[activity_month])) RETURN CALCULATE(SUM('{t}'[cumulative_amount]), "
        "'{t}'[activity_month] = last_month)) + 0"
    ),
}


# The manifest is read first, so that no publication can mix generations within a table.
PARAMETER = 'meta [IsParameterQuery=true, Type="Text", IsParameterQueryRequired={}]'
GENERATION = f"""\
expression MartsFolder = "C:\\marts" {PARAMETER.format("true")}

expression PinnedGeneration = "" {PARAMETER.format("false")}

expression Folder =
\t\tlet
\t\t\tManifest = Json.Document(File.Contents(MartsFolder & "\\current\\manifest.json"), 65001),
\t\t\tId = if PinnedGeneration = "" then Manifest[generation] else PinnedGeneration
\t\tin
\t\t\tMartsFolder & "\\generations\\" & Id & "\\parquet\\"
"""


def files(definitions: Definitions) -> dict[str, str]:
    """The files of the model, by their path in it."""
    tables = dict.fromkeys(metric.source.mart for metric in definitions.offered)
    names = [*tables, "company_po_profile", *LOOKED_UP]
    columns = {name: _types(name) for name in names}
    return {
        "definition/database.tmdl": "database\n\tcompatibilityLevel: 1567\n",
        "definition/model.tmdl": (
            "model Model\n\tculture: en-US\n\tdefaultPowerBIDataSourceVersion: powerBI_V3\n\n"
            + "".join(f"ref table {name}\n" for name in names)
        ),
        "definition/expressions.tmdl": GENERATION,
        "definition/relationships.tmdl": "\n".join(_relationships(columns)),
        **{
            f"definition/tables/{name}.tmdl": _table(name, columns[name], definitions)
            for name in names
        },
    }


def measure(metric: Metric, metrics: Mapping[str, Metric]) -> str:
    """A metric in DAX."""
    table = metric.source.mart
    if metric.formula:
        part, whole = (f"[{metrics[name].label}]" for name in metric.inputs)
        nothing = "BLANK()" if metric.is_null_when_empty else "0"
        # The quotient of an exact half is exact, so it is rounded as in the marts.
        return f"IF({whole} > 0, ROUND({part} * 10000 / {whole}, 0) / 100, {nothing})"
    if metric.name in BY_HAND:
        return BY_HAND[metric.name].replace("{t}", table)
    row = sqlglot.parse_one(metric.row, dialect="duckdb")
    if metric.aggregate == "count_distinct":
        return f"DISTINCTCOUNTNOBLANK({_dax(row, table)})"
    if metric.aggregate == "min":
        return f"MIN({_dax(row, table)})"
    if isinstance(row, exp.Case):
        [branch] = row.args["ifs"]
        rows = f"FILTER('{table}', {_dax(branch.this, table)})"
        if metric.aggregate == "count":
            return f"COUNTROWS({rows}) + 0"
        return f"SUMX({rows}, {_dax(branch.args['true'], table)}) + 0"
    if metric.aggregate == "count":
        return f"COUNTROWS('{table}') + 0"
    summed = f"SUMX('{table}', {_dax(row, table)})"
    return summed if metric.is_null_when_empty else f"{summed} + 0"


def _dax(node: Any, table: str) -> str:
    """SQL of one row, as sqlglot has parsed it, in DAX; null is blank there."""
    if operator := OPERATORS.get(type(node)):
        left, right = (_dax(one, table) for one in (node.left, node.right))
        return f"{left} {operator} {right}"
    if isinstance(node, exp.Column):
        return f"'{table}'[{node.name}]"
    if isinstance(node, exp.Not):
        return f"NOT({_dax(node.this, table)})"
    if isinstance(node, exp.Is):
        return f"ISBLANK({_dax(node.this, table)})"
    if isinstance(node, exp.In):
        listed = ", ".join(_dax(one, table) for one in node.expressions)
        return f"{_dax(node.this, table)} IN {{{listed}}}"
    if isinstance(node, exp.Literal):
        return f'"{node.name}"' if node.is_string else node.name
    if isinstance(node, exp.Coalesce):
        # Of a comparison: blank is not equal to 0 only where it is compared strictly.
        inner = node.this
        if isinstance(inner, exp.NEQ):
            return f"NOT({_dax(inner.left, table)} == {_dax(inner.right, table)})"
        return f"COALESCE({_dax(inner, table)}, {_dax(node.expressions[0], table)})"
    if isinstance(node, exp.Paren):
        return f"({_dax(node.this, table)})"
    raise ValueError(f"{node.sql()} has no DAX yet: spell it in BY_HAND")


def _types(mart: str) -> dict[str, str]:
    """The columns of a mart with their types in Power BI."""
    return {name: _type(kind) for name, kind in columns_of(mart).items()}


def _type(data_type: str) -> str:
    kind = data_type.partition("(")[0].lower()
    return {
        "bigint": "int64",
        "integer": "int64",
        "decimal": "decimal",
        "boolean": "boolean",
        "date": "dateTime",
        "timestamp": "dateTime",
    }.get(kind, "string")


def _table(name: str, columns: Mapping[str, str], definitions: Definitions) -> str:
    text = f"table {name}\n"
    for metric in definitions.metrics.values():
        if metric.source.mart == name:
            text += "".join(f"\n\t/// {line}" for line in textwrap.wrap(metric.description, 90))
            text += f"\n\tmeasure '{metric.label}' = {measure(metric, definitions.metrics)}\n"
            text += f"\t\tformatString: {FORMATS.get(metric.unit, '#,0')}\n"
            text += f"\t\tdisplayFolder: {metric.unit}\n"
            text += "\t\tisHidden\n" if metric.is_part else ""
            text += f"\t\tannotation metric = {metric.name}\n"
    for column, kind in columns.items():
        text += f"\n\tcolumn {column}\n\t\tdataType: {kind}\n\t\tsourceColumn: {column}\n"
        text += "\t\tsummarizeBy: none\n"
        text += "\t\tisKey\n" if name == "dim_dates" and column == "date_day" else ""
    return (
        text + f"\n\tpartition {name} = m\n\t\tmode: import\n\t\tsource =\n\t\t\tlet\n"
        f'\t\t\t\tSource = Parquet.Document(File.Contents(Folder & "{name}.parquet"))\n'
        "\t\t\tin\n\t\t\t\tSource\n"
    )


def _relationships(columns: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """From each mart to what it is cut by; one way, so that nothing is counted twice."""
    for table, own in columns.items():
        if table in (*LOOKED_UP, "company_po_profile"):
            continue
        dates = ("date_purchased", "date_worked", "date_due", "activity_month")
        found = dict(RELATIONS) | {one: ("dim_dates", "date_day") for one in dates}
        if table == "fct_milestones":
            del found["contract_id"]  # it is billed on its target contract
        for column, (to, key) in found.items():
            if column in own:
                yield (
                    f"relationship {table}_{column}\n\tfromColumn: {table}.{column}\n"
                    f"\ttoColumn: {to}.{key}\n"
                )


def read_measures(folder: Path) -> dict[str, tuple[str, str, str]]:
    """Read the measures back: metric -> table, label and DAX."""
    found = {}
    for path in sorted((folder / "definition" / "tables").glob("*.tmdl")):
        label = dax = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            text = line.strip()
            if text.startswith("measure '"):
                label, _, dax = text.removeprefix("measure '").partition("' = ")
            elif text.startswith("annotation metric = "):
                found[text.removeprefix("annotation metric = ")] = (path.stem, label, dax)
    return found
