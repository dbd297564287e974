"""Faults as an operator meets them: how each comes about, what is seen, and what mends it.

`test_nights.py` provokes one after the other, each once the one before is mended;
`python -m tests.operate.nights` writes them as a table into the page on operations.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.operate.folder_lock import hold_for_daemon, refresh_lock
from orchestration.settings import ROOT, Settings, read_settings
from tests.conftest import Refresh, command, python

PAGE = ROOT / "orchestration/deploy/README.md"
START, END = "<!-- faults: written by python -m tests.operate.nights -->", "<!-- end of faults -->"
CHARGES = 400
FIRST_AMOUNT, LAST_AMOUNT = "9.00", "11.00"  # of a charge, in the first and the last snapshot
AS_OF = "2026-11-30"
Variables = dict[str, str]


@dataclass
class Night:
    """A small tenant whose first night went well."""

    root: Path
    webhook: str = ""
    held: list[Callable[[], None]] = field(default_factory=list)  # what gives locks back

    @property
    def landing(self) -> Path:
        """Its landing folder."""
        return self.root / "landing"

    @property
    def data_dir(self) -> Path:
        """Its data folder."""
        return self.root / "data"

    @property
    def settings(self) -> Settings:
        """Its settings."""
        return read_settings(self._variables({}))

    def _variables(self, others: Variables) -> Variables:
        return {
            "PSA_LANDING_DIR": str(self.landing),
            "PSA_DATA_DIR": str(self.data_dir),
            "PSA_AS_OF_DATE": AS_OF,
            "PSA_ALERT_WEBHOOK": self.webhook,
        } | others

    def deliver(self, name: str, text: str) -> None:
        """Write a file of Autotask."""
        path = self.landing / "autotask" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def deliver_charges(self, day: str, first: int, end: int, amount: str = "10.00") -> None:
        """Write a snapshot with the charges of these ids."""
        self.deliver(f"charges/{day}.full.csv", charges(first, end, amount))

    def refresh(self, **others: str) -> Refresh:
        """What `make run` does."""
        code, output, errors = self.type("run", **others)
        return Refresh(self.data_dir, code, output, errors)

    def type(self, *words: str, **others: str) -> tuple[int, str, str]:
        """What other commands do."""
        return python("-m", "orchestration.cli", *words, **self._variables(others))

    def look(self, *words: str, **others: str) -> tuple[int, str, str]:
        """What short commands do, without a process of their own."""
        return command(*words, **self._variables(others))


def charges(first: int, end: int, amount: str = "10.00") -> str:
    """A file of ticket charges with these ids."""
    rows = [f"ticket,{number},{amount},2026-11-01" for number in range(first, end)]
    return "\n".join(["charge_kind,id,billable_amount,date_purchased", *rows]) + "\n"


def first_night(root: Path) -> Night:
    """Deliver a small tenant and refresh."""
    night = Night(root)
    for name, text in {
        "companies": "id,company_name\n11,Fernhill Dairy\n",
        "contracts": "id,company_id,contract_name\n101,11,Care\n",
        "projects": "id,company_id,project_name\n201,11,Move\n",
        "tasks": "id,title\n301,Wiring\n",
        "time_entries": "id,date_worked,hours_worked\n401,2026-11-02,1.5\n",
        "contract_milestones": "id,title,amount,status_name\n501,Start,100,Completed\n",
    }.items():
        night.deliver(f"{name}/2026-11-18.full.csv", text)
    night.deliver_charges("2026-11-18", 0, CHARGES, FIRST_AMOUNT)
    ended = night.refresh()
    assert ended.exit_code == 0, ended.output + ended.errors
    return night


@dataclass(frozen=True)
class Fault:
    """A fault, with parts of what is seen of it.

    Attributes:
        title: what happens.
        breaks: lets it happen; returns the settings of the refresh that meets it.
        exit_code: of the command.
        prompt: at the prompt.
        alert: the alert's text; None when nobody needs to be woken.
        doctor: `make doctor`; None when it finds nothing.
        remedy: what a person does.
        mends: does that; None where there is nothing to show.
        command: what is typed, other than `make run`.
    """

    title: str
    breaks: Callable[[Night], Variables]
    exit_code: int
    prompt: str
    alert: str | None
    doctor: str | None
    remedy: str
    mends: Callable[[Night], object] | None
    command: tuple[str, ...] = ("run",)


def _cut_csv(night: Night) -> Variables:
    whole = charges(0, 60_000)
    night.deliver("charges/2026-11-19.full.csv", whole[: whole.index("ticket,49840") + 10])
    return {}


def _lose_a_column(night: Night) -> Variables:
    night.deliver("charges/2026-11-20.full.csv", "charge_kind,id,amount_billed,date_purchased\n")
    return {}


def _take_tasks_out(night: Night) -> Variables:
    code, said, _ = night.look("unload", "autotask/tasks/2026-11-18.full.csv")
    assert code == 0
    assert "autotask/tasks is empty now." in said
    assert "The table is required: nothing is published until another extract" in said
    return {}


def _lose_a_third(night: Night) -> Variables:
    night.deliver_charges("2026-11-22", 120, CHARGES)
    return {}


def _find_the_third(night: Night) -> None:
    unload(night, "autotask/charges/2026-11-22.full.csv")
    night.deliver_charges("2026-11-23", 0, CHARGES, LAST_AMOUNT)


def _deliver_old_bytes(night: Night) -> Variables:
    night.deliver_charges("2026-11-24", 0, CHARGES, FIRST_AMOUNT)
    return {}


def unload(night: Night, batch: str) -> None:
    """What `make unload` does."""
    code, _, errors = night.look("unload", batch)
    assert code == 0, errors


def _damage_history(night: Night) -> Variables:
    for database in (night.data_dir / "dagster").rglob("*.db"):
        for beside in database.parent.glob(f"{database.name}-*"):
            beside.unlink()
        database.write_bytes(b"not a database " * 1000)
    return {}


def _hold_the_lock(night: Night) -> Variables:
    lock = refresh_lock(night.settings)
    lock.acquire()
    night.held.append(lock.release)
    return {}


def _start_a_daemon(night: Night) -> Variables:
    daemon = subprocess.Popen(
        [shutil.which("sh") or "sh", "-c", "read line"],
        stdin=subprocess.PIPE,
        preexec_fn=lambda: hold_for_daemon(night.settings),
        close_fds=False,
    )

    def end() -> None:
        daemon.communicate()

    night.held.append(end)
    return {}


def _let_go(night: Night) -> None:
    night.held.pop()()


FAULTS = (
    Fault(
        "A CSV file is cut in the middle",
        _cut_csv,
        1,
        "autotask/charges/2026-11-19.full.csv: not readable as CSV: line 49842: ",
        "check schema of autotask/charges failed. Nothing was published; readers keep ",
        "autotask/charges/2026-11-19.full.csv: not readable as CSV: line 49842: ",
        "Deliver the whole file, under this name or as the next snapshot.",
        lambda night: night.deliver_charges("2026-11-19", 0, CHARGES),
    ),
    Fault(
        "A snapshot lacks a required column, and the next night brings a good one",
        _lose_a_column,
        1,
        "column billable_amount: required column missing",
        "check schema of autotask/charges failed. Nothing was published; readers keep ",
        "nothing is published until these are mended",
        "None, once a later snapshot of the table has come; the refused file stays on the books.",
        lambda night: night.deliver_charges("2026-11-21", 0, CHARGES),
    ),
    Fault(
        "The only delivery of a required table was taken out",
        _take_tasks_out,
        1,
        "autotask/tasks: required table without rows: all of its deliveries were taken out with",
        "check schema of autotask/tasks failed. Nothing was published; readers keep ",
        "autotask/tasks is required and empty",
        "Deliver another extract of the table, or delete its file under `unloaded/`.",
        lambda night: night.deliver("tasks/2026-11-20.full.csv", "id,title\n301,Wiring it\n"),
    ),
    Fault(
        "A snapshot has lost a third of a table",
        _lose_a_third,
        0,
        "takes away 120 of the table's 400 ids, and 1,200.00 of billable_amount with them",
        "nightly_refresh warns: autotask/charges/2026-11-22.full.csv takes away 120 of",
        "autotask/charges/2026-11-22.full.csv takes away 120 of the table's 400 ids",
        "If the records are not gone in Autotask: `make unload BATCH=…`, deliver all of the table.",
        _find_the_third,
    ),
    Fault(
        "An old export comes under a new name",
        _deliver_old_bytes,
        0,
        "charges/2026-11-24.full.csv: has the very bytes of autotask/charges/2026-11-18.full.csv",
        None,
        None,
        "`make unload BATCH=…`, unless the table is as it was.",
        lambda night: unload(night, "autotask/charges/2026-11-24.full.csv"),
    ),
    Fault(
        "The date of the figures is before the extracts",
        lambda _: {"PSA_AS_OF_DATE": "2026-11-01"},
        0,
        "assert_as_of_date_fits_the_extracts",
        None,
        "the figures are as of 2026-11-01, the newest extract is of 2026-11-23",
        "Unset `PSA_AS_OF_DATE`.",
        None,
    ),
    Fault(
        "Dagster's history is damaged",
        _damage_history,
        1,
        "The refresh stopped, because a database of Dagster's history is damaged",
        "nightly_refresh failed: a database of Dagster's history is damaged. Nothing was published",
        "the history cannot be read",
        "Remove the folder `dagster` of `PSA_DATA_DIR`; the list of past runs is all that is lost.",
        lambda night: shutil.rmtree(night.data_dir / "dagster"),
    ),
    Fault(
        "Another refresh is running",
        _hold_the_lock,
        1,
        "A refresh is already running in ",
        "nightly_refresh failed: another refresh is running. Nothing was published; readers keep ",
        None,
        "Wait until it ends.",
        _let_go,
    ),
    Fault(
        "A setting cannot be read",
        lambda _: {"PSA_MAX_QUARANTINE_RATIO": "many"},
        1,
        "Setting PSA_MAX_QUARANTINE_RATIO: ",
        "nightly_refresh failed: the setting PSA_MAX_QUARANTINE_RATIO cannot be used. Nothing was",
        "PSA_MAX_QUARANTINE_RATIO: ",
        "Correct it; `.env.example` has an example.",
        None,
    ),
    Fault(
        "A daemon is started twice on one data folder",
        _start_a_daemon,
        1,
        "A daemon already works on ",
        None,
        None,
        "Stop the first one, or give the second a `PSA_DATA_DIR` of its own.",
        _let_go,
        ("exec", str(Path(sys.executable).with_name("dagster-daemon")), "--version"),
    ),
)


def table() -> str:
    """All faults as a table of Markdown."""
    lines = [
        "| what happens | at the prompt | alert | `make doctor` | what mends it |",
        "|---|---|---|---|---|",
    ]
    for fault in FAULTS:
        state = "the refresh fails" if fault.exit_code else "it goes on, and warns"
        if fault.command != ("run",):
            state = "the command fails"
        alert = f"{fault.alert.rstrip()}…" if fault.alert else "none"
        doctor = f"{fault.doctor.rstrip()}…" if fault.doctor else "nothing"
        cells = (fault.title, f"{state}: …{fault.prompt.rstrip()}…", alert, doctor, fault.remedy)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Write the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split(START)
    _, tail = rest.split(END)
    PAGE.write_text(f"{head}{START}\n{table()}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
