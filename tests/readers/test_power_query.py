"""The order in which the Power Query reads: a double of M that knows strings, names and files."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from orchestration.publish.generations import publish, roll_back
from orchestration.settings import ROOT, Settings
from tests.conftest import build
from tests.readers.recipes import PAGE

QUERY = ROOT / "dbt_project/docs/bi/power_query.pq"
MARTS = {"numbers"}


class PowerQuery:
    """Evaluates what the file says of paths, in the order in which M does; notes files read."""

    def __init__(self, marts: Path, pinned: str = "") -> None:
        """Give the parameters their values."""
        text = re.sub(r"^//.*\n", "", QUERY.read_text(encoding="utf-8"), flags=re.M)
        self.members = dict(re.findall(r"^shared (\w+) =\s+(.*?);$", text, re.M | re.S))
        self.marts = marts
        self.members |= {"MartsFolder": f'"{marts}"', "PinnedGeneration": f'"{pinned}"'}
        self.read: list[Path] = []

    def text(self, expression: str, names: dict[str, str]) -> str:
        """A sum of texts; a name of another query evaluates that query."""
        parts = (part.strip() for part in expression.split("&"))
        return "".join(self._part(part, names) for part in parts)

    def _part(self, part: str, names: dict[str, str]) -> str:
        if part.startswith('"'):
            return part.strip('"')
        if part in names:
            return names[part]
        return self.generation() if part == "Generation" else self.text(self.members[part], {})

    def _file(self, step: str, names: dict[str, str]) -> Path:
        (path,) = re.findall(r"File\.Contents\(([^()]+)\)", step)
        self.read.append(Path(self.text(path, names).replace("\\", "/")))
        return self.read[-1]

    def _steps(self, member: str) -> dict[str, str]:
        steps = re.findall(r"^ {8}(\w+) = (.*?),?$", self.members[member], re.M)
        return dict(steps)

    def generation(self) -> str:
        """The query Generation."""
        steps = self._steps("Generation")
        assert re.fullmatch(
            r'if PinnedGeneration = "" then Manifest\[generation\] else PinnedGeneration',
            steps["Id"],
        )
        pinned = self.text("PinnedGeneration", {})  # M is lazy: pinned, no manifest is read
        if pinned:
            return pinned
        return str(json.loads(self._file(steps["Manifest"], {}).read_bytes())["generation"])

    def mart(self, name: str) -> int:
        """The query of one mart; returns its rows."""
        steps = self._steps("Mart")
        names = {"mart": name}
        names["Folder"] = self.text(steps["Folder"], names)
        return int(pq.read_metadata(self._file(steps["Rows"], names)).num_rows)


@pytest.fixture
def flip(settings: Settings) -> Callable[[], str]:
    """Publishes a generation with one row more."""
    names = iter(["20260102T000000Z-b", "20260103T000000Z-c", "20260104T000000Z-d"])

    def publish_next() -> str:
        build(settings, "insert into marts.numbers values (9)")
        return publish(settings, MARTS, {"generation": next(names)}).name

    publish(settings, MARTS, {"generation": "20260101T000000Z-a"})
    return publish_next


def test_every_file_is_of_the_generation_that_the_manifest_named(
    settings: Settings, flip: Callable[[], str]
) -> None:
    """PUB-14: a publication between the manifest and the mart changes nothing."""
    query = PowerQuery(settings.marts_dir)
    first = query.generation()
    query.members["Generation"] = f'"{first}"'
    query.generation = lambda: first  # type: ignore[method-assign]
    assert query.mart("numbers") == 3
    flip()
    assert query.mart("numbers") == 3
    manifest, *marts = query.read
    assert manifest == settings.marts_dir / "current/manifest.json"
    assert {path.parent for path in marts} == {
        settings.marts_dir / "generations" / first / "parquet"
    }


def test_a_pinned_generation_is_read_whatever_is_published(
    settings: Settings, flip: Callable[[], str]
) -> None:
    query = PowerQuery(settings.marts_dir, pinned="20260101T000000Z-a")
    flip()
    assert query.mart("numbers") == 3
    assert PowerQuery(settings.marts_dir).mart("numbers") == 4
    roll_back(settings)
    assert PowerQuery(settings.marts_dir).mart("numbers") == 3
    assert all("current" not in path.parts for path in query.read)


def test_a_generation_that_is_gone_is_an_error_and_never_another(
    settings: Settings, flip: Callable[[], str]
) -> None:
    """PUB-7, PUB-14."""
    one = settings.model_copy(update={"keep_generations": 1})
    query = PowerQuery(settings.marts_dir, pinned="20260101T000000Z-a")
    build(one, "insert into marts.numbers values (9)")
    publish(one, MARTS, {"generation": "20260105T000000Z-e"})
    with pytest.raises(FileNotFoundError):
        query.mart("numbers")


def test_only_the_manifest_is_read_through_the_link_and_each_mart_by_the_function() -> None:
    text = QUERY.read_text(encoding="utf-8")
    code = "\n".join(line for line in text.splitlines() if not line.startswith("//"))
    assert re.findall(r"\\current\\[^\"]*", code) == ["\\current\\manifest.json"]
    assert code.count("File.Contents(") == 2
    known = {path.stem for path in (ROOT / "dbt_project/models/marts").rglob("*.sql")}
    marts = dict(re.findall(r'^shared (\w+) = Mart\("(\w+)"\);', text, re.M))
    assert marts.keys() <= known
    assert all(name == mart for name, mart in marts.items())
    assert f"MartsFolder = {PowerQuery(Path('x')).members['MartsFolder']}" != ""
    assert "Generations = COUNTROWS" in PAGE.read_text(encoding="utf-8")
