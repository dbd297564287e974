"""What people read about deliveries: the quarantine, the messages, and what unloading says."""

import re
from pathlib import Path

from orchestration.ingest import rejections as refusals
from orchestration.ingest.rejections import (
    MESSAGES,
    REFUSALS,
    REMEDIES,
    RefusedFile,
    as_markdown,
    rules,
)
from orchestration.settings import ROOT
from tests.conftest import python
from tests.ingest.test_load import HEAD, Desk


def at_the_prompt(desk: Desk, *arguments: str) -> tuple[int, str, str]:
    """Run `make quarantine` or `make unload` for a desk."""
    return python(
        "-m",
        "orchestration.cli",
        *arguments,
        PSA_LANDING_DIR=str(desk.landing),
        PSA_DATA_DIR=str(desk.data),
    )


def test_the_quarantine_is_shown_as_a_table_with_what_to_do(tmp_path: Path) -> None:
    """VAL-8."""
    desk = Desk(tmp_path)
    assert at_the_prompt(desk, "quarantine")[1] == "No row is in quarantine.\n"
    hostile = "\x1b[31m" + "long " * 20
    desk.deliver("companies/a.csv", f'{HEAD}1,Acme\nx,\n{hostile},"new\nline"\n')
    desk.deliver("companies/b.csv", "id\n1\n")
    desk.load()
    code, shown, _ = at_the_prompt(desk, "quarantine")
    assert code == 0
    assert shown.splitlines() == [
        "Refused: autotask/companies/b.csv: header: column company_name: required column missing "
        "(accepted as well: company_label); taken for the header: 'id'",
        "  What to do: add the column to the export, or its spelling to the aliases in schemas/.",
        "",
        "file                      row  column        rule            value",
        "------------------------  ---  ------------  --------------  "
        + "-" * len(r"\x1b[31mlong long long long long long long …"),
        "autotask/companies/a.csv  2    company_name  required        (missing)",
        "autotask/companies/a.csv  2    id            a whole number  x",
        "autotask/companies/a.csv  3    id            a whole number  "
        r"\x1b[31mlong long long long long long long …",
        "",
        "Row 1 is the first row of data.",
        "What to do, and deliver the file again:",
        "  required: fill it in Autotask, or export the column",
        "  a whole number: export the id, not the name",
    ]


def test_many_quarantined_rows_are_counted_first(tmp_path: Path) -> None:
    """VAL-8."""
    desk = Desk(tmp_path)
    rows = [f"{number},Acme" for number in range(2000)]
    rows[100:160] = ["x,Acme"] * 60
    desk.deliver("companies/a.csv", HEAD + "\n".join([*rows, "7,", ""]))
    desk.load()
    _, shown, _ = at_the_prompt(desk, "quarantine")
    assert [line.split() for line in shown.splitlines()[:4]] == [
        ["file", "column", "rule", "rows"],
        ["-" * 24, "-" * 12, "-" * 14, "----"],
        ["autotask/companies/a.csv", "id", "a", "whole", "number", "60"],
        ["autotask/companies/a.csv", "company_name", "required", "1"],
    ]
    assert "… and 11 more, in the mart quarantined_rows" in shown


def test_unloading_says_what_it_did_or_what_there_is(tmp_path: Path) -> None:
    """LND-9."""
    desk = Desk(tmp_path)
    desk.deliver("companies/a.csv", HEAD + "1,Acme\n")
    desk.load()
    code, _, mistake = at_the_prompt(desk, "unload", "companies/b.csv")
    assert code == 1
    assert mistake == ("BATCH: 'companies/b.csv' is no batch here\n  autotask/companies/a.csv\n")
    code, said, _ = at_the_prompt(desk, "unload", "autotask/companies/a.csv")
    assert code == 0
    assert said.startswith("autotask/companies/a.csv: taken out (1 rows, kept in ")
    assert "Nothing of it counts any more." in said
    assert desk.contents() == []


def test_the_table_of_messages_is_the_one_of_the_code() -> None:
    assert MESSAGES.read_text(encoding="utf-8") == as_markdown(), "run `make messages`"
    assert f"({MESSAGES.relative_to(ROOT)})" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_rule_has_its_remedy_and_every_remedy_its_rule() -> None:
    """VAL-8."""
    used = {
        words
        for _, _, rule in rules()
        for start, words in REMEDIES.items()
        if rule.startswith(start)
    }
    assert used == set(REMEDIES.values())
    assert all(refusals.remedy(rule) for _, _, rule in rules())


def test_every_refusal_can_be_put_into_words() -> None:
    """VAL-8."""
    for kind, (found, remedy) in REFUSALS.items():
        names = re.findall(r"\{(\w+)", found + remedy)
        refusal = RefusedFile("file", kind, **dict.fromkeys(names, 0))
        assert str(refusal).startswith("file: ")
        assert "{" not in str(refusal)
