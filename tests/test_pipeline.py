"""The whole way, as its users go it: figures of the sample, mistakes, and what readers see."""

import csv
import itertools
import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import dagster as dg
import duckdb
import filelock
import pyarrow.parquet
import pytest

from orchestration.ingest.raw_store import LEDGER, TableFiles
from orchestration.settings import ROOT, SAMPLE_AS_OF_DATE, SAMPLE_DIR, read_settings
from tests.built import Built
from tests.conftest import Refresh, python, refresh


def test_a_run_ends_with_its_key_figures(sample: Refresh) -> None:
    figures = dict(
        line.strip().rsplit("  ", 1) for line in sample.output.splitlines() if "  " in line.strip()
    )
    figures = {name.strip(): figure.strip() for name, figure in figures.items()}
    overview = sample.marts().table("marts.po_overview")
    published = dict(zip(overview.columns, overview.fetchall()[0], strict=True))
    without_po = published["total_hours"] - published["hours_with_po"]
    assert figures["Charges"] == "7,155"
    assert figures["Rows quarantined"] == "0"
    assert figures["Rows in"] == f"{sum(1 for _ in sample_rows()):,}"
    assert figures["Coverage by the charges' own POs"] == f"{published['direct_coverage_pct']} %"
    assert figures["Coverage after inheritance"] == f"{published['coverage_pct']} %"
    assert figures["Exposed amount"] == f"{published['exposed_amount']:,.2f}"
    assert figures["Hours with a PO"] == f"{published['hours_with_po']:,.2f}"
    assert figures["Hours without a PO"] == f"{without_po:,.2f}"
    assert sample.output.rstrip().endswith(str(sample.data_dir / "marts" / "current"))


def test_the_history_of_every_mart_has_its_rows_and_key_figures(sample: Refresh) -> None:
    manifest = json.loads((sample.data_dir / "marts/current/manifest.json").read_bytes())
    with dg.DagsterInstance.from_config(str(sample.data_dir / "dagster")) as instance:
        told = {}
        for mart in manifest["row_counts"]:
            event = instance.get_latest_materialization_event(dg.AssetKey(["marts", mart]))
            assert event, mart
            assert event.asset_materialization
            metadata = event.asset_materialization.metadata
            told[mart] = {name: value.value for name, value in metadata.items()}
    assert {mart: told[mart]["dagster/row_count"] for mart in told} == manifest["row_counts"]
    overview = sample.marts().table("marts.po_overview")
    published = dict(zip(overview.columns, overview.fetchall()[0], strict=True))
    for mart in ("po_overview", "po_exposure"):
        assert told[mart]["exposed_amount"] == float(published["exposed_amount"])
    assert told["fct_charges_po_resolved"]["with_po"] == published["charges_with_po"]
    assert told["invoice_preview"].keys() >= {"total_amount", "blocked"}


# Columns and facts of raw files that earlier versions did not know.
NEW_COLUMNS = {"is_billed", "billing_code_id"}
NEW_FACTS = {"above_header", "forms", "shaped_by", "removed", "removed_of", "measure_removed"}


def test_the_data_folder_of_an_earlier_version_ends_like_a_fresh_one(
    sample: Refresh, published: Path, tmp_path: Path
) -> None:
    """VAL-5, PUB-6."""
    data_dir = Path(shutil.copytree(published, tmp_path / "data", symlinks=True))
    for path in (data_dir / "raw/autotask").rglob("*.parquet"):
        stored = pyarrow.parquet.read_metadata(path).metadata.get(LEDGER)
        rows = pyarrow.parquet.read_table(path)
        rows = rows.drop_columns([name for name in rows.column_names if name in NEW_COLUMNS])
        if stored:
            facts = {
                name: fact for name, fact in json.loads(stored).items() if name not in NEW_FACTS
            }
            facts["schema_version"] = "earlier"
            rows = rows.replace_schema_metadata({LEDGER: json.dumps(facts)})
        pyarrow.parquet.write_table(rows, path)
    ended = refresh(SAMPLE_DIR, data_dir)
    assert ended.exit_code == 0, ended.output + ended.errors
    assert ended.rows() == sample.rows()
    for content in (
        TableFiles("autotask", "charges", read_settings({"PSA_DATA_DIR": str(data_dir)}))
        .contents()
        .values()
    ):
        assert content.schema_version != "earlier"


def sample_rows() -> list[tuple[object, ...]]:
    """All rows of the sample's files, read without this project's code."""
    rows: list[tuple[object, ...]] = []
    for path in SAMPLE_DIR.rglob("*.csv"):
        rows += duckdb.read_csv(str(path), all_varchar=True, header=True).fetchall()
    return rows


def test_the_published_file_opens_anywhere(
    sample: Refresh, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """PUB-2."""
    moved = shutil.copy(sample.data_dir / "marts/current/psa_marts.duckdb", tmp_path / "x.duckdb")
    monkeypatch.chdir(tmp_path)
    with duckdb.connect(moved, read_only=True) as marts:
        objects = marts.execute(
            "select distinct table_schema, table_type from information_schema.tables"
        ).fetchall()
        assert objects == [("marts", "BASE TABLE")]
        assert marts.execute("select count(*) from marts.fct_charges_po_resolved").fetchone() == (
            7155,
        )
        storage = marts.execute(
            "select tags['storage_version'] from duckdb_databases() where database_name = 'x'"
        ).fetchone()
        assert storage is not None
        assert storage[0].startswith("v1.0")
        uncommented = marts.execute(
            "select table_name, column_name from duckdb_columns() "
            "where schema_name = 'marts' and comment is null"
        ).fetchall()
        assert uncommented == []


def test_a_generation_is_complete(sample: Refresh) -> None:
    """PUB-2, PUB-4."""
    current = sample.data_dir / "marts" / "current"
    assert current.is_symlink()
    assert not Path(current.readlink()).is_absolute()
    manifest = json.loads((current / "manifest.json").read_text())
    with sample.marts() as marts:
        for mart, count in manifest["row_counts"].items():
            assert marts.execute(f'select count(*) from marts."{mart}"').fetchone() == (count,)  # noqa: S608
            exported = duckdb.read_parquet(str(current / "parquet" / f"{mart}.parquet"))
            assert len(exported) == count
            assert exported.columns == marts.table(f"marts.{mart}").columns
    assert {path.stem for path in (current / "parquet").iterdir()} == set(manifest["row_counts"])
    assert manifest["as_of_date"] == "2026-11-20"
    delivered = {path.relative_to(SAMPLE_DIR).as_posix() for path in SAMPLE_DIR.rglob("*.csv")}
    assert {f"{b['source']}/{b['batch']}" for b in manifest["input_batches"]} == delivered
    assert not list((current).glob("*.wal"))


def test_the_sample_is_the_demo_msp(sample: Refresh) -> None:
    with sample.marts() as marts:
        codes = dict(
            marts.execute(
                "select material_code_name, sum(billable_amount) "
                "from marts.fct_charges_po_resolved group by all"
            ).fetchall()
        )
    assert sum(codes.values()) == Decimal("6697517.00")
    assert round(codes["SLA"], -5) == Decimal(3_900_000)
    assert round(codes["Hardware"], -5) == Decimal(2_600_000)
    assert round(codes["Consult"], -3) == Decimal(106_000)
    assert round(codes["Cloud"], -3) == Decimal(47_000)


def test_the_sample_shows_every_source_basis_and_gap(sample: Refresh) -> None:
    with sample.marts() as marts:

        def values(column: str) -> set[str]:
            found = marts.execute(
                f"select distinct {column} from marts.fct_charges_po_resolved"  # noqa: S608
            )
            return {value for (value,) in found.fetchall()}

        assert values("po_source") == {"charge", "task", "ticket", "project", "contract", "none"}
        assert values("po_basis") == {"direct", "in_force", "backfilled", None}
        assert values("po_gap_reason") == {
            "no_parent",
            "other_company",
            "contract_out_of_period",
            "orphan_reference",
            "placeholder",
            "parents_without_po",
            None,
        }


def test_the_generator_writes_the_committed_sample(tmp_path: Path) -> None:
    code, _, errors = python("-m", "data.generator", "--out", str(tmp_path / "sample"))
    assert code == 0, errors
    made = {path.relative_to(tmp_path / "sample") for path in tmp_path.rglob("*.csv")}
    assert made == {path.relative_to(SAMPLE_DIR) for path in SAMPLE_DIR.rglob("*.csv")}
    for path in made:
        assert (tmp_path / "sample" / path).read_bytes() == (SAMPLE_DIR / path).read_bytes(), path


Mistake = Callable[[Path], None]


def _lose_tasks(landing: Path) -> None:
    shutil.rmtree(landing / "autotask" / "tasks")


def _lose_column(landing: Path) -> None:
    (landing / "autotask/charges/2026-11-21.csv").write_text("id,billable_amount\n1,2\n")


def _break_csv(landing: Path) -> None:
    (landing / "autotask/companies/2026-11-21.csv").write_text('id,company_name\n1,"Acme\n2,Bolt\n')


def _write_text_in_an_amount(landing: Path) -> None:
    (landing / "autotask/charges/2026-11-21.csv").write_text(
        "id,billable_amount,date_purchased\n1,twelve,2026-11-20\n2,12.50,soon\n"
    )


MISTAKES: dict[str, tuple[Mistake, list[str]]] = {
    "missing table": (_lose_tasks, ["autotask/tasks: required table missing"]),
    "missing column": (
        _lose_column,
        ["charges/2026-11-21.csv", "date_purchased: required column missing"],
    ),
    "broken CSV": (_break_csv, ["companies/2026-11-21.csv", "line 2: ", "quote"]),
    "text in an amount": (
        _write_text_in_an_amount,
        [
            "autotask/charges/2026-11-21.csv: none of its 2 rows is valid; most often: ",
            "billable_amount: a decimal number (1)",
        ],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_bad_input_gets_one_clear_message_and_publishes_nothing(
    mistake: str, delivery: Path, data_dir: Path
) -> None:
    """RAW-9, VAL-4, PUB-3."""
    spoil, told = MISTAKES[mistake]
    spoil(delivery)
    if mistake == "missing table":  # what was loaded once stays loaded, so start from nothing
        shutil.rmtree(data_dir / "raw")
    before = (data_dir / "marts" / "current").readlink()
    ended = refresh(delivery, data_dir)
    assert ended.exit_code == 1
    assert [part for part in told if part not in ended.errors] == []
    assert "Traceback" not in ended.output + ended.errors
    assert "Stack Trace" not in ended.output + ended.errors
    assert f"Nothing was published; the current generation stays {before.name}" in ended.errors
    assert (data_dir / "marts" / "current").readlink() == before
    assert len(ended.generations) == 1


def test_a_missing_landing_folder_is_told_in_one_line(tmp_path: Path) -> None:
    """PUB-9."""
    ended = refresh(tmp_path / "nowhere", tmp_path / "data")
    assert ended.exit_code == 1
    assert ended.errors.startswith("Setting PSA_LANDING_DIR: there is no folder")
    assert len(ended.errors.splitlines()) == 1
    assert not (tmp_path / "data").exists()


def test_a_second_refresh_is_kept_out_and_told_who_works(tmp_path: Path) -> None:
    with filelock.FileLock(tmp_path / "refresh.lock"):
        holder = {"pid": 4711, "started": "2026-01-01 02:00:00", "run_id": "abc"}
        (tmp_path / "refresh.json").write_text(json.dumps(holder))
        ended = refresh(SAMPLE_DIR, tmp_path)
    assert ended.exit_code == 1
    assert ended.errors == (
        f"A refresh is already running in {tmp_path}: process 4711 since 2026-01-01 02:00:00 UTC, "
        "run abc. Wait until it ends.\n"
    )


def test_a_failing_data_test_publishes_nothing_and_shows_the_rows(
    delivery: Path, data_dir: Path
) -> None:
    """RAW-11, PUB-3."""
    for day, parent in ((21, "contract_id"), (22, "ticket_id")):
        (delivery / f"autotask/charges/2026-11-{day}.csv").write_text(
            f"id,{parent},billable_amount,date_purchased\n999999,{day},1,2026-11-20\n"
        )
    before = (data_dir / "marts" / "current").readlink()
    ended = refresh(delivery, data_dir)
    assert ended.exit_code == 1
    assert (
        "test assert_charges_are_told_apart of stg_autotask__unclear_charges: "
        "Got 1 result, configured to fail if != 0"
    ) in ended.errors
    assert "problem=different charges of one id, charge_count=1, ids=999999, " in ended.errors
    assert (data_dir / "marts" / "current").readlink() == before


def materialise(selection: str, data_dir: Path, **variables: str) -> tuple[int, str]:
    """Materialise assets by hand, as the UI does; returns exit code and log."""
    dagster = str(ROOT / ".venv/bin/dagster")
    arguments = ["asset", "materialize", "-m", "orchestration.definitions", "--select", selection]
    variables["PSA_DATA_DIR"] = str(data_dir)
    code, output, errors = python(
        "-m", "orchestration.cli", "exec", dagster, *arguments, **variables
    )
    return code, output + errors


def test_single_assets_can_be_materialised_but_only_all_of_them_are_published(
    data_dir: Path,
) -> None:
    """PUB-3."""
    before = (data_dir / "marts" / "current").readlink()
    code, log = materialise("key:marts/po_exposure", data_dir)
    assert code == 0, log
    assert (data_dir / "marts" / "current").readlink() == before
    code, log = materialise("generation", data_dir)
    assert code == 1
    assert "Only a complete refresh is published" in log
    assert (data_dir / "marts" / "current").readlink() == before
    code, log = materialise("*", data_dir, PSA_CURRENCY="EUR")  # something new to publish
    assert code == 0, log
    assert (data_dir / "marts" / "current").readlink() != before


def test_a_second_refresh_gives_the_same_marts_and_reads_no_file_again(
    sample: Refresh, delivery: Path, data_dir: Path
) -> None:
    """PUB-6."""
    ended = refresh(delivery, data_dir, PSA_AS_OF_DATE="2026-11-20", PSA_KEEP_GENERATIONS="1")
    assert ended.exit_code == 0, ended.errors
    assert len(ended.generations) == 1
    assert ended.rows() == sample.rows()


def test_a_blank_is_no_po(delivery: Path, tmp_path: Path) -> None:
    """RES-2: the other published demo, 7,155 charges, 6,697,517 to bill, and no PO anywhere."""
    blanks = itertools.cycle(["", " ", "\u00a0", "\t"])
    for path in delivery.rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        columns = [
            number
            for number, header in enumerate(rows[0])
            if header.replace("_", "").replace(" ", "").lower() == "purchaseordernumber"
        ]
        for row in rows[1:]:
            for column in columns:
                row[column] = next(blanks)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    shutil.rmtree(delivery / "reference/purchase_orders")
    built = Built(delivery, tmp_path / "fresh", SAMPLE_AS_OF_DATE)
    built.build()
    with built.marts() as marts:
        overview = marts.table("marts.po_overview")
        figures = dict(zip(overview.columns, overview.fetchall()[0], strict=True))
        assert figures["total_charge_records"] == 7155
        assert figures["total_billable_amount"] == Decimal(6_697_517)
        for share in ("direct_coverage_pct", "coverage_pct", "amount_coverage_pct"):
            assert figures[share] == 0
        for count in ("unique_direct_po_numbers", "unique_po_numbers", "hours_with_po"):
            assert figures[count] == 0
        for mart in ("dim_purchase_orders", "charges_per_po", "po_utilization"):
            assert marts.table(f"marts.{mart}").fetchall() == []


def test_the_sample_has_the_published_milestone_conflicts(sample: Refresh) -> None:
    with sample.marts() as marts:
        shares = marts.execute(
            "select status_name, milestone_count, round(share_pct, 1) "
            "from marts.milestone_status_breakdown order by milestone_count desc"
        ).fetchall()
        summary = marts.execute(
            "select total_milestones, conflicts_found, revenue_at_risk, charges_conflicts "
            "from marts.milestone_conflict_summary"
        ).fetchall()
        conflicts = marts.execute(
            "select conflict_key, detail from marts.milestone_conflicts order by conflict_key"
        ).fetchall()
        waived = marts.execute("select count(*) from marts.milestone_conflicts where is_waived")
        assert waived.fetchone() == (0,)  # the waiver of milestone 745 has lapsed
    assert shares == [
        ("Incompleted", 31, Decimal("66.0")),
        ("Completed", 12, Decimal("25.5")),
        ("Approved for Billing", 4, Decimal("8.5")),
    ]
    assert summary == [(47, 5, Decimal(28_500), 3)]
    assert conflicts == [
        ("706-project_without_contract", None),
        ("718-missing_billing_target", None),
        ("718-missing_charge_allocation", None),
        ("736-charge_contract_mismatch", "contract-24815"),
        ("745-charge_contract_mismatch", "contract-25302; contract-25476"),
        ("745-duplicate_allocation", "contract-25302; contract-25476"),
        ("747-contract_reference_mismatch", "contract_replaced"),
    ]
