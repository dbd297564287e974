"""The pages of rules, and those who cite them (dbt_project/docs/rules/README.md)."""

import re
from collections.abc import Iterator
from pathlib import Path

from orchestration.settings import ROOT

DOCS = ROOT / "dbt_project" / "docs"
FOLDERS = ("orchestration", "schemas", "dbt_project", "tests")
SUFFIXES = {".py", ".sql", ".yml", ".yaml", ".md", ".html", ".js", ".css", ".service", ".toml"}
MADE_BY_DBT = {"target", "logs"}
ID = re.compile(r"\b(?:EXT|LND|RAW|VAL|RES|MRT|MIL|PUB|MET|MCP)-\d+\b")
HEADING = re.compile(rf"^#+ ({ID.pattern})", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)")
OLD_CITATION = re.compile(r"\bSPEC \d")


def texts() -> Iterator[tuple[str, str]]:
    """Path and text of every file of the project that can cite a rule."""
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    for path in [*files, *ROOT.glob("*.md"), ROOT / "Makefile", ROOT / ".env.example"]:
        is_ours = path.is_file() and not MADE_BY_DBT & set(path.relative_to(ROOT).parts)
        if is_ours and (path.suffix in SUFFIXES or path.parent == ROOT):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def defined() -> list[str]:
    return [
        rule
        for page in sorted((DOCS / "rules").glob("*.md"))
        for rule in HEADING.findall(page.read_text(encoding="utf-8"))
    ]


def test_every_id_is_defined_once() -> None:
    ids = defined()
    assert ids
    assert [rule for rule in ids if ids.count(rule) > 1] == []


def test_every_citation_leads_to_a_rule() -> None:
    known = set(defined())
    wrong = {f"{path}: {rule}" for path, text in texts() for rule in set(ID.findall(text)) - known}
    assert sorted(wrong) == []


def test_every_rule_is_cited_by_a_test() -> None:
    cited: set[str] = set()
    for path, text in texts():
        if Path(path).match("test_*.py") or path.startswith("dbt_project/tests/"):
            cited |= set(ID.findall(text))
        elif path.startswith("dbt_project/models/") and path.endswith(".yml"):
            cited |= set(ID.findall(text.partition("\nunit_tests:")[2]))
    assert [rule for rule in defined() if rule not in cited] == []


def test_nothing_cites_by_the_number_of_a_section() -> None:
    old = {path for path, text in texts() if OLD_CITATION.search(text)}
    assert sorted(old) == []


def test_links_of_the_pages_lead_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in DOCS.rglob("*.md")
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []
