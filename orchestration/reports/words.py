"""The words on the pages for names and codes: those of `words.yml` and of the seed of conflicts."""

import csv
import re
from pathlib import Path

import yaml

from orchestration.settings import ROOT

_TOLD = yaml.safe_load(Path(__file__).with_name("words.yml").read_text(encoding="utf-8"))
_SEED = ROOT / "dbt_project" / "seeds" / "conflict_resolutions.csv"
with _SEED.open(encoding="utf-8", newline="") as seed:
    _CONFLICTS = {row["conflict_type"]: row["label"] for row in csv.DictReader(seed)}
WORDS: dict[str, str] = _TOLD["codes"] | _CONFLICTS
ADVICE: dict[str, str] = _TOLD["advice"]
# Text columns of these names hold codes.
CODES = (
    *("_basis", "_kind", "_reason", "_source", "_stage", "_status", "_type", "_urgency"),
    *("allocation", "detail", "drift", "finding", "object_name", "reason", "recommendation"),
)


def words_of(code: str) -> str:
    """A code in words; what is no code stays as it is."""
    if not re.fullmatch("[a-z_]+", code):
        return code
    return WORDS.get(code, code.replace("_", " ").capitalize())


def label_of(name: str) -> str:
    """The name of a column in words."""
    name = re.sub("^(is|has|date|total)_", "", name)
    if name.endswith("_count"):
        name = name.removesuffix("_count") + "s"
    parts = re.sub("_(name|amount|number|id|at)$", "", name).split("_")
    words = " ".join(_TOLD["names"].get(part, part) for part in parts)
    return words[0].upper() + words[1:]


STAGES = {stage: words_of(stage) for stage in _TOLD["stages"]}
