"""What each stage of a refresh cost, by the lines it printed and the files it left."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestration.settings import ROOT
from tests.bench.measure import Cost

STEP = re.compile(r"  (\w+) +(\d+\.\d) s\n")
MODELS = "psa_models"  # the step that is told apart further
STEP_GROUPS = {"reports": "reports", "generation": "publish"}  # all others load a table
# The stages whose ratio to the floor is kept, for the test that guards it.
GROUPS = ("ingest", "dbt models", "dbt tests", "publish")
FACTOR = 2
STEPS = ("read", "validate", "write")  # of the ingest of charges, measured by themselves


@dataclass(frozen=True)
class Stage:
    """A part of a refresh, in seconds.

    `group` is one of GROUPS, or `reports`, or `start and end`.
    """

    group: str
    name: str
    wall: float
    cpu: float


def stages(cost: Cost, data_dir: Path) -> list[Stage]:
    """The stages of a refresh that has just ended; together they are the whole of it.

    What lies between two steps counts for the later one. Within dbt's step only the clock is
    known: processor time is shared out by it.
    """
    found: list[Stage] = []
    wall = cpu = start_wall = start_cpu = 0.0
    for mark in cost.marks:
        step = STEP.fullmatch(mark.line)
        if not step:
            if not found:  # nothing but start-up so far
                start_wall, start_cpu = wall, cpu = mark.wall, mark.cpu
            continue
        name, seconds = step[1], float(step[2])
        passed, worked = mark.wall - wall, mark.cpu - cpu
        wall, cpu = mark.wall, mark.cpu
        if not found:  # Dagster starts its run within the time of the first step
            share = min(seconds / passed, 1)
            start_wall += passed * (1 - share)
            start_cpu += worked * (1 - share)
            passed, worked = passed * share, worked * share
        if name == MODELS:
            parts = _dbt_parts(data_dir, passed)
        else:
            parts = [(STEP_GROUPS.get(name, "ingest"), name, passed)]
        found += [Stage(*part, worked * part[-1] / passed if passed else 0) for part in parts]
    found.insert(0, Stage("start and end", "start of Python and Dagster", start_wall, start_cpu))
    rest = cost.wall - max(wall, start_wall), cost.cpu - max(cpu, start_cpu)
    found.append(Stage("start and end", "end", *rest))
    return found


def _dbt_parts(data_dir: Path, wall: float) -> list[tuple[str, str, float]]:
    """Layers, marts and tests by dbt's own account; what is left is its start."""
    file = data_dir / "warehouse/dbt/run_results.json"
    results = json.loads(file.read_bytes())["results"] if file.exists() else []
    layers = [("dbt models", layer) for layer in ("seeds", "staging", "intermediate")]
    parts = dict.fromkeys(layers, 0.0)  # in this order, before the marts
    for result in results:
        kind, _, name = result["unique_id"].split(".")[:3]
        if kind == "test":
            part = ("dbt tests", "tests")
        elif kind != "model":
            part = ("dbt models", "seeds")
        elif name.startswith(("stg_", "int_")):
            part = ("dbt models", "staging" if name.startswith("stg_") else "intermediate")
        else:
            part = ("dbt models", name)
        parts[part] = parts.get(part, 0) + result["execution_time"]
    shrink = min(wall / max(sum(parts.values()), 1e-9), 1)  # should dbt work on two at a time
    told = [(group, name, seconds * shrink) for (group, name), seconds in parts.items()]
    start = wall - sum(seconds for *_, seconds in told)
    return [("start and end", "start of dbt, and between its models", start), *told]


def by_group(found: Iterable[Stage]) -> dict[str, tuple[float, float]]:
    """Seconds by the clock and of processor time of each group."""
    sums: dict[str, tuple[float, float]] = {}
    for stage in found:
        wall, cpu = sums.get(stage.group, (0, 0))
        sums[stage.group] = wall + stage.wall, cpu + stage.cpu
    return sums


def ratios_to_floor(found: Iterable[Stage], floor_cpu: float) -> dict[str, float]:
    """Processor time of each of GROUPS in that of the floor."""
    groups = by_group(found)
    return {group: groups.get(group, (0, 0))[1] / floor_cpu for group in GROUPS}


def recorded_ratios() -> dict[str, float]:
    """The ratios of the sample when the bench was run last."""
    results = json.loads((ROOT / "tests/bench/results.json").read_bytes())
    ratios: dict[str, float] = results["sample"]["stage_to_floor"]
    return ratios


def slower(measured: dict[str, float], recorded: dict[str, float]) -> list[str]:
    """One sentence a stage whose ratio to the floor is more than FACTOR times the recorded one."""
    return [
        f"{group}: {measured[group]:.2f} times the floor, recorded {recorded[group]:.2f} times"
        for group in GROUPS
        if measured[group] > FACTOR * recorded[group]
    ]
