"""What becomes of real deliveries: every format, broken rows, files overwritten and refused.

The oracle takes in the same folders and says what every number of the accounting, and of every
mart, has to be.
"""

import random
from collections import Counter
from pathlib import Path

from orchestration.ingest.raw_store import TableFiles
from orchestration.settings import SAMPLE_AS_OF_DATE, SAMPLE_DIR, read_settings
from tests import oracle
from tests.built import Built
from tests.conftest import Refresh, refresh
from tests.oracle.accounting import compare_accounting, compute_accounting
from tests.oracle.landing import Landing
from tests.scenarios import AS_OF_DATE, deliveries, worlds
from tests.scenarios.broken_rows import ways_to_break
from tests.scenarios.formats import FORMATS, encode
from tests.scenarios.tables import TABLES, source_of

WORLDS = 40
SEED = 6


def differences(landing: Landing, made: Refresh | Built) -> list[str]:
    """Where marts are not what the oracle says."""
    expected = oracle.compute(landing, AS_OF_DATE)
    with made.marts() as marts:
        return [
            *compare_accounting(compute_accounting(landing), marts),
            *oracle.compare(expected, marts),
        ]


def refreshed(folder: Path, data_dir: Path) -> Refresh:
    """Refresh on the day that the worlds are built around."""
    return refresh(folder, data_dir, PSA_AS_OF_DATE=AS_OF_DATE.isoformat())


def steps_of_the_test() -> list[deliveries.Step]:
    """The deliveries that the pipeline has to take in, and that have to break every rule."""
    rng = random.Random(SEED)  # noqa: S311 - not a secret
    return deliveries.make_steps(rng, WORLDS, with_tickets=True, with_kinds=True, with_charges=True)


def test_the_accounting_of_the_sample_equals_the_reference(sample: Refresh) -> None:
    landing = Landing()
    landing.take_in(SAMPLE_DIR)
    assert landing.refused() == []
    with sample.marts() as marts:
        assert compare_accounting(compute_accounting(landing), marts) == []
    assert (
        max(batch.extracted_at.date() for batch in landing.contents["charges"]) <= SAMPLE_AS_OF_DATE
    )


def test_deliveries_of_every_kind_equal_the_reference(tmp_path: Path) -> None:
    """LND-5, LND-6, LND-7, VAL-1, VAL-6, VAL-7."""
    folder, landing = tmp_path / "landing", Landing()
    first, *later = steps_of_the_test()
    first.apply(folder)
    landing.take_in(folder)
    built = Built(folder, tmp_path / "data", AS_OF_DATE)
    built.build()
    assert differences(landing, built) == []
    for number, step in enumerate(later, start=2):
        step.apply(folder)
        landing.take_in(folder)
        ended = refreshed(folder, tmp_path / "data")
        assert ended.exit_code == 0, ended.output + ended.errors
        assert differences(landing, ended) == [], f"after step {number}"


def test_refused_files_publish_nothing_and_are_named_until_they_are_mended(tmp_path: Path) -> None:
    """VAL-4."""
    rng = random.Random(SEED)  # noqa: S311 - not a secret
    folder, landing = tmp_path / "landing", Landing()
    made = worlds.make_worlds(rng, WORLDS, with_tickets=True, with_kinds=False)
    start = deliveries.Step(
        {
            f"{source_of(table)}/{delivery.file}": (
                encode(rng, table, delivery.rows, "csv"),
                delivery.modified_at,
            )
            for table, batches in made.items()
            for delivery in batches
        }
    )
    bad, good = deliveries.refused_files(rng, made)
    for step in (start, bad):
        step.apply(folder)
    landing.take_in(folder)
    names = {name.removeprefix("autotask/") for name in bad.files}
    assert {batch.batch_id for batch in landing.refused()} == names

    ended = refreshed(folder, tmp_path / "data")
    assert ended.exit_code == 1
    assert ended.generations == []
    assert [name for name in sorted(names) if name not in ended.output + ended.errors] == []

    good.apply(folder)
    landing.take_in(folder)
    built = Built(folder, tmp_path / "data", AS_OF_DATE)
    built.build()
    assert differences(landing, built) == []


def test_the_deliveries_break_every_rule_in_every_format(tmp_path: Path) -> None:
    landing = Landing()
    for step in steps_of_the_test():
        step.apply(tmp_path)
        landing.take_in(tmp_path)
    assert landing.refused() == []
    marts = compute_accounting(landing)
    broken = {(row["table_name"], row["column_name"]) for row in marts["quarantined_rows"]}
    breakable = {
        (table, column)
        for table, columns in TABLES.items()
        if landing.contents[table]
        for column in columns
        if ways_to_break(table, column)
    }
    assert breakable - broken == set()

    formats: Counter[str] = Counter()
    for row in marts["ingest_accounting"]:
        endings = [name for name in FORMATS if row["batch"].endswith(f".{name}")]
        extension = max(endings, key=len)
        formats[extension] += row["quarantined"] > 0
        formats["duplicates"] += row["duplicates"] > 0
        formats["empty"] += row["delivered"] == 0
        assert row["delivered"] == row["loaded"] + row["quarantined"] + row["duplicates"]
    assert [name for name in FORMATS if formats[name] == 0] == []
    assert formats["duplicates"] > 0
    assert formats["empty"] > 0
    for row in marts["table_accounting"]:
        assert row["loaded"] == row["current_rows"] + row["superseded"] + row["deleted"]
    contents = [batch for table in landing.contents.values() for batch in table]
    assert any(batch.is_replaced for batch in contents)
    whole_tables = Counter(batch.batch_id for batch in contents if "/" not in batch.batch_id)
    assert max(whole_tables.values()) > 1
    assert any(batch.is_full and batch.quarantined_keys for batch in contents)


SMALL = {
    "companies.csv": "id,company_name\n11,Fernhill Dairy\n",
    "contracts.csv": "id,company_id,contract_name\n101,11,Care\n",
    "projects.csv": "id,company_id,project_name\n",
    "tasks.csv": "id,title\n",
    "time_entries.csv": "id,date_worked,hours_worked\n",
    "contract_milestones.csv": "id,title,amount,status_name\n",
    "charges/a.csv": "id,contract_id,billable_amount,date_purchased\n1,101,100,2026-03-01\n",
    "charges/b.csv": "id,ticket_id,billable_amount,date_purchased\n1,701,500,2026-03-01\n",
}


def test_two_kinds_of_charges_without_their_kind_are_not_merged(tmp_path: Path) -> None:
    """RAW-10, RAW-11, RAW-12, LND-14: delivered in tables of their kind, both are there."""
    autotask = tmp_path / "landing" / "autotask"
    (autotask / "charges").mkdir(parents=True)
    for name, text in SMALL.items():
        (autotask / name).write_text(text, encoding="utf-8")
    data_dir = tmp_path / "data"
    built = Built(tmp_path / "landing", data_dir, AS_OF_DATE)
    test = "assert_charges_are_told_apart"
    said = built.failures(test)
    for part in (
        "ids=1,",
        "make unload BATCH=autotask/charges/a.csv; make unload BATCH=autotask/charges/b.csv",
        "deliver charge_kind in these files, or a table a kind (contract_charges, ",
    ):
        assert part in said

    settings = read_settings(
        {"PSA_LANDING_DIR": str(tmp_path / "landing"), "PSA_DATA_DIR": str(data_dir)}
    )
    charges = TableFiles("autotask", "charges", settings)
    (autotask / "charges/b.csv").rename(autotask / "ticket_charges.csv")
    assert charges.unload("charges/b.csv")
    said = built.failures(test)
    assert "problem=beside tables a kind, charge_count=1, ids=1, " in said
    assert said.endswith("then make unload BATCH=autotask/charges/a.csv")

    (autotask / "charges/a.csv").rename(autotask / "contract_charges.csv")
    (autotask / "charges").rmdir()
    assert charges.unload("charges/a.csv")
    (autotask / "contract_charges").mkdir()
    (autotask / "contract_charges/2000-01-01.deleted.csv").write_text("id\n1\n", encoding="utf-8")
    assert built.failures(test) == ""
    built.build()
    with built.marts() as marts:
        found = marts.sql(
            "select charge_key, billable_amount from marts.fct_charges_po_resolved "
            "order by charge_key"
        ).fetchall()
    assert found == [("contract-1", 100), ("ticket-1", 500)]
    landing = Landing()
    landing.take_in(tmp_path / "landing")
    assert differences(landing, built) == []
