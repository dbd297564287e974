"""What Superset and Power BI get says what the metrics say (MET-8)."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.serve.bi.power_bi import BY_HAND, read_measures
from orchestration.serve.generated import BI, definitions_in_project
from tests.serve.figures import Marts, total

DEFINITIONS = definitions_in_project()
SUPERSET = BI / "superset_metrics"
POWER_BI = BI / "power_bi"
DATASETS = sorted((SUPERSET / "datasets").rglob("*.yaml"))


def read(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return told


def test_superset_has_every_metric_once() -> None:
    """MET-8."""
    names = [metric["metric_name"] for path in DATASETS for metric in read(path)["metrics"]]
    assert sorted(names) == [metric.name for metric in DEFINITIONS.offered]
    [database] = (SUPERSET / "databases").glob("*.yaml")
    assert {read(path)["database_uuid"] for path in DATASETS} == {read(database)["uuid"]}


@pytest.mark.parametrize("path", DATASETS, ids=lambda path: path.stem)
def test_a_dataset_of_superset_gives_the_metrics_by_what_they_are_cut_by(
    sample_marts: Marts, path: Path
) -> None:
    """MET-8: in total and by each dimension that it has as a column."""
    dataset = read(path)
    keys = {cut.key: cut for cut in DEFINITIONS.dimensions.values()}
    names = [metric["metric_name"] for metric in dataset["metrics"]]
    figures = ", ".join(
        f"{one['expression']} as {one['metric_name']}" for one in dataset["metrics"]
    )
    source = f"({dataset['sql']}) as dataset"
    connection = sample_marts.connection
    taken = f"{figures} from {source}"
    [totals] = connection.execute(f"select {taken}").fetchall()
    assert totals == tuple(total(sample_marts, name) for name in names)
    columns = {column["column_name"] for column in dataset["columns"]}
    cuts = {
        name
        for name in DEFINITIONS.metrics[names[0]].dimensions
        if DEFINITIONS.dimensions[name].type != "date"
    }
    assert {keys[name].name for name in columns if name in keys} == cuts
    for key in columns & keys.keys():
        told = connection.execute(f"select {key}, {taken} group by 1").fetchall()
        answered = sample_marts.answered(names, [keys[key].name])
        expected = {one: tuple(row[name] for name in names) for (one,), row in answered.items()}
        assert {row[0]: row[1:] for row in told} == expected, key


def test_power_bi_has_every_metric_and_nothing_that_is_not_there(sample_marts: Marts) -> None:
    """MET-8."""
    measures = read_measures(POWER_BI)
    assert measures.keys() == DEFINITIONS.metrics.keys()
    labels = {label for _, label, _ in measures.values()}
    assert len(labels) == len(measures)
    tables = {path.stem for path in (POWER_BI / "definition" / "tables").glob("*.tmdl")}
    columns = {
        (mart, name)
        for mart in tables
        for name in sample_marts.connection.table(f"marts.{mart}").columns
    }
    for name, (table, label, dax) in measures.items():
        metric = DEFINITIONS.metrics[name]
        assert (table, label) == (metric.source.mart, metric.label)
        used = set(re.findall(r"'(\w+)'\[(\w+)\]", dax))
        assert used <= columns
        others = set(re.findall(r"(?<!')\[([^\]]+)\]", re.sub(r"'\w+'\[\w+\]", "", dax)))
        assert others == (
            {DEFINITIONS.metrics[one].label for one in metric.inputs} if metric.formula else set()
        )
        assert used or others or "COUNTROWS" in dax
    for path in (POWER_BI / "definition" / "tables").glob("*.tmdl"):
        told = re.findall(r"^\tcolumn (\w+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert {(path.stem, name) for name in told} == {
            one for one in columns if one[0] == path.stem
        }


def test_relationships_of_power_bi_go_from_many_to_one(sample_marts: Marts) -> None:
    """MET-4: what a measure is filtered by has one row for each of its rows."""
    text = (POWER_BI / "definition" / "relationships.tmdl").read_text(encoding="utf-8")
    ends = re.findall(r"fromColumn: (\w+)\.(\w+)\n\ttoColumn: (\w+)\.(\w+)", text)
    assert len(ends) == text.count("relationship ") > 20
    for table, column, to, key in ends:
        assert column in sample_marts.connection.table(f"marts.{table}").columns
        keys = [row[key] for row in sample_marts.rows(to)]
        assert len(keys) == len(set(keys)), f"{to}.{key}"
    pairs = [(table, to) for table, _, to, _ in ends]
    assert len(pairs) == len(set(pairs)), "two ways from one table to another"


def test_the_measures_of_power_bi_read_back_give_the_metrics(sample_marts: Marts) -> None:
    """MET-8: DAX as SQL again, on the marts; those spelled by hand apart."""
    for name, (table, _, dax) in read_measures(POWER_BI).items():
        metric = DEFINITIONS.metrics[name]
        if metric.formula:
            part, whole = (DEFINITIONS.metrics[one].label for one in metric.inputs)
            nothing = "BLANK()" if metric.is_null_when_empty else "0"
            assert dax == (
                f"IF([{whole}] > 0, ROUND([{part}] * 10000 / [{whole}], 0) / 100, {nothing})"
            )
        elif name not in BY_HAND and not metric.is_part:
            told = sample_marts.connection.table(f"marts.{table}").aggregate(as_sql(dax, table))
            assert told.fetchall() == [(total(sample_marts, name),)], dax
    assert set(BY_HAND) == {
        *("charges_with_internal_po", "exposed_amount_po_required"),
        *("unique_direct_po_numbers", "cumulative_amount"),
    }


def as_sql(dax: str, table: str) -> str:
    """The DAX that is generated, as SQL over its table."""
    bare = re.sub(rf"'{table}'\[(\w+)\]", r"\1", dax)
    bare = re.sub(r"IN \{([^}]*)\}", r"in (\1)", bare).replace("&&", "and").replace("||", "or")
    bare = bare.replace("==", "is not distinct from").replace('"', "'")
    bare = re.sub(r"ISBLANK\((\w+)\)", r"\1 is null", bare)
    plus = " + 0" if bare.endswith(" + 0") else ""
    bare = bare.removesuffix(" + 0")
    rows = re.fullmatch(rf"COUNTROWS\((?:FILTER\('{table}', (.+)\)|'{table}')\)", bare)
    if rows:
        return f"count(*) filter (where {rows[1] or 'true'})"
    if sums := re.fullmatch(rf"SUMX\((?:FILTER\('{table}', (.+)\)|'{table}'), (.+?)\)", bare):
        told = f"sum({sums[2]}) filter (where {sums[1] or 'true'})"
        return f"coalesce({told}, 0)" if plus else told
    if distinct := re.fullmatch(r"DISTINCTCOUNTNOBLANK\((\w+)\)", bare):
        return f"count(distinct {distinct[1]})"
    return bare
