"""The facts, brought up to date night after night, against the same made anew."""

import json
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.build.fingerprint import Inputs, last_build, remember_build
from orchestration.build.increments import LINES, UPDATED_FACTS, facts_to_update
from orchestration.ingest.raw_store import TableFiles
from orchestration.settings import Settings, read_settings
from tests.built import take_in
from tests.conftest import dbt
from tests.scenarios import AS_OF_DATE, deliveries, worlds
from tests.scenarios.broken_rows import Breaker
from tests.scenarios.formats import encode
from tests.scenarios.tables import CHARGE_KINDS, Row, source_of

WORLDS, SEED = 40, 8
FACTS = {table: fact for fact, table in LINES.items()}
INPUTS = Inputs("code", "data", AS_OF_DATE.isoformat())
PARENTS = ("companies", "contracts", "projects", "tasks", "tickets")
UP_TO_DATE = "brought up to date"
OTHER_DELIVERIES = r"made anew: [\d,]+ of its deliveries were taken out, replaced or judged anew"
DELIVERED = r"made anew: [\d,]+ rows were delivered, and it has [\d,]+"
NOT_PROVEN = "made anew: nothing is proven"


@dataclass
class Nights:
    """A landing folder whose tables change from night to night, and the databases built from it."""

    folder: Path
    rng: random.Random
    rows: dict[str, dict[tuple[int, str], Row]] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    nights: int = 0

    def __post_init__(self) -> None:
        """Deliver everything once."""
        self.landing, self.data_dir = self.folder / "landing", self.folder / "data"
        self.target = self.folder / "target"
        made = worlds.make_worlds(
            self.rng,
            WORLDS,
            labor_invoiced=False,
            with_tickets=True,
            with_kinds=True,
            with_charges=True,
            with_posted=True,
        )
        for table, batches in made.items():
            for delivery in batches:
                self.write(table, delivery.file, delivery.rows, delivery.modified_at)
                known = {} if delivery.is_full else self.rows.get(table, {})
                rows = self.by_key(table, delivery.rows)
                if delivery.is_deleted:
                    self.rows[table] = {key: known[key] for key in known if key not in rows}
                else:
                    self.rows[table] = known | rows

    @staticmethod
    def by_key(table: str, rows: Iterable[Row]) -> dict[tuple[int, str], Row]:
        """Rows by what tells them apart."""
        kinds = table == "charges"
        return {
            (row.get("id") or 0, (row["charge_kind"] or "charge").lower() if kinds else ""): row
            for row in rows
        }

    @property
    def settings(self) -> Settings:
        """Of these folders."""
        folders = {"PSA_LANDING_DIR": str(self.landing), "PSA_DATA_DIR": str(self.data_dir)}
        return read_settings(folders)

    @property
    def warehouse(self) -> Path:
        """What dbt builds staging and intermediate models in."""
        return self.settings.warehouse_dir / "warehouse.duckdb"

    def write(
        self, table: str, name: str, rows: list[Row], modified_at: datetime = datetime(2026, 11, 19)
    ) -> None:
        """Write a file as it was delivered."""
        content = encode(self.rng, table, rows, "csv")
        deliveries.Step({f"{source_of(table)}/{name}": (content, modified_at)}).apply(self.landing)

    def changed(self, table: str, count: int, most: int = 99) -> list[Row]:
        """Some rows as they are now: each with some values of another row, at most so many."""
        changed = []
        for row in self.rng.sample(list(self.rows[table].values()), count):
            other = self.rng.choice(list(self.rows[table].values()))
            columns = [name for name in row if name not in ("id", "charge_kind")]
            taken = set(self.rng.sample(columns, self.rng.randint(1, min(most, len(columns)))))
            if table == "time_entries":
                taken -= {"invoice_number"}
            if taken & {"start_date", "end_date"}:
                taken |= {"start_date", "end_date"} & set(columns)
            changed.append({**row, **{name: other[name] for name in taken}})
        return changed

    def new(self, table: str, count: int) -> list[Row]:
        """Some rows with new ids, among them those that lines have long pointed to."""
        ids = [key[0] for key in self.rows[table]]
        column = {"companies": "company_id"}.get(table, f"{table.removesuffix('s')}_id")
        wanted: set[int] = {
            row.get(column) or 0
            for lines in ("charges", "time_entries", "projects", "tickets")
            for row in self.rows[lines].values()
        }
        wanted -= {0, *ids}
        orphans = self.rng.sample(sorted(wanted), min(count, len(wanted)))
        fresh = [max(ids) + number for number in range(1, count + 1)]
        return [
            {**row, "id": number}
            for number in [*orphans, *fresh]
            for row in self.rng.sample(list(self.rows[table].values()), 1)
        ]

    def some(self, table: str, count: int) -> list[Row]:
        """Some rows as they were last delivered."""
        return self.rng.sample(list(self.rows[table].values()), count)

    def with_company_of_contract(self) -> list[Row]:
        """Companies of charges on contracts of others, to which they belong from now on."""
        companies = {}
        for charge in self.rows["charges"].values():
            contract = self.rows["contracts"].get((charge["contract_id"] or 0, ""))
            company = self.rows["companies"].get((charge["company_id"] or 0, ""))
            if contract and company and contract["company_id"] not in (None, company["id"]):
                companies[company["id"]] = company | {"parent_company_id": contract["company_id"]}
        return list(companies.values())

    def deliver(self, table: str, rows: list[Row]) -> str:
        """Deliver rows as a delta of this night."""
        self.rows[table] |= self.by_key(table, rows)
        name = f"{table}/2026-11-20T{self.nights:02}0000Z.csv"
        self.write(table, name, rows)
        return name

    def deliver_lines(self, table: str, breaker: Breaker) -> str:
        """Deliver some changed and some new lines, a few of them broken."""
        rows = [*self.changed(table, 12), *self.new(table, 5)]
        self.rows[table] |= self.by_key(table, rows)
        name = f"{table}/2026-11-20T{self.nights:02}0000Z.csv"
        self.write(table, name, breaker.spoil(table, rows))
        return name

    def deliver_all(self, table: str, but: int) -> None:
        """Deliver a complete snapshot from which some rows have gone."""
        gone = set(self.rng.sample(sorted(self.rows[table], key=str), but))
        self.rows[table] = {k: row for k, row in self.rows[table].items() if k not in gone}
        rows = list(self.rows[table].values())
        self.write(table, f"{table}/2026-11-20T{self.nights:02}0000Z.full.csv", rows)

    def build(self, *names: str, updated: Iterable[str] = ()) -> None:
        """Build the facts and all that they need, or some models."""
        selection = names or [f"+{fact}" for fact in FACTS.values()]
        environment = self.settings.environment(AS_OF_DATE)
        environment |= {UPDATED_FACTS: ",".join(updated)}
        arguments = ("--quiet", "build", "--exclude-resource-type", "test", "unit_test")
        code, log = dbt(
            self.data_dir, self.target, *arguments, "--select", *selection, **environment
        )
        assert code == 0, log

    def night(self, *, is_complete: bool = True) -> None:
        """Refresh as the assets do: facts are updated only after a complete build."""
        take_in(self.settings)
        self.said = dict.fromkeys(LINES, NOT_PROVEN)
        updated = []
        if self.is_proven():
            manifest = json.loads((self.target / "manifest.json").read_bytes())
            updated = facts_to_update(self.settings, manifest, self.note)
        self.build(updated=updated)
        self.nights += 1
        if is_complete:
            remember_build(self.warehouse, self.settings, INPUTS)

    def note(self, sentence: str) -> None:
        """Keep what is said of a fact."""
        fact, _, said = sentence.partition(" is ")
        self.said[fact] = said

    def is_proven(self) -> bool:
        """Whether the warehouse holds a complete build that nothing has touched."""
        return last_build(self.warehouse, self.settings) == INPUTS

    def differences(self, fact: str) -> dict[str, int]:
        """Rows of a fact that are not those that it would have if it was made anew."""
        query = self.target / f"compiled/po_billing/models/marts/purchase_orders/{fact}.sql"
        anew = query.read_text(encoding="utf-8")
        with duckdb.connect(self.warehouse) as connection:
            marts = str(self.warehouse.with_name("psa_marts.duckdb")).replace("'", "''")
            connection.execute(f"attach '{marts}' as psa_marts (read_only)")
            connection.execute("begin")  # for good: what follows is rolled back at the end
            for lines, key in {"charges": "charge_key", "time_entries": "time_entry_id"}.items():
                every = f"select 'all' as reason, {key} from intermediate.int_psa__{lines}"  # noqa: S608
                connection.execute(f"insert into intermediate.int_{lines}_due by name {every}")
            kept = f"from psa_marts.marts.{fact}"
            counts = {
                "missing": f"({anew}) except all ({kept})",
                "too many": f"({kept}) except all ({anew})",
            }
            found = {
                name: count
                for name, rows in counts.items()
                if (count := connection.sql(rows).aggregate("count(*)").fetchall()[0][0])
            }
            connection.execute("rollback")
            return found

    def assert_became(self, charges: str, time_entries: str) -> None:
        """What became of the facts, as patterns; whatever it was, they must be right."""
        for fact, wanted in zip(FACTS.values(), (charges, time_entries), strict=True):
            assert re.fullmatch(wanted, self.said[fact]), f"night {self.nights}, {self.said}"
            assert self.differences(fact) == {}, f"night {self.nights}, {fact}"

    def due(self, table: str) -> dict[str, int]:
        """How many lines were due in this night, by reason."""
        with duckdb.connect(self.warehouse, read_only=True) as connection:
            rows = connection.execute(
                f"select reason, count(*) from intermediate.int_{table}_due group by reason"  # noqa: S608
            ).fetchall()
        return dict(rows)

    def change_fact(self, fact: str, *statements: str) -> None:
        """Do something to a fact behind dbt's back."""
        with duckdb.connect(self.warehouse.with_name("psa_marts.duckdb")) as marts:
            marts.execute("use marts")
            for statement in statements:
                marts.execute(statement.format(fact=FACTS[fact]))


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    """Many worlds, delivered and built once."""
    nights = Nights(tmp_path, random.Random(SEED))  # noqa: S311 - not a secret
    nights.night()
    nights.assert_became(NOT_PROVEN, NOT_PROVEN)
    return nights


def test_facts_brought_up_to_date_are_those_made_anew(nights: Nights) -> None:
    """PUB-6."""
    rng, breaker = nights.rng, Breaker(nights.rng)

    # Deltas of everything, broken rows among them.
    for table in PARENTS:
        nights.deliver(table, [*nights.changed(table, 6), *nights.new(table, 2)])
    first = {table: nights.deliver_lines(table, breaker) for table in FACTS}
    nights.night()
    nights.assert_became(UP_TO_DATE, UP_TO_DATE)
    assert nights.due("charges").keys() == {"delivered", "parent"}

    # Parents that vanish, orphans whose parent appears; a line's file delivered again as it was.
    for table in PARENTS:
        rows = [*nights.changed(table, 3), *nights.new(table, 4)]
        nights.rows[table] |= nights.by_key(table, rows)
        nights.deliver_all(table, but=4)
    path = nights.landing / "autotask" / first["charges"]
    path.write_bytes(path.read_bytes())
    nights.night()
    nights.assert_became(UP_TO_DATE, UP_TO_DATE)

    # A snapshot deletes charges; from now on somebody invoices labour.
    nights.deliver_all("charges", but=5)
    entries = [{**row, "invoice_number": "INV-1"} for row in nights.changed("time_entries", 1)]
    nights.deliver("time_entries", entries)
    nights.night()
    nights.assert_became(DELIVERED, UP_TO_DATE)
    assert nights.due("time_entries")["labor tracking"] > 1000

    # Charges that come late, older than what is there; a wrong file of time entries is taken out.
    nights.write("charges", "charges/2026-05-02.csv", nights.changed("charges", 20))
    TableFiles("autotask", "time_entries", nights.settings).unload(first["time_entries"])
    (nights.landing / "autotask" / first["time_entries"]).unlink()
    nights.night()
    nights.assert_became(UP_TO_DATE, OTHER_DELIVERIES)

    # Charges mended under the same name. Of parents one thing changes, an end, a parent, or more.
    last = nights.deliver("charges", nights.changed("charges", 5))
    for table in PARENTS:
        rows = [*nights.changed(table, 3), *nights.changed(table, 20, most=1)]
        if table == "contracts":
            over = {"start_date": None, "end_date": AS_OF_DATE - timedelta(days=45)}
            rows += [{**row, **over} for row in nights.some(table, 12)]
        rows += nights.with_company_of_contract() if table == "companies" else []
        nights.deliver(table, list({row["id"]: row for row in rows}.values()))
    nights.deliver_lines("time_entries", breaker)
    nights.night()
    nights.assert_became(UP_TO_DATE, UP_TO_DATE)
    nights.write("charges", last, nights.changed("charges", 5))
    nights.change_fact("time_entries", "alter table {fact} alter po_source type blob")
    nights.night()
    nights.assert_became(OTHER_DELIVERIES, "made anew: its columns have changed")

    # Charges of one kind come by their own table, beside others; then some of them are deleted, in
    # a night in which contracts have other POs.
    kind = next(table for table in CHARGE_KINDS if table in nights.rows)
    nights.deliver(kind, [*nights.changed(kind, 6), *nights.new(kind, 2)])
    nights.deliver("charges", nights.changed("charges", 6))
    nights.night()
    nights.assert_became(UP_TO_DATE, UP_TO_DATE)
    gone = [{"id": row["id"]} for row in nights.changed(kind, 5)]
    nights.write(kind, f"{kind}/2026-11-20T{nights.nights:02}0000Z.deleted.csv", gone)
    entries = [{"id": row["id"]} for row in nights.changed("time_entries", 4)]
    name = f"time_entries/2026-11-20T{nights.nights:02}0000Z.deleted.csv"
    nights.write("time_entries", name, entries)
    contracts = nights.some("contracts", 6)
    nights.deliver("contracts", [{**row, "purchase_order_number": "PO-12"} for row in contracts])
    nights.night()
    nights.assert_became(UP_TO_DATE, UP_TO_DATE)
    assert nights.due("charges")["gone"] > 0
    assert nights.due("time_entries")["gone"] == len(entries)

    # Lines that have not changed are posted, and an invoice is voided; then a code has a new name,
    # and a status means that charges are cancelled.
    nights.deliver(
        "billing_items", [*nights.changed("billing_items", 30), *nights.new("billing_items", 10)]
    )
    invoices = nights.changed("invoices", 8)
    nights.deliver("invoices", [{**row, "is_voided": not row["is_voided"]} for row in invoices])
    nights.night()
    nights.assert_became(UP_TO_DATE, UP_TO_DATE)
    assert nights.due("charges")["posting"] > 0
    assert nights.due("time_entries")["posting"] > 0
    codes = nights.changed("billing_codes", 2)
    nights.deliver("billing_codes", [{**row, "name": "Renamed"} for row in codes])
    shipped = {"field": "status", "value": "Shipped", "label": "Cancelled", "is_active": True}
    kinds = [{"entity": entity, **shipped} for entity in ("ContractCharges", "TicketCharges")]
    nights.deliver("picklist_values", kinds)
    nights.night()
    nights.assert_became(UP_TO_DATE, UP_TO_DATE)
    assert nights.due("charges").keys() == {"status or code"}

    # So many charges that writing all is as quick; so many deleted rows that scans would be slow.
    nights.deliver("charges", nights.changed("charges", len(nights.rows["charges"]) * 3 // 4))
    nights.change_fact(
        "time_entries",
        # At a checkpoint so small a table would lose them.
        "pragma disable_checkpoint_on_shutdown",
        "create temp table half as from {fact} where time_entry_id % 2 = 0",
        "delete from {fact} where time_entry_id % 2 = 0",
        "insert into {fact} from half",
    )
    nights.night()
    nights.assert_became(DELIVERED, r"made anew: [\d,]+ deleted rows have piled up")

    # Made anew or not, the next night starts from what is there; this one is not complete.
    for table in FACTS:
        nights.deliver(table, nights.changed(table, rng.randint(5, 20)))
    nights.deliver("tickets", nights.changed("tickets", 5))
    nights.night(is_complete=False)
    nights.assert_became(UP_TO_DATE, UP_TO_DATE)

    # So nothing is known of what the facts were made from; nor is it after a run by hand.
    nights.night()
    nights.assert_became(NOT_PROVEN, NOT_PROVEN)
    assert nights.is_proven()
    nights.build("int_labor_tracking")
    assert not nights.is_proven()
