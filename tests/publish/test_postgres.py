"""The marts in Postgres, against a server of one's own."""

import contextlib
import json
import uuid
from collections.abc import Iterator

import dagster as dg
import duckdb
import psycopg2
import pytest

from orchestration.publish.generations import publish
from orchestration.publish.targets import postgres, postgres_tables
from orchestration.publish.targets.postgres import PostgresError, load, postgres_asset
from orchestration.settings import Settings, read_settings
from tests.conftest import Refresh, build
from tests.publish.postgres import PASSWORD, query, running

MARTS = {"numbers", "values"}
KEYS = {"keys": {"numbers": ["number"], "values": ["id"]}}


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A running Postgres; its address, up to the name of a database."""
    with running() as address:
        yield address


@pytest.fixture
def bi(server: str, settings: Settings) -> Settings:
    """Settings with a published generation, and an empty database to load it into."""
    name = f"bi_{uuid.uuid4().hex}"
    query(f"{server}/postgres", f"create database {name}")
    build(
        settings,
        'create table marts."values" (id bigint not null, text varchar, money decimal(18, 4), '
        "share decimal(18, 2), flag boolean, small integer, day date, moment timestamp)",
        "insert into marts.\"values\" select 1, 'it''s', "
        "-1.23, 2, true, 3, date '2026-02-28', timestamp '2026-02-28 01:02:03.456789' "
        "union all select 2, null, null, null, null, null, null, null "
        "union all select 4, '', 0, 0, false, 0, null, null "
        "union all select 5, chr(10) || '\\.' || chr(10) || '\"\\N,', 1, 1, false, 0, null, null",
        "comment on table marts.\"values\" is 'One row per it''s'",
        "comment on column marts.\"values\".money is 'Money; drop table x'",
    )
    publish(settings, MARTS, {"generation": "20260101T000000Z-a"} | KEYS)
    return settings.model_copy(update={"postgres_url": f"{server}/{name}"})


@pytest.fixture
def loaded(bi: Settings) -> Settings:
    """The same with the generation loaded, and another published that is not loaded yet."""
    load_current(bi)
    build(
        bi,
        'delete from marts."values" where id = 1',
        """update marts."values" set text = 'new', money = 9.5 where id = 2""",
        'insert into marts."values" (id) values (3)',
        "insert into marts.numbers values (3)",
    )
    publish(bi, MARTS, {"generation": "20260102T000000Z-b"} | KEYS)
    return bi


def load_current(settings: Settings) -> None:
    load(settings, (settings.marts_dir / "current").resolve())


def address_of(settings: Settings) -> str:
    assert settings.postgres_url
    return settings.postgres_url


def generation_in(settings: Settings) -> str:
    ((said,),) = query(address_of(settings), "select obj_description('marts'::regnamespace)")
    return str(said).removeprefix("generation ").partition(", layout ")[0]


def test_the_marts_arrive_with_their_values_types_and_comments(bi: Settings) -> None:
    load_current(bi)
    address = address_of(bi)
    with duckdb.connect(bi.marts_dir / "current" / "psa_marts.duckdb", read_only=True) as marts:
        wanted = marts.execute('from marts."values" order by id').fetchall()
    assert query(address, 'select * from marts."values" order by id') == wanted
    assert query(
        address,
        "select column_name, data_type, numeric_precision, numeric_scale "
        "from information_schema.columns where column_name in ('money', 'text', 'small') "
        "and table_schema = 'marts' order by 1",
    ) == [
        ("money", "numeric", 18, 4),
        ("small", "integer", 32, 0),
        ("text", "text", None, None),
    ]
    assert query(
        address,
        "select obj_description('marts.\"values\"'::regclass), "
        "col_description('marts.\"values\"'::regclass, 3), "
        "split_part(obj_description('marts'::regnamespace), ', layout', 1)",
    ) == [("One row per it's", "Money; drop table x", "generation 20260101T000000Z-a")]


TABLES = "select table_name from information_schema.tables where table_schema = 'marts'"


@pytest.fixture(scope="module")
def sample_in_postgres(sample: Refresh, server: str) -> str:
    """Address of a database with the marts of the sample."""
    query(f"{server}/postgres", "create database sample")
    settings = read_settings(
        {"PSA_DATA_DIR": str(sample.data_dir), "PSA_POSTGRES_URL": f"{server}/sample"}
    )
    load_current(settings)
    return f"{server}/sample"


def test_all_marts_of_the_sample_arrive(sample: Refresh, sample_in_postgres: str) -> None:
    manifest = json.loads((sample.data_dir / "marts/current/manifest.json").read_bytes())
    for mart, count in manifest["row_counts"].items():
        with sample.marts() as marts:
            wanted = marts.execute(f'from marts."{mart}"').fetchall()
        found = query(sample_in_postgres, f'select * from marts."{mart}"')  # noqa: S608
        assert len(found) == count
        assert sorted(map(repr, found)) == sorted(map(repr, wanted)), mart


def test_the_reader_sees_the_marts_of_the_last_load_and_nothing_else(bi: Settings) -> None:
    address = address_of(bi)
    query(address, "create schema private", "create table private.wages as select 1 as wage")
    load_current(bi)
    build(bi, 'insert into marts."values" (id) values (3)')
    publish(bi, MARTS, {"generation": "20260102T000000Z-b"} | KEYS)
    load_current(bi)
    seen = "select table_schema, table_name from information_schema.tables "
    seen += "where table_schema not in ('pg_catalog', 'information_schema') order by 2"
    as_reader = "set role psa_reader"
    assert query(address, as_reader, seen) == [("marts", "numbers"), ("marts", "values")]
    assert query(address, as_reader, 'select count(*) from marts."values"') == [(5,)]
    for forbidden in (
        "select * from private.wages",
        'delete from marts."values"',
        "create table marts.x (id int)",
        "create table public.x (id int)",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            query(address, as_reader, forbidden)
    schemas = query(address, "select nspname from pg_namespace where nspname like 'marts%'")
    assert schemas == [("marts",)]


LOADS = pytest.mark.parametrize("anew", [False, True], ids=["rows", "tables"])


@LOADS
@pytest.mark.parametrize("touched", [True, False], ids=["read_before", "snapshot_only"])
@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_a_transaction_that_spans_a_load_reads_whole_generations(
    loaded: Settings, monkeypatch: pytest.MonkeyPatch, isolation: str, touched: bool, anew: bool
) -> None:
    """PUB-12: one generation where the isolation promises it; never a mart without its rows."""
    monkeypatch.setattr(postgres, "PATIENCE", "100ms")
    before, after = ([1, 2, 4, 5], [0, 1, 2]), ([2, 3, 4, 5], [0, 1, 2, 3])
    with contextlib.closing(psycopg2.connect(address_of(loaded))) as reader:
        reader.set_session(isolation_level=isolation, readonly=True)
        cursor = reader.cursor()

        def seen() -> tuple[list[int], list[int]]:
            cursor.execute('select id from marts."values" order by id')
            ids = [row[0] for row in cursor.fetchall()]
            cursor.execute("select number from marts.numbers where number >= 0 order by number")
            return ids, [row[0] for row in cursor.fetchall()]

        cursor.execute("select 1")  # takes the snapshot
        assert cursor.fetchall() == [(1,)]
        if touched:
            assert seen() == before
        load(loaded, (loaded.marts_dir / "current").resolve(), anew=anew)
        keeps = isolation != "read committed" and not anew
        assert seen() == (before if keeps else after)
        cursor.execute("set local enable_seqscan = off")  # by the index as well
        assert seen() == (before if keeps else after)
        reader.commit()
        assert seen() == after


@LOADS
def test_a_query_that_goes_on_does_not_hold_up_a_load(
    loaded: Settings, monkeypatch: pytest.MonkeyPatch, anew: bool
) -> None:
    address = address_of(loaded)
    monkeypatch.setattr(postgres, "PATIENCE", "100ms")
    with contextlib.closing(psycopg2.connect(address)) as reader, reader.cursor() as cursor:
        cursor.execute('select count(*) from marts."values"')
        assert cursor.fetchall() == [(4,)]  # its transaction stays open
        load(loaded, (loaded.marts_dir / "current").resolve(), anew=anew)
        assert query(address, "select count(*) from marts.numbers") == [(4,)]
    load_current(loaded)  # drops what the reader had held
    assert query(address, "select count(*) from pg_namespace where nspname like 'marts%'") == [(1,)]


def test_a_load_touches_only_the_rows_that_differ(loaded: Settings) -> None:
    """PUB-12: so views of others on the marts stay, and there is little to clean up."""
    address = address_of(loaded)
    query(address, 'create view public.theirs as select id, text from marts."values"')
    where = 'select id, xmin::text from marts."values"'
    before = dict(query(address, where))
    load_current(loaded)
    after = dict(query(address, where))
    assert {id for id in before.keys() & after.keys() if before[id] == after[id]} == {4, 5}
    assert query(address, "select * from public.theirs order by id") == [
        *((2, "new"), (3, None), (4, ""), (5, '\n\\.\n"\\N,'))
    ]
    load_current(loaded)
    assert dict(query(address, where)) == after


def test_a_new_column_is_there_after_the_load_and_foreign_views_are_gone(loaded: Settings) -> None:
    build(loaded, "alter table marts.numbers add column double bigint")
    publish(loaded, MARTS, {"generation": "20260103T000000Z-c"} | KEYS)
    address = address_of(loaded)
    query(address, "create view public.theirs as select number from marts.numbers")
    load_current(loaded)
    assert query(address, "select number, double from marts.numbers where number = 3") == [
        (3, None)
    ]
    assert query(address, "select to_regclass('public.theirs') is null") == [(True,)]


def test_tables_have_keys_indexes_and_statistics(sample_in_postgres: str) -> None:
    """PUB-12."""
    tables = {name for (name,) in query(sample_in_postgres, TABLES)}
    keyed = query(
        sample_in_postgres,
        "select relname, indisprimary, indnullsnotdistinct from pg_index "
        "join pg_class on pg_class.oid = indrelid where indisunique "
        "and relnamespace = 'marts'::regnamespace",
    )
    assert {name for name, _, _ in keyed} == tables
    assert all(is_primary or nulls_are_alike for _, is_primary, nulls_are_alike in keyed)
    indexed = query(
        sample_in_postgres,
        "select relname, attname from pg_index join pg_class on pg_class.oid = indrelid "
        "join pg_attribute on attrelid = indrelid and attnum = indkey[0] "
        "where relnamespace = 'marts'::regnamespace",
    )
    assert {
        ("fct_charges_po_resolved", "company_id"),
        ("fct_charges_po_resolved", "purchase_order_key"),
        ("fct_charges_po_resolved", "invoice_number"),
        ("fct_time_entries_po_resolved", "purchase_order_key"),
        ("invoice_preview_items", "company_id"),
        ("charges_per_po", "purchase_order_key"),
    } <= set(indexed)
    assert (
        query(
            sample_in_postgres,
            "select relname from pg_class where relnamespace = 'marts'::regnamespace "
            "and relkind = 'r' and reltuples < 0",
        )
        == []
    )
    undescribed = (
        "select count(*) from pg_attribute join pg_class on pg_class.oid = attrelid "
        "where relnamespace = 'marts'::regnamespace and relkind = 'r' and attnum > 0 "
        "and (col_description(attrelid, attnum) is null or obj_description(attrelid) is null)"
    )
    assert query(sample_in_postgres, undescribed) == [(0,)]


def test_a_load_that_fails_leaves_what_was_there(
    bi: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_current(bi)
    build(bi, 'insert into marts."values" (id) values (3)')
    publish(bi, MARTS, {"generation": "20260102T000000Z-b"} | KEYS)
    monkeypatch.setitem(postgres_tables.TYPES, "VARCHAR", "bigint")
    with pytest.raises(PostgresError, match="could not be loaded into"):
        load_current(bi)
    assert query(address_of(bi), 'select count(*) from marts."values"') == [(4,)]


def test_a_schema_of_somebody_else_is_not_replaced(bi: Settings) -> None:
    query(address_of(bi), "create schema marts", "create table marts.theirs as select 1 as one")
    with pytest.raises(PostgresError, match="has a schema marts that was not loaded from here"):
        load_current(bi)
    assert query(address_of(bi), "select one from marts.theirs") == [(1,)]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (PASSWORD, "wrong-secret"),
        ("@127.0.0.1:", ":wrong-secret@127.0.0.1:1"),
        ("/bi_", "/nowhere?password=wrong-secret&user="),
    ],
)
def test_the_password_is_in_no_message(bi: Settings, right: str, wrong: str) -> None:
    address = address_of(bi).replace(right, wrong)
    mistaken = bi.model_copy(update={"postgres_url": address})
    with pytest.raises(PostgresError) as raised:
        load_current(mistaken)
    assert "PSA_POSTGRES_URL" in str(raised.value)
    assert "wrong-secret" not in str(raised.value)
    assert PASSWORD not in str(raised.value)
    assert "wrong-secret" not in repr(mistaken)


def test_after_a_publish_the_asset_loads_what_is_current(bi: Settings) -> None:
    @dg.asset
    def generation() -> None:
        pass

    result = dg.materialize([generation, postgres_asset(bi, generation)])
    assert result.success
    assert generation_in(bi) == "20260101T000000Z-a"
    assert PASSWORD not in "".join(map(str, result.all_events))
